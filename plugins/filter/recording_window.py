# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording window as the lists and texts that the role recording_window acts on."""

from __future__ import annotations

DOCUMENTATION = r"""
name: recording_window
short_description: Whom a recording window changed, who is given back, and what is said about that
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Takes what is known of a recording window at any moment of it, and returns what follows from that.
  - The role P(telephony.vicidial.recording_window#role) acts on it.
options:
  _input:
    description:
      - A dictionary with C(agents) and C(state), and with C(stable_for), C(max_duration) and C(check_mode).
        C(tasks_path) is the file of the tasks as given, C(tasks_file) where it was found, C(tasks_text) what it says.
      - C(seconds) is how long it lasts without a file, C(needs_length) whether one of both has to be given.
        C(watch_interval) is how often it is looked at, C(require_silence) whether nothing else may record, C(receipt)
        the path of a receipt, C(receipt_files) the files that it takes, and C(in_batches) whether the play has hosts
        in other batches.
      - C(before) and C(after) are results of M(telephony.vicidial.vicidial_stereo_recording_info), C(opened) and
        C(closed) are results of M(telephony.vicidial.vicidial_stereo_recording). One that is not there yet is left out.
      - C(first_look), C(watched) and C(last_look) are results of
        M(telephony.vicidial.vicidial_stereo_recording_watch_info), when it had opened, while it lasted, and when it had
        closed, C(log_before) and C(log) those of M(telephony.vicidial.vicidial_recordings_info) at its begin and end.
      - With C(by_name) the options of the connection are called as the playbooks of the collection call them.
      - C(times) holds the times of its steps, C(asked), C(opening), C(confirmed), C(closing), C(closed) and
        C(given_back), each with its offset from UTC.
    type: dict
    required: true
seealso:
  - plugin: telephony.vicidial.recording_window
    plugin_type: role
"""

EXAMPLES = r"""
- name: Show who has to be given back
  ansible.builtin.debug:
    msg: "{{ (known | telephony.vicidial.recording_window).to_give_back }}"
  vars:
    known:
      agents: ["1000"]
      state: idle
      before: "{{ asked_before }}"
      opened: "{{ made_idle }}"
"""

RETURN = r"""
_value:
  description:
    - "C(opposite): the state that is given back. C(to_give_back): the users for whom that is declared.
      C(watch) and C(stable_for_at_end): how many seconds longer it is waited for, and how many it has to hold."
    - "C(problem): why the window cannot be opened, or empty text."
    - "C(opening_failure): why the window could not be opened, or empty text. C(opening): what is said when it opens."
    - "C(statistics): the numbers for C(set_stats), with those who are to be given back."
    - "C(summary): what is said when it has closed. C(complaints): why it failed, empty when it did not."
    - "C(silence_failure): why the tasks do not begin where silence is required, or empty text. C(log_since) and
      C(log_until): for what time the log is asked at the end, or empty text where that is not known."
    - "C(receipt): with C(report), all that is known of the window, C(text), the same as the text of a file with its
      checksum, and C(page), texts for a page. Empty where neither a receipt nor silence is wanted."
  type: dict
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Callable

from ..plugin_utils._collection import name_and_version
from ..plugin_utils._receipt import Evidence
from ..plugin_utils._receipt_page import page
from ..plugin_utils._window import Window, window_from

_OF_WINDOW = ("problem", "opposite", "to_give_back", "watch", "stable_for_at_end", "opening_failure")
_OF_EVIDENCE = ("silence_failure", "log_since", "log_until")
_RESULTS = ("first_look", "last_look", "log_before", "log")


def recording_window(known: Mapping[str, Any]) -> dict[str, Any]:
    """The filter."""
    problem = _problem_of_files(known.get("receipt_files") or ())
    window = window_from({**known, "watched": _result(known, "watched"), "receipt_problem": problem})
    evidence = Evidence(window, **{name: _result(known, name) for name in _RESULTS}, collection=name_and_version())
    return {
        **{name: getattr(window, name) for name in _OF_WINDOW},
        **{name: getattr(evidence, name) for name in _OF_EVIDENCE},
        "opening": [*window.opening, *evidence.opening],
        **_ending(window, evidence),
    }


def _ending(window: Window, evidence: Evidence) -> dict[str, Any]:
    """What is said and handed on, with the receipt where one is wanted and the window is more than tried."""
    if window.check_mode or not (window.receipt or window.require_silence):
        told = {"summary": window.summary, "complaints": window.complaints, "statistics": window.statistics}
        return {**told, "receipt": {}}
    handed_on = {"verdict": evidence.verdict, "silent": evidence.silent, "sha256": evidence.checksum}
    return {
        "summary": [
            *filter(None, [evidence.verdict, evidence.not_run]),
            *window.summary,
            *([f"SHA-256 of the receipt: {evidence.checksum}"] if window.receipt else []),
        ],
        "complaints": [*window.complaints, *evidence.complaints],
        "statistics": {**window.statistics, **({"receipt": handed_on} if window.closed else {})},
        "receipt": {
            "report": {"sha256": evidence.checksum, **evidence.report},
            "text": evidence.text,
            "page": page(evidence),
        },
    }


def _problem_of_files(paths: Iterable[str]) -> str:
    """Why a receipt cannot be written to these absolute paths; "" where it can."""
    for path in map(Path, paths):
        if path.exists():
            return f"There is a file {path} already, and a receipt replaces none. Give another name."
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            return f"{path.parent} is no directory that can be written to. A receipt goes into one that exists."
    return ""


def _result(known: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The result of a step; a step that was skipped has none."""
    result: Mapping[str, Any] = known.get(name) or {}
    return {} if result.get("skipped") else result


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"recording_window": recording_window}
