# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol 3: accounts and authentication."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.telephony.vicidial.tests.contract.server import (
    AGENT_API,
    NON_AGENT_API,
    Control,
    Reply,
    Server,
)
from vicidial_simulator.accounts import hash_password

Lacking = Callable[[str], dict[str, str]]

UNKNOWN = {"user": "nosuchuser", "pass": "wrong"}
AUTHENTICATION = "ERROR: Invalid Username/Password: |"
NO_PERMISSION = "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION - "


def call_with(server: Server, password: str) -> Reply:
    return server.call(**{"pass": password})


def fail(server: Server, times: int) -> None:
    for _time in range(times):
        call_with(server, "wrong")


def is_locked(server: Server) -> bool:
    """Whether even the right password is refused, and as locked."""
    reply = server.call()
    if reply.text.startswith("NOTICE: "):
        return False
    assert reply.text == f"{AUTHENTICATION}{server.user}|{server.password}|0|1|LOCK|\n"
    return True


def test_3_1_source_is_checked_before_the_account(server: Server) -> None:
    reply = server.call(source="", **UNKNOWN)
    assert reply.text.startswith("ERROR: ")
    assert not reply.text.startswith(AUTHENTICATION)


def test_3_1_the_account_is_checked_before_the_function(server: Server) -> None:
    assert server.call(value="bogus", **UNKNOWN).text.startswith(AUTHENTICATION)


def test_3_1_the_account_is_checked_before_api_active(server: Server, control: Control) -> None:
    control.do("system", api_active=False)
    assert server.call(**UNKNOWN).text.startswith(AUTHENTICATION)


def test_3_1_api_active_is_checked_before_the_function(server: Server, control: Control) -> None:
    control.do("system", api_active=False)
    assert server.call(value="bogus").body == b"ERROR: System API NOT ACTIVE\n"


def message(server: Server, **params: str) -> str:
    """The fields AUTH, AUTH_API and MESSAGE of an authentication error."""
    return "|".join(server.call(**params).text.split("|")[3:6])


@pytest.mark.parametrize(
    ("details", "password", "fields"),
    [
        ({"allowed_addresses": [], "failures": 10, "last_login_date": 1795338820}, "simulated", "0|1|LOCK"),
        ({"allowed_addresses": []}, "wrong", "0|1|BAD"),
        ({"allowed_addresses": []}, "simulated", "0|1|IPBLOCK"),
        ({"agent_api_access": False}, "simulated", "0|0|ERRSERVERS"),
    ],
)
def test_3_1_no_server_comes_after_the_password_and_the_address_after_that(
    server: Server, control: Control, details: dict[str, object], password: str, fields: str
) -> None:
    control.do("system", active_servers=False, api_active=False)
    control.do("account", user="6666", **details)
    assert message(server, **{"pass": password}) == fields


def test_3_1_a_blocked_address_proves_the_password(server: Server, lacking: Lacking) -> None:
    assert message(server, **lacking("other_address")) == "0|1|IPBLOCK"


def test_3_2_the_error_echoes_the_stripped_password(server: Server) -> None:
    reply = server.call(**{"user": "nosuchuser", "pass": "p@ss!w#rd"})
    assert reply.text.startswith(f"{AUTHENTICATION}nosuchuser|psswrd|")
    assert "p@ss!w#rd" not in reply.text


def test_3_2_the_echoed_password_keeps_letters_digits_and_a_few_signs(server: Server) -> None:
    every = "".join(map(chr, range(1, 128)))
    kept = "+-./0123456789=ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    assert server.call(**{"user": "nosuchuser", "pass": every}).text.split("|")[2] == kept


def test_3_2_the_last_field_can_hold_the_password_in_sql(server: Server, control: Control) -> None:
    assert "pass='wrong'" in call_with(server, "wr!ong").text
    control.do("system", hashed_passwords=True)
    assert f"pass_hash='{hash_password('wrong')}'" in call_with(server, "wr!ong").text


@pytest.mark.parametrize("path", [AGENT_API, NON_AGENT_API])
def test_3_2_a_server_that_strips_nothing_echoes_the_password_as_sent(
    server: Server, control: Control, path: str
) -> None:
    control.do("system", echoes_raw=True)
    assert "|nosuchuser|wr!ong|" in server.call(path=path, **{"user": "nosuchuser", "pass": "wr!ong"}).text


@pytest.mark.parametrize(
    ("action", "arguments", "password", "fields"),
    [
        ("account", {"user": "6666", "agent_api_access": False}, "simulated", "1|0|GOOD"),
        ("account", {"user": "6666", "failures": 10, "last_login_date": 1795338820}, "simulated", "0|1|LOCK"),
        ("account", {"user": "6666", "allowed_addresses": ["192.0.2.1"]}, "simulated", "0|1|IPBLOCK"),
        ("system", {"active_servers": False}, "simulated", "0|1|ERRSERVERS"),
    ],
)
def test_3_3_what_the_last_fields_say(
    server: Server, control: Control, action: str, arguments: dict[str, object], password: str, fields: str
) -> None:
    control.do(action, **arguments)
    assert call_with(server, password).text == f"{AUTHENTICATION}6666|{password}|{fields}|\n"


