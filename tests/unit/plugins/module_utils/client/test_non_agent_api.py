# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is logged in: the parser on bytes, and the call over real HTTP."""

from __future__ import annotations

import contextlib
import socket
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors, _options
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection, Http
from ansible_collections.telephony.vicidial.plugins.module_utils._client.non_agent_api import logged_in_agents
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import AgentFilter
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.tables import LoggedInAgent, parse_agents
from ansible_collections.telephony.vicidial.tests.support import Simulator
from vicidial_simulator.accounts import Account
from vicidial_simulator.faults import CALL_FAULTS

HEADER = "user\tcampaign_id\tsession_id\tstatus\tlead_id\tcallerid\tcalls_today\tfull_name\tuser_group\tuser_level"
LONG_HEADER = f"{HEADER}\tpause_code\tsub_status"
ROW = "1000\tTESTCAMP\t8600051\tPAUSED\t500000\t\t3\tMaria Garcia\tAGENTS\t1"
MARIA = LoggedInAgent("1000", "TESTCAMP", "8600051", "PAUSED", 500000, "", 3, "Maria Garcia", "AGENTS", 1)
WARNING = "<br />\n<b>Warning</b>:  Undefined variable $x in <b>/srv/www/a.php</b> on line <b>12</b><br />\n"
PASSWORD = "p@ss!w#rd"
NAMES = [
    'Smith, John "JJ" | x',
    "{{ 7 * 7 }}",
    "李\t小龍",
    "\t",
    "\t\t\t",
    "AGENTS\t1",
    "two\nlines",
    "one\tand\ntwo\t",
    "",
    "\r",
    "\x85\u2028\x0b\x0c\x1c",
    "ERROR: Login incorrect, please try again: |6666|secret|BAD|",
    "\nERROR: Login incorrect, please try again: |6666|secret|BAD|\n",
]


def table(*rows: str, header: str = HEADER) -> bytes:
    return "".join(f"{line}\n" for line in (header, *rows)).encode()


def row(name: str, user: str = "1000") -> str:
    return f"{user}\tTESTCAMP\t8600051\tPAUSED\t500000\t\t3\t{name}\tAGENTS\t1"


def connection(simulator: Simulator, **other: Any) -> Connection:
    url = f"{simulator.url}/vicidial/non_agent_api.php"
    return replace(Connection(url, simulator.user, simulator.password, timeout=2.0), **other)


def test_a_row_has_typed_columns() -> None:
    assert parse_agents(table(ROW), False) == [MARIA]


def test_sub_status_adds_two_columns() -> None:
    body = table(f"{ROW}\tLUNCH\t", header=LONG_HEADER)
    assert parse_agents(body, True) == [replace(MARIA, pause_code="LUNCH", sub_status="")]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_what_stands_between_the_columns(name: str) -> None:
    """Tabs and line ends of a name are its own: nothing is quoted (protocol 5.2)."""
    found = parse_agents(table(row(name), row("Next", "1001")), False)
    assert [(agent.user, agent.full_name, agent.user_group) for agent in found] == [
        ("1000", name, "AGENTS"),
        ("1001", "Next", "AGENTS"),
    ]
    last = parse_agents(table(f"{row(name)}\t\tDEAD", header=LONG_HEADER), True)
    assert (last[0].full_name, last[0].pause_code, last[0].sub_status) == (name, "", "DEAD")


@pytest.mark.parametrize("place", [1, 7, 8, 10])
def test_columns_that_a_newer_server_adds_are_passed_over(place: int) -> None:
    header, cells = HEADER.split("\t"), row("NAME").split("\t")
    header.insert(place, "new")
    cells.insert(place, "more")
    body = table("\t".join(cells).replace("NAME", "a\tb\tc"), header="\t".join(header))
    assert parse_agents(body, False) == [replace(MARIA, full_name="a\tb\tc")]


@pytest.mark.parametrize("body", [WARNING.encode() + table(ROW), table(ROW) + WARNING.encode(), table(ROW) + b"\n\n"])
def test_what_stands_around_the_table_does_no_harm(body: bytes) -> None:
    assert parse_agents(body, False) == [MARIA]


