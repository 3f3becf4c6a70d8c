# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ready-made call centers."""

from __future__ import annotations

from dataclasses import fields

import pytest

from ansible_collections.telephony.vicidial.tests.documents import table
from vicidial_simulator.accounts import Account
from vicidial_simulator.clock import Clock
from vicidial_simulator.dialer import AGENT_STATUSES, Dialer
from vicidial_simulator.presets import account_named, populate, statuses_named


def floor(agents: int, statuses: str = "mixed", seed: int = 1) -> Dialer:
    dialer = Dialer(Clock(lambda: 1_000_000.0))
    populate(dialer, agents, ["SALES", "SUPPORT"], statuses_named(statuses), seed)
    return dialer


def test_agents_from_1000_on_in_campaigns_in_turn() -> None:
    agents = floor(5).agents
    assert list(agents) == ["1000", "1001", "1002", "1003", "1004"]
    assert [agent.campaign for agent in agents.values()] == ["SALES", "SUPPORT", "SALES", "SUPPORT", "SALES"]


def test_statuses_in_turn_and_a_call_for_who_is_in_one() -> None:
    agents = floor(5, "INCALL,PAUSED,CLOSER").agents.values()
    assert [agent.status for agent in agents] == ["INCALL", "PAUSED", "CLOSER", "INCALL", "PAUSED"]
    assert [agent.call is not None for agent in agents] == [True, False, False, True, False]
    assert [agent.pause_code for agent in agents] == ["", "BREAK", "", "", "BREAK"]


def test_mixed_statuses_are_mostly_calls() -> None:
    statuses = [agent.status for agent in floor(300).agents.values()]
    assert statuses.count("INCALL") > 150
    assert set(statuses) < set(AGENT_STATUSES)


def test_nobody() -> None:
    assert floor(0).agents == {}


def test_names_hold_what_makes_parsers_stumble() -> None:
    names = "".join(agent.full_name for agent in floor(20).agents.values())
    assert all(character in names for character in '",|{}øА李')


def test_agents_are_found_by_an_alias_and_have_sessions_of_their_own() -> None:
    dialer = floor(300)
    assert dialer.alt_users["crm1299"] == "1299"
    assert len({agent.session for agent in dialer.agents.values()}) == 300
    assert len({agent.server for agent in dialer.agents.values()}) == 2


def test_the_same_seed_gives_the_same_floor() -> None:
    assert floor(50, seed=7).state() == floor(50, seed=7).state()
    assert floor(50, seed=7).state() != floor(50, seed=8).state()


def test_screens_poll_at_different_moments() -> None:
    assert len({agent.screen.phase for agent in floor(50).agents.values()}) == 50


def test_a_status_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="not a status of an agent: BUSY; there are READY, QUEUE, INCALL"):
        statuses_named("INCALL,BUSY")


@pytest.mark.parametrize(("text", "user", "password"), [("a:b", "a", "b"), ("a:", "a", ""), ("a:b:c=d", "a", "b:c=d")])
def test_account_named(text: str, user: str, password: str) -> None:
    account = account_named(text)
    assert (account.user, account.password) == (user, password)
    assert account.may_call("stereo_recording")


def test_an_account_without_all_rights() -> None:
    account = account_named("robot:pw,level=6,view_reports=false,allowed_functions=stereo_recording+logged_in_agents")
    assert (account.user, account.password, account.level, account.view_reports) == ("robot", "pw", 6, False)
    assert account.allowed_functions == ["stereo_recording", "logged_in_agents"]
    assert account_named("robot:pw,visible_campaigns=SALES").visible_campaigns == ["SALES"]
    assert account_named("robot:pw,last_login_date=5.5,language=Spanish").last_login_date == 5.5


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), ("Yes", True), ("on", True), ("1", True), ("false", False), ("No", False)]
)
def test_a_field_is_true_or_false_as_ansible_takes_it(text: str, expected: bool) -> None:
    assert account_named(f"robot:pw,active={text}").active is expected


def test_the_page_has_every_field_of_an_account_with_its_default() -> None:
    without_fields = account_named("robot:pw")
    rows = table("docs/simulator.md", "Field")
    assert list(rows) == [field.name for field in fields(Account)][2:]
    for name, (_values, default) in rows.items():
        given = "" if default == "all" else f",{name}={default.strip('`')}"
        assert account_named(f"robot:pw{given}") == without_fields, name


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (
            "function=x",
            "not understood in --account: function=x; there are active, agent_api_access,",
        ),
        ("password=x", "not understood in --account: password=x"),
        ("level", "not understood in --account: level"),
        ("level=high", "level of an account cannot be high: it has to be a whole number"),
        ("level=10", "level has to be a whole number, from 0 to 9"),
        ("active=", "active of an account cannot be nothing: it has to be true or false"),
        ("active=maybe", "active of an account cannot be maybe: it has to be true or false"),
        ("last_login_date=today", "last_login_date of an account cannot be today: it has to be a finite number"),
        ("language=spanish", "language has to be a text, one of default English, Spanish"),
        ("failures=-1", "failures has to be a whole number, at least 0"),
    ],
)
def test_a_field_of_an_account_that_makes_no_sense(field: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        account_named(f"robot:pw,{field}")


@pytest.mark.parametrize("text", ["", "a", ":b", "a b:c"])
def test_no_account(text: str) -> None:
    with pytest.raises(ValueError, match=r"an account is USER:PASSWORD|user has to be a text, of A-Z"):
        account_named(text)
