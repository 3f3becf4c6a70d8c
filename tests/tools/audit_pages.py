# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the page of the audit in a browser: with 0, 3, 60 and 1,000 agents, light and dark, wide and narrow.

    python tests/tools/audit_pages.py DIRECTORY    # screenshots; docs/audit-*.png are three of them, for 60 agents

Needs Playwright with a Chromium (or CHROMIUM=/usr/bin/chromium), requests, and this repository's .venv/main.
It fails when the page loads anything, scrolls sideways, logs an error, or sorts or filters wrongly.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv" / "main" / "bin"
NAMES = [
    "Maria Garcia",
    "Søren Ørsted",
    "Анна Иванова",
    "李小龍",
    "محمد علي",
    "דוד כהן",
    "Zoë O'Neill",
    "प्रिया शर्मा",
    "தமிழ் செல்வி",
    "Jean-Luc Picard",
    "Nguyễn Thị Hương",
    "김민준",
    "🎧 Ruth Okafor",
    "Maximiliane von Hohenstaufen-Lichtenberg",
]
HOSTILE = ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 1/0 }}", '=HYPERLINK("x")']


MANY = 3
MOST_IN_LOG = 100
TIMED = """() => {
    const took = (work) => {
        const began = performance.now();
        work();
        document.body.offsetHeight;
        return Math.round(performance.now() - began);
    };
    const search = document.getElementById("search");
    const filter = () => { search.value = "sales incall"; search.dispatchEvent(new Event("input")); };
    return {sort: took(() => document.querySelectorAll(".agents thead button")[1].click()), filter: took(filter)};
}"""


# With the font of whoever looks at it, and with one that is wider than most.
DEVICES = (
    ("desktop", 1080, 1230, ""),
    ("narrow", 1024, 1230, "DejaVu Sans"),
    ("wide", 1920, 1080, "DejaVu Sans"),
    ("phone", 360, 1360, ""),
)
# What does not fit into its place: a cell of the table, or the percentage in the ring.
CUT = """() => {
    const found = [];
    const head = document.querySelector(".agents thead");
    const rows = head && head.clientHeight > 1 ? ".agents tr" : ".agents tbody tr";
    for (const cell of document.querySelectorAll(`${rows}:not([hidden]) > *`))
        if (cell.scrollWidth > cell.clientWidth + 1 && cell.clientWidth) found.push("cut: " + cell.textContent.trim());
    const ring = document.querySelector(".ring"), text = document.querySelector(".ring strong");
    if (ring) {
        const range = document.createRange();
        range.selectNodeContents(text);
        const room = ring.getBoundingClientRect().width * (1 - 2 * 11 / 120);
        if (range.getBoundingClientRect().width > room - 8) found.push("the percentage meets the ring");
    }
    return found.slice(0, 5);
}"""


def post(url: str, action: str, **arguments: Any) -> None:
    """Steer the simulated dialer."""
    requests.post(f"{url}/_simulator/{action}", json=arguments, timeout=5).raise_for_status()


@contextmanager
def floor(agents: int, directory: Path) -> Iterator[str]:
    """The address of a simulated dialer, on which most of those who talk are being recorded."""
    ready, pid = directory / "ready.json", directory / "pid"
    campaigns = "SALES,SUPPORT,RETENTION,CLAIMS,NIGHT"
    command: list[str | Path] = [
        VENV / "python",
        "-B",
        "-m",
        "vicidial_simulator",
        "--background",
        "--ready-file",
        ready,
    ]
    command += ["--pid-file", pid, "--agents", str(agents), "--campaigns", campaigns]
    subprocess.run(command, check=True, cwd=ROOT / "roles/simulator/files", stdout=subprocess.DEVNULL)
    try:
        url = json.loads(ready.read_text())["url"]
        names = [*NAMES, *HOSTILE] if agents > len(NAMES) else NAMES
        for number in range(agents):
            user = str(1000 + number)
            post(url, "change_agent", user=user, full_name=names[number * 7 % len(names)])
            talks = number % 10 in (0, 1, 3, 5, 7, 9)
            if (talks and number % 29 != 1) or number in (2, 12, 52):
                post(url, "start_recording", user=user)
            if talks and number % 7 == 0:
                post(url, "start_recording", user=user, kind="PARALLEL")
        for user in ("1009", "1031"):
            post(url, "fault", name="bad-gateway", value="STATUS", agent_user=user, times=99)
        yield url
    finally:
        os.kill(int(pid.read_text()), 15)


