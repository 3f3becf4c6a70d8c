"""Stands in for the get-pip script that ansible-test would download (ansible_test.py)."""

from __future__ import annotations

import subprocess
import sys

OPTIONS_OF_GET_PIP = {"--no-setuptools", "--no-wheel"}

# Not by import: ensurepip switches pip's configuration off in the process that it runs in.
subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
arguments = [argument for argument in sys.argv[1:] if argument not in OPTIONS_OF_GET_PIP]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments]))
