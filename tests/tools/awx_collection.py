# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the real collection awx.awx where ansible.cfg looks for collections, for the role awx."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile

from .environments import PLACE

# A version of PyPI's package "ansible" that holds awx.awx; newer than 13.8.0 does not.
ANSIBLE = "12.3.0"
_COLLECTIONS = PLACE / "ansible/collections"
_CACHE = PLACE / f"cache/ansible-{ANSIBLE}"


def make_awx_collection() -> None:
    """Unpack it from the wheel of 55 MB, which is kept; the rest of the wheel is not unpacked."""
    directory = _COLLECTIONS / "ansible_collections/awx"
    made = directory / f"made-from-{ANSIBLE}"
    if made.exists():
        return
    print(f"    fetching awx.awx, from ansible {ANSIBLE}", flush=True)
    if not list(_CACHE.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*command, "--ignore-requires-python", "--dest", str(_CACHE), f"ansible=={ANSIBLE}"], check=True)
    shutil.rmtree(directory, ignore_errors=True)
    [wheel] = _CACHE.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        prefix = "ansible_collections/awx/awx/"
        archive.extractall(_COLLECTIONS, [name for name in archive.namelist() if name.startswith(prefix)])
    made.touch()