def make_page(agents: int, directory: Path, counts: str) -> Path:
    """The page that the playbook writes for such a floor."""
    directory.mkdir()
    path = directory / "audit.html"
    with floor(agents, directory) as url:
        environment = {"VICIDIAL_API_URL": url, "VICIDIAL_API_USER": "6666", "VICIDIAL_API_PASSWORD": "simulated"}
        command: list[str | Path] = [
            VENV / "ansible-playbook",
            "telephony.vicidial.audit",
            "-e",
            f"recording_audit_html={path}",
        ]
        command += ["-e", "recording_audit_others=idle", "-e", f"recording_audit_counts={counts}"]
        settings = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "PATH": f"{VENV}:{os.environ['PATH']}"}
        subprocess.run(command, check=True, env={**os.environ, **environment, **settings}, stdout=subprocess.DEVNULL)
    return path


def look(browser: Browser, path: Path, to: Path, agents: int) -> None:
    """Open the page in every way that people do, use it, and keep a picture of each."""
    for device, width, height, font in DEVICES:
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
            page = context.new_page()
            complaints = listen(page, path.as_uri())
            began = time.monotonic()
            page.goto(path.as_uri())
            say(f"{agents} agents, {scheme}, {width} px: shown after {time.monotonic() - began:.2f} s")
            if agents > MANY:
                use(page, agents)
            page.evaluate("font => { document.body.style.fontFamily = font; }", font)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                complaints.append("scrolls sideways")
            complaints += page.evaluate(CUT)
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=to / f"{agents}-{device}-{scheme}.png")
            if complaints:
                raise SystemExit(f"{agents} agents, {scheme}, {device}: {complaints}")
            if scheme == "light" and device == "desktop":
                page.pdf(path=to / f"{agents}.pdf", format="A4")
            context.close()


def listen(page: Page, address: str) -> list[str]:
    """What the page complains of, asks for or loads, as it happens."""
    complaints: list[str] = []
    page.on("console", lambda event: complaints.append(event.text))
    page.on("pageerror", lambda event: complaints.append(str(event)))
    page.on("dialog", lambda event: complaints.append(event.message))
    page.on("request", lambda event: complaints.append(event.url) if event.url not in (address, "data:,") else None)
    return complaints


def use(page: Page, agents: int) -> None:
    """Sort and filter, see that it does what it says, and measure how long it takes."""
    if "conforming" in shown(page, "kind"):
        raise SystemExit("the page does not begin with the exceptions alone")
    page.get_by_role("button", name="All ").click()
    if len(shown(page, "kind")) != agents:
        raise SystemExit("All does not show all")
    say(f"    milliseconds with layout: {page.evaluate(TIMED)}")
    heads = page.evaluate(
        "Array.from(document.querySelectorAll('thead [aria-sort]'), it => it.ariaSort + it.innerText)"
    )
    users = page.evaluate("Array.from(document.querySelectorAll('.agents tbody th b'), it => it.textContent)")
    if users != sorted(users, key=int) or heads[0][:14] != "ascendingAgent":
        raise SystemExit(f"sorted by {heads}: {users[:9]}")
    if set(shown(page, "campaign")) != {"SALES"}:
        raise SystemExit("the search does not find SALES alone")
    page.reload()


def shown(page: Page, what: str) -> list[str]:
    """The kind or the campaign of each row that is not hidden."""
    rows = "Array.from(document.querySelectorAll('.agents tbody tr:not([hidden])'), it => it.dataset"
    found: list[str] = page.evaluate(f"{rows}.{what})")
    return found


def say(text: str) -> None:
    """A line for whoever runs this."""
    sys.stdout.write(f"{text}\n")


def main() -> None:
    """Make the pages, look at them, and keep the pictures in the directory that is named."""
    to = Path(sys.argv[1])
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        # All pages first: Playwright makes the terminal non-blocking, which Ansible refuses.
        # One thousand agents would be one thousand searches for mono recordings.
        pages = {
            agents: make_page(agents, Path(directory) / str(agents), "any" if agents < MOST_IN_LOG else "agent")
            for agents in (0, 3, 60, 1000)
        }
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"))
            for agents, path in pages.items():
                look(browser, path, to, agents)
            browser.close()


if __name__ == "__main__":
    main()