def test_3_3_an_unknown_user_is_bad(server: Server) -> None:
    assert server.call(**UNKNOWN).text.startswith(f"{AUTHENTICATION}nosuchuser|wrong|0|0|BAD")


def test_3_3_without_api_access(server: Server, lacking: Lacking) -> None:
    assert message(server, **lacking("no_api_access")) == "1|0|GOOD"


@pytest.fixture
def fresh(control: Control) -> None:
    """The account logged in to the web pages just now."""
    control.do("account", user="6666", last_login_date=1795338820)


@pytest.mark.usefixtures("fresh")
def test_3_4_ten_failures_lock_the_account(server: Server) -> None:
    fail(server, times=9)
    assert not is_locked(server)
    fail(server, times=1)
    assert is_locked(server)


@pytest.mark.usefixtures("fresh")
def test_3_4_a_success_does_not_reset_the_count(server: Server) -> None:
    for _time in range(5):
        fail(server, times=2)
        server.call()
    assert is_locked(server)


def test_3_4_the_21st_call_finds_an_account_locked_that_never_logged_in(server: Server, control: Control) -> None:
    fail(server, times=10)
    assert not is_locked(server)
    fail(server, times=10)
    assert is_locked(server)


@pytest.mark.usefixtures("fresh")
def test_3_4_a_listing_sets_the_count_to_0(server: Server) -> None:
    fail(server, times=9)
    assert server.call(path=NON_AGENT_API).text.startswith("1000|")
    fail(server, times=9)
    assert not is_locked(server)


def test_3_4_after_the_lock_a_wrong_password_sets_the_count_to_1(server: Server, control: Control) -> None:
    control.do("account", user="6666", failures=10, last_login_date=1795338820 - 902)
    assert server.call().text.startswith("NOTICE: ")
    fail(server, times=1)
    assert control.account("6666").failures == 1


@pytest.mark.usefixtures("fresh")
def test_3_4_the_lock_lasts_15_minutes(server: Server) -> None:
    fail(server, times=10)
    server.pass_time(899)
    assert is_locked(server)
    server.pass_time(1)
    assert not is_locked(server)


def test_3_5_a_password_that_the_server_strips_never_matches(server: Server, control: Control) -> None:
    control.do("account", user=server.user, password="p@ss")
    assert call_with(server, "p@ss").text.startswith(f"{AUTHENTICATION}6666|pss|0|1|BAD|")


@pytest.mark.parametrize("character", ".+/=")
def test_3_5_a_password_of_the_agent_api_can_be_a_failed_login_of_every_listing(
    server: Server, control: Control, character: str
) -> None:
    password = f"a{character}b"
    control.do("account", user=server.user, password=password)
    assert call_with(server, password).text.startswith("NOTICE: ")
    listing = server.call(path=NON_AGENT_API, **{"pass": password})
    assert listing.text == "ERROR: Login incorrect, please try again: |6666|ab|BAD|\n"
    assert control.account("6666").failures == 1


@pytest.mark.parametrize("allowed", [["recording"], []])
@pytest.mark.parametrize("value", ["BEGIN", "END", "STATUS"])
def test_3_6_permission_is_per_function(server: Server, control: Control, allowed: list[str], value: str) -> None:
    control.do("account", user="6666", allowed_functions=allowed, user_group="APIS")
    assert server.call(value=value).text == f"{NO_PERMISSION}{value}|6666|stereo_recording|APIS\n"


def test_3_6_recording_is_not_stereo_recording(server: Server, lacking: Lacking) -> None:
    assert server.call(**lacking("no_stereo_recording")).text.startswith(f"{NO_PERMISSION}STATUS|")


@pytest.mark.parametrize("allowed", [["recording", "stereo_recording"], ["ALL_FUNCTIONS"]])
def test_3_6_allowing_the_function_or_all_functions_is_enough(
    server: Server, control: Control, allowed: list[str]
) -> None:
    control.do("account", user="6666", allowed_functions=allowed)
    assert server.call().text.startswith("NOTICE: ")


def test_3_7_the_answer_is_about_the_agent_not_the_account(server: Server) -> None:
    assert server.call().fields[0] == server.agent


def test_3_7_the_account_is_no_agent(server: Server, control: Control) -> None:
    reply = server.call(agent_user=server.user)
    assert reply.text == f"ERROR: agent_user is not logged in - {server.user}\n"


def test_3_8_case_is_ignored_and_the_agent_is_echoed_as_asked(server: Server, control: Control) -> None:
    control.do("log_in", user="Anna")
    control.do("alt_user", alt_user="CRManna", user="Anna")
    control.do("account", user="Robot", password="Secret")
    caller = {"user": "rOBOT", "pass": "sECRET"}
    assert server.call(agent_user="aNNA", **caller).fields[0] == "aNNA"
    assert server.call(agent_user=None, alt_user="crmANNA", **caller).text.startswith("NOTICE: ")


def test_3_8_case_counts_in_a_hashed_password(server: Server, control: Control) -> None:
    control.do("system", hashed_passwords=True)
    assert call_with(server, server.password.upper()).text.startswith(AUTHENTICATION)


def test_3_8_an_inactive_account_answers_as_a_wrong_password_does(server: Server, control: Control) -> None:
    control.do("account", user="6666", active=False)
    assert message(server) == "0|1|BAD"
    assert control.account("6666").failures == 1