def test_empty_numbers_are_zero() -> None:
    (found,) = parse_agents(table("1000\tTESTCAMP\t8600051\tPAUSED\t\t\t\tMaria\tAGENTS\t"), False)
    assert (found.lead_id, found.calls_today, found.user_level) == (0, 0, 0)


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: logged_in_agents NO LOGGED IN AGENTS: 6666|\n",
        "ERROR: logged_in_agents NO LOGGED IN AGENTS\n",
        f"{WARNING}ERROR: logged_in_agents NO LOGGED IN AGENTS: 6666|\n",
    ],
)
def test_nobody_is_an_empty_list(line: str) -> None:
    assert parse_agents(line.encode(), False) == []


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("logged_in_agents USER DOES NOT HAVE PERMISSION TO GET AGENT INFO: |6666|", _errors.ListDeniedError),
        ("logged_in_agents USER DOES NOT HAVE PERMISSION TO GET AGENT INFO - 6666|0", _errors.ListDeniedError),
        (
            "auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION - 6666|logged_in_agents",
            _errors.FunctionDeniedError,
        ),
        ("Login incorrect, please try again: |6666|secret|BAD|", _errors.LoginRefusedError),
        ("Login incorrect, please try again: |6666|secret|IPBLOCK|", _errors.AddressBlockedError),
        ("Your IP Address is not allowed: 10.0.0.9 |6666|IPBLOCK|", _errors.AddressBlockedError),
        ("Too many login attempts, try again in 15 minutes: |6666|LOCK|", _errors.AccountLockedError),
        ("Login incorrect, please try again: |6666|secret|2FA|", _errors.TwoFactorDueError),
        ("Your IP Address is not allowed: 127.0.0.1: ||IPBLOCK|", _errors.AddressBlockedError),
        (
            "auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION: |nolist|logged_in_agents|",
            _errors.FunctionDeniedError,
        ),
        ("NO FUNCTION SPECIFIED", _errors.ParametersLostError),
        ("something new: |6666|secret|", _errors.NotUnderstoodError),
    ],
)
@pytest.mark.parametrize("after", ["", f"{HEADER}\n{ROW}\n"])
def test_each_error_of_the_server_has_its_class(line: str, error: type[_errors.ApiError], after: str) -> None:
    with pytest.raises(error) as caught:
        parse_agents(f"ERROR: {line}\n{after}".encode(), False)
    assert "secret" not in f"{caught.value} {caught.value!r} {vars(caught.value)}"
    assert caught.value.aborts_run
    assert not caught.value.transient


def test_the_refusals_say_what_the_account_needs() -> None:
    assert all(text in str(_errors.ListDeniedError("the agents")) for text in ('"View Reports"', '"Agent API Access"'))
    assert "user level of the API account is below 7" in str(_errors.LoginRefusedError())
    assert "logged_in_agents" in str(_errors.FunctionDeniedError("logged_in_agents"))
    assert [
        error.reason for error in (_errors.ListDeniedError, _errors.FunctionDeniedError, _errors.LoginRefusedError)
    ] == [
        "permission_denied",
        "permission_denied",
        "authentication_failed",
    ]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        # Half a table
        (table(ROW)[:-1], _errors.NotUnderstoodError),
        (table(ROW, ROW)[:-20], _errors.NotUnderstoodError),
        (table(ROW)[:-60] + b"\n", _errors.NotUnderstoodError),
        (HEADER.encode(), _errors.NotUnderstoodError),
        (HEADER[:30].encode() + b"\n", _errors.NotUnderstoodError),
        # No table, or another one
        (f"{ROW}\n".encode(), _errors.NotUnderstoodError),
        (table(ROW, header=HEADER.replace("\t", "|")), _errors.NotUnderstoodError),
        (table(ROW, header=HEADER.replace("campaign_id", "campaign")), _errors.NotUnderstoodError),
        (table(ROW, header=f"{HEADER}\tuser"), _errors.NotUnderstoodError),
        (table("PHP is unwell", ROW), _errors.NotUnderstoodError),
        (table(ROW.replace("500000", "many")), _errors.NotUnderstoodError),
        (table(ROW.replace("500000", "٣")), _errors.NotUnderstoodError),
        (table(ROW.replace("500000", "9" * 5000)), _errors.NotUnderstoodError),
        (b"ERROR: Login inc", _errors.NotUnderstoodError),
        (b"FEHLER: Falscher Benutzer: |6666|secret|", _errors.NotUnderstoodError),
        (b"<html><body><form>Sign in</form></body></html>\n", _errors.NotUnderstoodError),
        # No answer at all: it may be there next time
        (b"", _errors.NoAnswerError),
        (b"MySQL connect ERROR: Connection refused", _errors.NoAnswerError),
    ],
)
def test_what_is_not_the_whole_table_is_not_understood(body: bytes, error: type[_errors.ApiError]) -> None:
    with pytest.raises(error) as caught:
        parse_agents(body, False)
    assert caught.value.reason == "not_understood"
    assert "secret" not in f"{caught.value} {vars(caught.value)}"


