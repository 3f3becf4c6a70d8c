# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the simulator's page in a browser, on a desk and on a phone, while its floor changes.

    python tests/tools/simulator_page.py DIRECTORY    # screenshots

Needs Playwright with a Chromium (or CHROMIUM=/usr/bin/chromium) and requests. It fails when the page loads anything
from elsewhere, scrolls sideways, logs an error, or does not show what happens.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, sync_playwright

SOURCE = Path(__file__).resolve().parents[2] / "roles" / "simulator" / "files"
HOSTILE = "</script><img src=x onerror=alert(1)>"


def post(url: str, action: str, **arguments: Any) -> None:
    """Steer the simulator."""
    requests.post(f"{url}/_simulator/{action}", json=arguments, timeout=5).raise_for_status()


def call(url: str, value: str, agent: str, password: str = "simulated") -> None:
    """Call the Agent API, with the password in the URL as a careless client does."""
    params = {"source": "look", "user": "6666", "pass": password, "function": "stereo_recording", "value": value}
    requests.get(f"{url}/agc/api.php", params={**params, "agent_user": agent}, timeout=5)


def fill(url: str) -> None:
    """Make everything happen that the page has a form for."""
    post(url, "change_agent", user="1001", full_name=HOSTILE)
    post(url, "end_call", user="1003")
    post(url, "start_call", user="1003", in_group="SUPPORTLINE")
    for user, kind in (("1003", "AGENT-CONTROLLED"), ("1005", "PARALLEL"), ("1000", "MONO")):
        post(url, "start_recording", user=user, kind=kind)
    post(url, "change_screen", user="1005", open=False)
    post(url, "change_screen", user="1004", hidden=True)
    call(url, "BEGIN", "1002")
    call(url, "STATUS", "1000", password="wrong")
    post(url, "fault", name="bad-gateway")
    call(url, "END", "1003")


def look(browser: Browser, url: str, picture: Path, width: int, scheme: Any) -> None:
    """Open the page, change the floor, and keep a picture."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, errors, asked = context.new_page(), [], set()
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.add(request.url))
    page.goto(url)
    page.wait_for_selector(f"#floor >> text={HOSTILE}")
    page.wait_for_selector("#journal >> text=fault: bad-gateway")
    post(url, "log_in", user="2000", campaign="NEW", full_name=picture.stem)
    page.wait_for_selector(f"#floor >> text={picture.stem}")
    post(url, "log_out", user="2000")
    page.wait_for_selector(f"#floor >> text={picture.stem}", state="detached")
    page.click("summary")
    page.screenshot(path=picture, full_page=True)
    assert errors == []
    assert all(address.startswith(url) for address in asked), asked
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def main(directory: Path) -> None:
    """Take both pictures."""
    command = [sys.executable, "-B", "-m", "vicidial_simulator"]
    with subprocess.Popen(command, cwd=SOURCE, stdout=subprocess.PIPE, text=True) as simulator:
        assert simulator.stdout
        url = simulator.stdout.readline().strip()
        try:
            fill(url)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox"])
                look(browser, url, directory / "desk.png", 1080, "light")
                look(browser, url, directory / "phone.png", 360, "dark")
        finally:
            simulator.terminate()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
