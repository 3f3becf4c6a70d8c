# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol 3: accounts and authentication."""

from __future__ import annotations

import pytest

from ansible_collections.telephony.vicidial.tests.contract.server import (
    AGENT_API,
    NON_AGENT_API,
    Control,
    Reply,
    Server,
)
from vicidial_simulator.accounts import hash_password

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
    assert reply.text == f"{AUTHENTICATION}{server.user}|{server.password}|0|0|LOCK|\n"
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


def test_3_2_the_error_echoes_the_stripped_password(server: Server) -> None:
    reply = server.call(**{"user": "nosuchuser", "pass": "p@ss!w#rd"})
    assert reply.text.startswith(f"{AUTHENTICATION}nosuchuser|psswrd|")
    assert "p@ss!w#rd" not in reply.text


def test_3_2_what_is_left_of_every_byte(server: Server) -> None:
    every = "".join(map(chr, range(1, 128)))
    kept = "+-./0123456789=ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    assert server.call(**{"user": "nosuchuser", "pass": every}).text.split("|")[2] == kept


def test_3_2_the_last_field_can_hold_the_password_in_sql(server: Server, control: Control) -> None:
    control.do("system", shows_sql=True)
    message = call_with(server, "wr!ong").text.split("|")[5]
    assert message.startswith("BAD")
    assert "wrong" in message
    assert hash_password("wrong") in message


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
        ("account", {"user": "6666"}, "wrong", "0|0|BAD"),
        ("account", {"user": "6666", "failures": 10, "last_failure": 1795338820}, "simulated", "0|0|LOCK"),
        ("account", {"user": "6666", "allowed_addresses": ["192.0.2.1"]}, "simulated", "0|0|IPBLOCK"),
        ("system", {"active_servers": False}, "simulated", "0|0|ERRSERVERS"),
    ],
)
def test_3_3_what_the_last_fields_say(
    server: Server, control: Control, action: str, arguments: dict[str, object], password: str, fields: str
) -> None:
    control.do(action, **arguments)
    assert call_with(server, password).text == f"{AUTHENTICATION}6666|{password}|{fields}|\n"


def test_3_3_an_unknown_user_is_bad(server: Server) -> None:
    assert server.call(**UNKNOWN).text.startswith(f"{AUTHENTICATION}nosuchuser|wrong|0|0|BAD")


def test_3_4_ten_failures_lock_the_account(server: Server, control: Control) -> None:
    fail(server, times=9)
    assert not is_locked(server)
    fail(server, times=1)
    assert is_locked(server)


def test_3_4_a_success_does_not_reset_the_count(server: Server, control: Control) -> None:
    for _time in range(5):
        fail(server, times=2)
        server.call()
    assert is_locked(server)


def test_3_4_the_lock_lasts_15_minutes(server: Server, control: Control) -> None:
    fail(server, times=10)
    server.pass_time(899)
    assert is_locked(server)
    server.pass_time(1)
    assert not is_locked(server)


def test_3_5_a_password_that_the_server_strips_never_matches(server: Server, control: Control) -> None:
    control.do("account", user=server.user, password="p@ss")
    assert call_with(server, "p@ss").text == f"{AUTHENTICATION}6666|pss|0|0|BAD|\n"


@pytest.mark.parametrize("allowed", [["recording"], []])
@pytest.mark.parametrize("value", ["BEGIN", "END", "STATUS"])
def test_3_6_permission_is_per_function(server: Server, control: Control, allowed: list[str], value: str) -> None:
    control.do("account", user="6666", allowed_functions=allowed, user_group="APIS")
    assert server.call(value=value).text == f"{NO_PERMISSION}{value}|6666|stereo_recording|APIS\n"


@pytest.mark.parametrize("allowed", [["recording", "stereo_recording"], ["ALL_FUNCTIONS"]])
def test_3_6_what_permits(server: Server, control: Control, allowed: list[str]) -> None:
    control.do("account", user="6666", allowed_functions=allowed)
    assert server.call().text.startswith("NOTICE: ")


def test_3_7_the_answer_is_about_the_agent_not_the_account(server: Server) -> None:
    assert server.call().fields[0] == server.agent


def test_3_7_the_account_is_no_agent(server: Server, control: Control) -> None:
    reply = server.call(agent_user=server.user)
    assert reply.text == f"ERROR: agent_user is not logged in - {server.user}\n"