def test_sub_status_that_was_not_given_is_not_understood() -> None:
    with pytest.raises(_errors.NotUnderstoodError, match="lacks columns"):
        parse_agents(table(ROW), True)


@given(
    st.binary()
    | st.builds(
        lambda *parts: b"".join(parts),
        *[
            st.sampled_from([table(ROW), f"{ROW}\n".encode(), LONG_HEADER.encode(), b"\t", b"\n"])
            | st.binary(max_size=9)
        ]
        * 4,
    ),
    st.booleans(),
)
def test_whatever_bytes_come_the_result_is_a_list_or_a_typed_error(body: bytes, sub_status: bool) -> None:
    with contextlib.suppress(_errors.ApiError):
        assert all(isinstance(agent, LoggedInAgent) for agent in parse_agents(body, sub_status))


@given(st.text().filter(lambda name: "<b" not in name and name.count("\t") < 7))
def test_whatever_name_a_person_has_comes_through(name: str) -> None:
    encoded = name.encode("utf-8", "replace").decode()
    assert [agent.full_name for agent in parse_agents(table(row(encoded)), False)] == [encoded]


def test_the_call_is_one_post_with_every_parameter_in_the_body_once(simulator: Simulator) -> None:
    found = logged_in_agents(connection(simulator), AgentFilter(), 0)
    assert [agent.user for agent in found] == [str(user) for user in range(1000, 1010)]
    assert found[7].full_name == "{{ 7 * 7 }}"
    (entry,) = simulator.journal.entries()
    assert (entry["method"], set(entry["sources"].values())) == ("POST", {"body"})
    # With `pass` last the server could take the password for a value (protocol 1.5).
    assert list(entry["sources"])[-1] != "pass"


def test_a_choice_narrows_the_list(simulator: Simulator) -> None:
    with simulator.lock:
        simulator.dialer.change_agent("1002", user_group="NIGHT", sub_status="DEAD")
    choice = AgentFilter(campaigns=["SALES", "NONE"], user_groups=["NIGHT"], sub_status=True)
    (found,) = logged_in_agents(connection(simulator), choice, 0)
    assert (found.user, found.pause_code, found.sub_status) == ("1002", "", "DEAD")


def test_a_choice_has_no_regard_to_case_as_the_servers_database_has_none(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Http, "post", lambda *_: table(ROW))
    assert logged_in_agents(connection(simulator), AgentFilter(campaigns=["testcamp"]), 0) == [MARIA]


@pytest.mark.parametrize("choice", [AgentFilter(campaigns=["ПРОДАЖИ"]), AgentFilter(user_groups=["NIGHT"])])
def test_rows_that_the_filter_should_have_excluded_are_dropped(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, choice: AgentFilter
) -> None:
    """A name in another script can lose all its characters on the way to the server's query."""
    monkeypatch.setattr(Http, "post", lambda *_: table(ROW))
    assert logged_in_agents(connection(simulator), choice, 0) == []


@pytest.mark.parametrize("name", ["SA LES", "*", "A|B", "", "A\tB"])
def test_a_filter_that_the_server_would_misread_is_refused(simulator: Simulator, name: str) -> None:
    for choice in (AgentFilter(campaigns=[name]), AgentFilter(user_groups=[name])):
        with pytest.raises(_errors.InvalidArgumentError):
            logged_in_agents(connection(simulator), choice, 0)
    assert simulator.journal.entries() == []


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("https://host", "https://host"),
        ("https://host/agc/api.php", "https://host"),
        ("https://host:8443/vicidial/", "https://host:8443"),
        ("https://host/vicidial/non_agent_api.php", "https://host"),
        ("https://host/vicidial-1/agc", "https://host/vicidial-1"),
        ("https://host/vicidial/agc/api.php", "https://host/vicidial"),
    ],
)
def test_one_address_leads_to_both_apis(given: str, root: str) -> None:
    params = {name: option.get("default") for name, option in _options.CONNECTION_SPEC.items()}
    params.update(api_url=given, api_user="6666", api_password="simulated")
    assert _options.connection(params).url == f"{root}/agc/api.php"
    assert _options.non_agent_connection(params).url == f"{root}/vicidial/non_agent_api.php"


