# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""That these tests can be pointed at a server by environment variables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.support import SOURCE

# One test for each way of calling, none that waits for a screen in real time.
SOME = "test_1_1 or test_1_4 or test_4_2_status_exactly or test_4_10 or test_5_3 or test_8_3"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables that name a server outside of this process: a simulator on the oldest Python that there is."""
    ready = tmp_path / "ready"
    python = os.environ.get("VICIDIAL_TEST_PYTHON39", sys.executable)
    options = ["--account", "robot:secret", "--statuses", "INCALL", "--agents", "1", "--ready-file", str(ready)]
    command = [python, "-S", "-m", "vicidial_simulator", *options]
    with subprocess.Popen(command, cwd=SOURCE, stdout=subprocess.DEVNULL) as process:
        try:
            while not ready.exists():
                assert process.poll() is None
                time.sleep(0.02)
            yield {
                "VICIDIAL_CONTRACT_URL": json.loads(ready.read_text())["url"],
                "VICIDIAL_CONTRACT_USER": "robot",
                "VICIDIAL_CONTRACT_PASSWORD": "secret",
                "VICIDIAL_CONTRACT_AGENT": "1000",
            }
        finally:
            process.terminate()


@pytest.mark.skipif("VICIDIAL_CONTRACT_URL" in os.environ, reason="a real server is being tested already")
def test_the_environment_names_the_server(elsewhere: dict[str, str], tmp_path: Path) -> None:
    pytest_command = [sys.executable, "-m", "pytest", "-rs", "-o", f"cache_dir={tmp_path}"]
    command = [*pytest_command, str(Path(__file__).parent), "-k", SOME]
    run = subprocess.run(command, env={**os.environ, **elsewhere}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert " passed, " in run.stdout
    assert "VICIDIAL_CONTRACT_URL names a server without one" in run.stdout
