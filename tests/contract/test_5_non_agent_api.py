# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol 5: who is logged in, from the Non-Agent API."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ansible_collections.telephony.vicidial.tests.contract.server import NON_AGENT_API, Control, Reply, Server
from vicidial_simulator.dialer import Call

Lacking = Callable[[str], dict[str, str]]
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


@pytest.mark.parametrize("name", ["level_6", "no_reports", "no_api_access", "no_list"])
def test_5_1_needs_every_right(server: Server, lacking: Lacking, name: str) -> None:
    assert ask(server, **lacking(name)).text.startswith("ERROR: ")


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ({"visible_campaigns": ["SALES"]}, "1001 1002"),
        ({"visible_groups": ["DAY"]}, "1002 1003"),
        ({"visible_campaigns": ["SALES"], "visible_groups": ["DAY"]}, "1002"),
    ],
)
def test_5_1_lists_only_what_the_user_group_may_see(
    server: Server, control: Control, four: None, visible: dict[str, list[str]], expected: str
) -> None:
    control.do("account", user=server.user, **visible)
    assert users(ask(server)) == expected.split()


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


@pytest.mark.parametrize("name", ["no_reports", "no_api_access"])
def test_5_3_no_permission(server: Server, lacking: Lacking, name: str) -> None:
    caller = lacking(name)
    expected = f"ERROR: logged_in_agents USER DOES NOT HAVE PERMISSION TO GET AGENT INFO: |{caller['user']}|0|\n"
    assert ask(server, **caller).text == expected


def test_5_3_a_function_that_is_not_allowed(server: Server, lacking: Lacking) -> None:
    caller = lacking("no_list")
    expected = "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION: "
    assert ask(server, **caller).text == f"{expected}|{caller['user']}|logged_in_agents|\n"


def test_5_3_an_address_that_is_not_allowed(server: Server, lacking: Lacking) -> None:
    reply = ask(server, **lacking("other_address"))
    assert re.fullmatch(r"ERROR: Your IP Address is not allowed: \S+: \|\|IPBLOCK\|\n", reply.text)


def test_5_3_two_factor_authentication_is_due(server: Server, control: Control) -> None:
    control.do("account", user="6666", two_factor_due=True)
    assert ask(server).text == "ERROR: Login incorrect, please try again: |6666|simulated|2FA|\n"


@pytest.mark.parametrize("source", ["a", ""])
def test_5_3_the_source_is_looked_at_after_the_password(server: Server, source: str) -> None:
    assert ask(server, source=source).text == f"ERROR: Invalid Source - {source}\nERROR: Invalid Source: |{source}|\n"
    assert ask(server, source=source, user="nosuchuser").text.startswith("ERROR: Login incorrect")


def test_5_3_nothing_is_translated_and_the_agent_api_may_be_off(server: Server, control: Control) -> None:
    control.do("system", api_active=False)
    control.do("account", user="6666", language="Spanish")
    assert ask(server, campaigns="NOSUCH").text == "ERROR: logged_in_agents NO LOGGED IN AGENTS: 6666|\n"


def test_5_3_wrong_login_echoes_the_password(server: Server) -> None:
    reply = ask(server, **{"user": "nosuchuser", "pass": "wrong"})
    assert reply.text == "ERROR: Login incorrect, please try again: |nosuchuser|wrong|BAD|\n"


def test_5_3_wrong_password(server: Server, control: Control) -> None:
    reply = ask(server, **{"pass": "wrong"})
    assert reply.body == b"ERROR: Login incorrect, please try again: |6666|wrong|BAD|\n"


def test_5_3_too_low_a_level_looks_like_a_wrong_password(server: Server, lacking: Lacking) -> None:
    caller = lacking("level_6")
    expected = f"ERROR: Login incorrect, please try again: |{caller['user']}|{caller['pass']}|BAD|\n"
    assert ask(server, **caller).text == expected


def test_5_3_too_low_a_level_is_a_failed_login(server: Server, control: Control) -> None:
    control.do("account", user="6666", level=6)
    ask(server)
    assert control.account("6666").failures == 1


def test_5_3_locked(server: Server, control: Control) -> None:
    control.do("account", user="lockme", password="simulated", failures=10, last_login_date=1795338820)
    expected = b"ERROR: Too many login attempts, try again in 15 minutes: |lockme|LOCK|\n"
    assert ask(server, user="lockme").body == expected


@pytest.mark.parametrize("function", ["", "nosuchfunction", None])
def test_5_3_no_function(server: Server, function: str | None) -> None:
    assert ask(server, function=function).text == "ERROR: NO FUNCTION SPECIFIED\n"
    assert ask(server, function=function, user="nosuchuser").text.startswith("ERROR: Login incorrect")


@pytest.mark.parametrize(("length", "status"), [(10, 500), (5000, 200)])
def test_5_5_an_apostrophe_in_a_name_makes_a_small_table_a_500(
    server: Server, control: Control, length: int, status: int
) -> None:
    control.do("change_agent", user="1000", full_name="O'" + "N" * length)
    reply = ask(server, stage="tab")
    assert (reply.status, reply.text.count("\n"), rows(reply, "\t")[0][7][:3]) == (status, 1, "O'N")


@pytest.mark.parametrize("length", [10, 5000])
def test_5_5_with_display_errors_noise_follows_the_table(server: Server, control: Control, length: int) -> None:
    control.do("change_agent", user="1000", full_name="O'" + "N" * length)
    control.do("system", display_errors=True)
    table, _mark, noise = ask(server).text.partition("<br />")
    assert table.startswith("1000|")
    assert "Fatal error" in noise


def test_5_5_on_php_7_an_apostrophe_in_a_name_does_no_harm(server: Server, control: Control) -> None:
    control.do("change_agent", user="1000", full_name="O'Neill")
    control.do("system", php=7)
    assert ask(server).status == 200
