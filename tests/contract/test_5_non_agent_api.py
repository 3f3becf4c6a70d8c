# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol 5: who is logged in, from the Non-Agent API."""

from __future__ import annotations

import pytest

from ansible_collections.telephony.vicidial.tests.contract.server import NON_AGENT_API, Control, Reply, Server
from vicidial_simulator.dialer import Call

HEADER = "user|campaign_id|session_id|status|lead_id|callerid|calls_today|full_name|user_group|user_level"


def ask(server: Server, method: str = "POST", **params: str | None) -> Reply:
    return server.call(method, NON_AGENT_API, **params)


def rows(reply: Reply, separator: str = "|") -> list[list[str]]:
    return [line.split(separator) for line in reply.text.splitlines()]


def users(reply: Reply) -> list[str]:
    return [row[0] for row in rows(reply)]


@pytest.fixture
def four(control: Control) -> None:
    """Four agents in two campaigns and two user groups."""
    control.do("change_agent", user="1000", user_group="NIGHT")
    control.do("log_in", user="1001", campaign="SALES", user_group="NIGHT")
    control.do("log_in", user="1002", campaign="SALES", user_group="DAY", pause_code="LUNCH", sub_status="LATE")
    control.do("log_in", user="1003", campaign="CARE", user_group="DAY")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_5_1_the_agent_is_listed(server: Server, method: str) -> None:
    assert server.agent in users(ask(server, method))


@pytest.mark.parametrize(("stage", "separator"), [("pipe", "|"), ("csv", ","), ("tab", "\t")])
def test_5_1_stage_chooses_the_separator(server: Server, stage: str, separator: str) -> None:
    header = ask(server, stage=stage, header="YES").text.splitlines()[0]
    assert header == HEADER.replace("|", separator)


def test_5_1_without_a_header_the_rows_are_the_same(server: Server) -> None:
    assert users(ask(server, header="YES"))[1:] == users(ask(server))


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, "1000 1001 1002 1003"),
        ({"campaigns": "SALES"}, "1001 1002"),
        ({"campaigns": "CARE|SALES"}, "1001 1002 1003"),
        ({"user_groups": "NIGHT"}, "1000 1001"),
        ({"user_groups": "NIGHT|DAY"}, "1000 1001 1002 1003"),
        ({"campaigns": "SALES", "user_groups": "DAY"}, "1002"),
    ],
)
def test_5_1_campaigns_and_user_groups_choose(
    server: Server, four: None, params: dict[str, str], expected: str
) -> None:
    assert users(ask(server, **params)) == expected.split()


@pytest.mark.parametrize(("level", "listed"), [(6, False), (7, True)])
def test_5_1_needs_level_7(server: Server, control: Control, level: int, listed: bool) -> None:
    control.do("account", user=server.user, level=level)
    assert ("1000" in users(ask(server))) is listed


def test_5_1_needs_view_reports(server: Server, control: Control) -> None:
    control.do("account", user=server.user, view_reports=False)
    assert users(ask(server)) != ["1000"]


def test_5_2_sub_status_adds_two_columns(server: Server) -> None:
    header = ask(server, show_sub_status="YES", header="YES").text.splitlines()[0]
    assert header == f"{HEADER}|pause_code|sub_status"


def test_5_2_sub_status_of_an_agent(server: Server, four: None) -> None:
    by_user = {row[0]: row[10:] for row in rows(ask(server, show_sub_status="YES"))}
    assert by_user == {"1000": ["", ""], "1001": ["", ""], "1002": ["LUNCH", "LATE"], "1003": ["", ""]}


def test_5_2_a_row_exactly_and_nothing_is_quoted(server: Server, control: Control) -> None:
    agent = control.agent("1000")
    agent.call, agent.calls_today = Call(500000, ""), 0
    control.do("change_agent", user="1000", status="PAUSED", full_name='Smith, John "JJ" | x')
    expected = b'1000,TESTCAMP,8600051,PAUSED,500000,,0,Smith, John "JJ" | x,AGENTS,1\n'
    assert ask(server, stage="csv").body == expected
    assert ask(server, stage="tab").body.decode().split("\t")[7] == 'Smith, John "JJ" | x'


@pytest.mark.parametrize("name", ["Анна Иванова", "李小龍", "{{ 7 * 7 }}", "O'Neill"])
def test_5_2_names_are_free_text(server: Server, control: Control, name: str) -> None:
    control.do("change_agent", user="1000", full_name=name)
    assert rows(ask(server, stage="tab"), "\t")[0][7] == name


@pytest.mark.parametrize("header", ["YES", "NO"])
def test_5_3_nobody_is_an_error_without_a_header_row(server: Server, header: str) -> None:
    reply = ask(server, campaigns="NOSUCHCAMPAIGN", header=header)
    assert reply.text == f"ERROR: logged_in_agents NO LOGGED IN AGENTS: {server.user}|\n"


def test_5_3_no_permission(server: Server, control: Control) -> None:
    control.do("account", user=server.user, view_reports=False)
    expected = "ERROR: logged_in_agents USER DOES NOT HAVE PERMISSION TO GET AGENT INFO: "
    assert ask(server).text.startswith(expected)


def test_5_3_wrong_login_echoes_the_password(server: Server) -> None:
    reply = ask(server, **{"user": "nosuchuser", "pass": "wrong"})
    assert reply.text == "ERROR: Login incorrect, please try again: |nosuchuser|wrong|BAD|\n"


def test_5_3_wrong_password(server: Server, control: Control) -> None:
    reply = ask(server, **{"pass": "wrong"})
    assert reply.body == b"ERROR: Login incorrect, please try again: |6666|wrong|BAD|\n"


def test_5_3_too_low_a_level_looks_like_a_wrong_password(server: Server, control: Control) -> None:
    control.do("account", user=server.user, level=1)
    assert ask(server).text.startswith("ERROR: Login incorrect, please try again: |6666|simulated|")


def test_5_3_locked(server: Server, control: Control) -> None:
    control.do("account", user="lockme", password="simulated", failures=10, last_failure=1795338820)
    expected = b"ERROR: Too many login attempts, try again in 15 minutes: |lockme|LOCK|\n"
    assert ask(server, user="lockme").body == expected


@pytest.mark.parametrize("function", ["", None])
def test_5_3_no_function(server: Server, function: str | None) -> None:
    assert ask(server, function=function).text == "ERROR: NO FUNCTION SPECIFIED\n"
