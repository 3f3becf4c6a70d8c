# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that people misspell, and values as -e, a survey or YAML gives them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.plugin_utils._variables import (
    lost_words,
    nearly_known,
    playbook_problems,
    role_variables,
)

SPEC: dict[str, dict[str, Any]] = {
    "door_state": {"type": "str", "choices": ["open", "shut"], "required": True, "description": "What it is."},
    "door_users": {"type": "list", "elements": "str"},
    "door_seconds": {"type": "float", "default": 10},
    "door_locked": {"type": "bool", "default": False},
    "door_mode": {"type": "str", "default": "0600"},
    "door_colours": {"type": "list", "elements": "str", "choices": ["red", "blue"], "default": []},
    "door_keys": {"type": "list", "elements": "dict", "default": [], "options": {"id": {"type": "int"}, "of": {}}},
    "door_more": {"type": "dict", "default": {}, "options": {"times": {"type": "int"}, "speed": {"type": "float"}}},
}


def read(**given: Any) -> dict[str, Any]:
    return role_variables({"door_state": "open", **given}, SPEC, "door")


def test_text_becomes_what_is_declared() -> None:
    given: dict[str, Any] = {
        "door_users": "1000, 1001\n1002",
        "door_seconds": "2.5",
        "door_locked": "yes",
        "door_more": "times=3",
    }
    given |= {"door_colours": "red,blue", "door_keys": [{"id": "7", "of": None}]}
    assert read(**given) == {
        "options": {
            "state": "open",
            "users": ["1000", "1001", "1002"],
            "seconds": 2.5,
            "locked": True,
            "mode": "0600",
            "colours": ["red", "blue"],
            "keys": [{"id": 7}],
            "more": {"times": 3},
        },
        "problems": [],
    }


def test_empty_text_was_left_out_but_an_empty_list_is_nobody() -> None:
    assert read(door_seconds="", door_locked="", door_more="", door_colours="") == read()
    assert "users" not in read()["options"]
    assert read(door_users="")["options"]["users"] == ""
    assert read(door_users=[])["options"]["users"] == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"door_stat": "open"}, "There is no variable door_stat. Did you mean door_state?"),
        ({"door_xylophone_player": 1}, "There is no variable door_xylophone_player."),
        ({"door_state": "ajar"}, "must be one of: open, shut, got: ajar."),
        ({"door_state": None}, "Missing: door_state, one of open, shut."),
        ({"door_locked": "perhaps"}, "door_locked"),
        ({"door_more": {"tims": 1}}, "There is no option tims in door_more. Did you mean times? It has: speed, times."),
        ({"door_more": "xylophone=1"}, "There is no option xylophone in door_more. It has: speed, times."),
        ({"door_colours": "red,green"}, "must be one or more of: red, blue. Got no match for: green."),
        ({"door_keys": [{"ids": 1}]}, "There is no option ids in door_keys. Did you mean id? It has: id, of."),
        ({"door_mode": 384}, "door_mode is 384, which YAML may have made of another text: put it in quotes."),
        ({"door_mode": False}, "door_mode is False, which YAML"),
    ],
)
def test_what_makes_no_sense_is_a_sentence(given: dict[str, Any], problem: str) -> None:
    [found] = read(**given)["problems"]
    assert problem in found


def test_only_a_typing_error_away_is_worth_a_warning() -> None:
    known = ["vicidial_agents", "vicidial_api_url"]
    assert nearly_known(["vicidial_agent", "vicidial_agents", "vicidial_team", "vicidial_my_url"], known) == [
        "Nothing uses the variable vicidial_agent. Did you mean vicidial_agents?"
    ]


def test_words_that_got_lost_are_shown_with_the_form_that_works() -> None:
    assert lost_words(None, "") == []
    [found] = role_variables({"door_state": "open"}, SPEC, "door", rest="1001 1002")["problems"]
    assert "'1001 1002' got lost" in found
    assert "a list with commas, such as -e door_users=ONE,TWO," in found
    assert "a time with a T, such as 2026-11-24T22:30:15," in found


def test_what_is_required_can_be_left_out_where_not_all_is_needed() -> None:
    assert role_variables({}, SPEC, "door", needs_all=False)["problems"] == []
    [found] = role_variables({"door_state": "ajar"}, SPEC, "door", needs_all=False)["problems"]
    assert "must be one of" in found


def playbook(**given: Any) -> list[str]:
    """What a playbook that acts for agents says of its variables."""
    names = [f"vicidial_{name}" for name in given.get("names", ())]
    known = {"missing": [], "rest": "", "agents": "", "hosts": "", "matches": [], "lists": [], "everybody": False}
    return playbook_problems({**known, "nobody_is_fine": True, "named": ["", "", ""], **given, "names": names})


@pytest.mark.parametrize("named", ["", None, ",", " \r\n"])
def test_a_choice_that_was_not_made_is_refused_even_where_nobody_is_fine(named: Any) -> None:
    """Else a nightly job with a misspelled variable would do nothing every night, and succeed."""
    [found] = playbook(named=["", named, ""], names=["campains"])
    assert found.startswith("No agents are given. Nothing uses the variable vicidial_campains.")
    assert "Did you mean vicidial_campaigns?" in found
    assert found.endswith("or set vicidial_everybody to true. Nothing was sent.")


@pytest.mark.parametrize(
    "given",
    [
        {"named": [[], "", ""]},
        {"named": ["", "SALES", ""]},
        {"hosts": "floor"},
        {"everybody": True},
    ],
)
def test_an_empty_list_is_a_choice_and_so_are_a_campaign_hosts_and_everybody(given: dict[str, Any]) -> None:
    assert playbook(**given) == []


def test_status_is_about_everybody_where_nobody_is_named() -> None:
    given = {"missing": [], "rest": "", "agents": "", "hosts": "", "matches": [], "lists": [], "everybody": False}
    assert playbook_problems({**given, "nobody_is_fine": False, "names": []}) == []


def test_a_variable_of_the_role_that_the_playbook_fills_is_refused_where_it_is_given() -> None:
    [found] = playbook(everybody=True, taken={"door_users": True, "door_colours": False})
    assert found.startswith("door_users is given. This playbook takes its agents from vicidial_agents,")


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"agents": [["1000"], ["1000"]], "campaigns": [["SALES"], []], "user_groups": [[], "A"]}, ""),
        ({"agents": []}, ""),
        ({"agents": [[], []]}, "No agents are given, so nothing was sent."),
        ({"agents": [["1000"], ["1001"]]}, "given both by a variable"),
        ({"agents": [], "campaigns": [["SALES"], "SALES"]}, "given both by a variable"),
        ({"agents": [], "user_groups": [["A"], ["B"]]}, "given both by a variable"),
    ],
)
def test_the_rule_of_an_audit_is_given_once_and_is_about_somebody(rule: dict[str, Any], problem: str) -> None:
    found = playbook(everybody=True, rule=rule)
    assert problem in found[0] if problem else found == []


def test_hosts_that_are_not_there_are_one_mistake_of_an_audit() -> None:
    [found] = playbook(hosts="flor", nobody_is_fine=False, rule={"agents": [[], []]})
    assert found.startswith("No host of the inventory matches vicidial_hosts")