HARMLESS_FAULTS = {"noise", "latency", "slow-headers", "slow-body", "close-after", "crash-with-answer"}


@pytest.mark.parametrize("fault", sorted(set(CALL_FAULTS) - HARMLESS_FAULTS))
def test_an_answer_that_gets_lost_is_one_failed_login_at_most(simulator: Simulator, fault: str) -> None:
    pauses: list[float] = []
    simulator.faults.add(simulator.dialer, fault, times=None)
    with pytest.raises(_errors.ApiError):
        logged_in_agents(connection(simulator, password="wrong"), AgentFilter(), 3, pauses.append)
    assert (pauses, len(simulator.journal.entries())) == ([], 1)
    assert simulator.dialer.accounts["6666"].failures <= 1


@pytest.mark.parametrize(("retries", "expected"), [(0, []), (1, [0.5]), (10, [0.5, 1.0, 2.0, 4.0, 8.0])])
def test_only_what_never_arrived_is_repeated_and_that_comes_to_an_end(retries: int, expected: list[float]) -> None:
    pauses: list[float] = []
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/vicidial/non_agent_api.php"
    with pytest.raises(_errors.UnreachableError):
        logged_in_agents(Connection(url, "6666", "unused"), AgentFilter(), retries, pauses.append)
    assert pauses == expected


@pytest.mark.parametrize("fault", ["noise", "display-errors", "crash-with-answer"])
def test_warnings_of_php_do_no_harm(simulator: Simulator, fault: str) -> None:
    simulator.faults.add(simulator.dialer, fault)
    assert len(logged_in_agents(connection(simulator), AgentFilter(), 0)) == 10


@pytest.mark.parametrize("password", ["a.b", "a+b", "a/b", "a=b"])
def test_a_password_that_the_build_strips_is_not_sent(simulator: Simulator, password: str) -> None:
    """It is right for the Agent API, and would be a failed login here (protocol 3.5)."""
    stripped = connection(simulator, password=password, version_url=simulator.api_url)
    with pytest.raises(_errors.InvalidArgumentError, match="build 260302-1142 drops") as caught:
        logged_in_agents(stripped, AgentFilter(), 0)
    assert password not in str(caught.value)
    assert [(entry["function"], "pass" in entry["sources"]) for entry in simulator.journal.entries()] == [
        ("version", False)
    ]
    with simulator.lock:  # a build that nobody knows may do better
        simulator.dialer.system.build = "270101-0000"
        simulator.dialer.accounts["6666"].password = password
    simulator.journal.clear()
    with suppress(_errors.AccountError):
        logged_in_agents(stripped, AgentFilter(), 0)
    assert [entry["function"] for entry in simulator.journal.entries()] == ["version", "logged_in_agents"]


@pytest.mark.parametrize("password", ["-_09azAZ", "p@ss!w#rd"])
def test_no_other_password_costs_a_question(simulator: Simulator, password: str) -> None:
    with suppress(_errors.AccountError):
        logged_in_agents(connection(simulator, password=password, version_url=simulator.api_url), AgentFilter(), 0)
    assert [entry["function"] for entry in simulator.journal.entries()] == ["logged_in_agents"]


@pytest.mark.parametrize(
    ("account", "error"),
    [
        (Account("6666", "another"), _errors.LoginRefusedError),
        (Account("6666", "psswrd", level=6), _errors.LoginRefusedError),
        (Account("6666", "psswrd", view_reports=False), _errors.ListDeniedError),
        (Account("6666", "psswrd", failures=10, last_login_date=1e12), _errors.AccountLockedError),
        (Account("6666", "psswrd", allowed_addresses=["10.0.0.9"]), _errors.AddressBlockedError),
    ],
)
def test_an_account_error_is_asked_for_once_and_holds_no_password(
    simulator: Simulator, account: Account, error: type[_errors.ApiError]
) -> None:
    simulator.dialer.accounts["6666"] = account
    with pytest.raises(error) as caught:
        logged_in_agents(connection(simulator, password=PASSWORD), AgentFilter(), 5)
    assert len(simulator.journal.entries()) == 1
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    for secret in (PASSWORD, "psswrd"):
        assert secret not in "".join(f"{error} {error!r} {vars(error) if error else ''}" for error in chain)
