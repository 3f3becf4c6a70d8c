# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watcher against the simulator over HTTP: what a look costs, a server that is away, an account that is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils._errors import ApiError, InvalidArgumentError
from ansible_collections.telephony.vicidial.plugins.plugin_utils._events import options
from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.memory import RefusedBeforeError
from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.watcher import LONGEST_PAUSE, Look, Watcher
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, Simulator

# Of a mixed floor of ten (tests/support.py).
IN_A_CALL = ["1000", "1001", "1003", "1005", "1007", "1009"]


MakeWatcher = Callable[..., Watcher]


@pytest.fixture
def watcher(simulator: Simulator) -> Iterator[MakeWatcher]:
    """Makes watchers of the simulator, and closes them in the end."""
    made = []

    def make(warn: Callable[[str], Any] = pytest.fail, **args: Any) -> Watcher:
        connected = {"api_url": simulator.url, "api_user": USER, "api_password": PASSWORD}
        made.append(Watcher(options.read({**connected, **args})[0], warn))
        return made[-1]

    yield make
    for watch in made:
        watch.close()


def kinds(look: Look) -> list[tuple[Any, str]]:
    return [(event["vicidial"]["agent"], event["vicidial"]["event"]) for event in look.events]


def calls(simulator: Simulator) -> list[str]:
    """The functions that were called since the last time that this was asked, with the agents of STATUS."""
    found = [entry["agent_user"] or entry["function"] for entry in simulator.journal.entries()]
    simulator.journal.clear()
    return found


def test_a_look_costs_one_list_and_a_status_of_each_in_a_call(simulator: Simulator, watcher: MakeWatcher) -> None:
    watch = watcher()
    assert watch.look().events == []
    assert sorted(calls(simulator)) == [*map(str, range(1000, 1010)), "logged_in_agents"]
    assert watch.look().events == []
    found = calls(simulator)
    assert (found[0], sorted(found[1:])) == ("logged_in_agents", IN_A_CALL)


def test_with_a_rule_a_look_asks_only_agents_whom_the_rule_is_about(simulator: Simulator, watcher: MakeWatcher) -> None:
    watch = watcher(rule={"campaigns": "SUPPORT"}, campaigns=["SALES", "SUPPORT"])
    watch.look()
    calls(simulator)
    watch.look()
    assert sorted(calls(simulator)[1:]) == [user for user in IN_A_CALL if int(user) % 2]


def test_changes_become_events_and_only_once(simulator: Simulator, watcher: MakeWatcher) -> None:
    watch = watcher()
    watch.look()
    with simulator.lock:
        simulator.dialer.start_recording("1000")
        simulator.dialer.end_call("1001")
        simulator.dialer.log_out("1002")
    look = watch.look()
    assert sorted(kinds(look)) == [("1000", "recording_began"), ("1001", "call_ended"), ("1002", "logged_out")]
    assert watch.look().events == []
    [began] = [event["vicidial"] for event in look.events if event["vicidial"]["event"] == "recording_began"]
    assert began["campaign"] == "SALES"
    assert began["record"]["filename"].endswith("_SALES_1000")


def test_a_rate_limit_holds_and_everybody_gets_a_turn(simulator: Simulator, watcher: MakeWatcher) -> None:
    watch = watcher(rate_limit=4.0, interval=0.5, agent_users=["1000", "1001", "1003"])
    asked: set[str] = set()
    for _time in range(2):
        watch.look()
        found = calls(simulator)[1:]
        assert len(found) <= 2
        asked.update(found)
    assert asked == {"1000", "1001", "1003"}


# A server that is away


def test_a_server_that_is_away_is_told_of_once_and_so_is_its_return(simulator: Simulator, watcher: MakeWatcher) -> None:
    watch = watcher(retries=0)
    watch.look()
    simulator.faults.add(simulator.dialer, "bad-gateway", times=None)
    assert watch.look().events == [], "a single failed look is tried again first"
    away = watch.look()
    assert kinds(away) == [(None, "server_away")]
    assert away.events[0]["vicidial"]["reason"] == "http_error"
    pauses = [watch.look().pause for _time in range(6)]
    assert pauses[0] < pauses[2] < pauses[5] <= LONGEST_PAUSE * 1.1
    simulator.faults.clear()
    with simulator.lock:
        simulator.dialer.log_out("1002")
    assert kinds(watch.look()) == [(None, "server_back"), ("1002", "logged_out")]
    assert watch.look().events == []


def test_nobody_logs_in_while_an_answer_to_a_login_is_missing(simulator: Simulator, watcher: MakeWatcher) -> None:
    watch = watcher(retries=0)
    watch.look()
    calls(simulator)
    simulator.faults.add(simulator.dialer, "reset-before-work", times=None)
    for _time in range(5):
        watch.look()
    assert calls(simulator) == ["logged_in_agents", *["version"] * 4]


def test_a_page_of_somebody_else_is_a_server_that_is_away(simulator: Simulator, watcher: MakeWatcher) -> None:
    watch = watcher()
    watch.look()
    simulator.faults.add(simulator.dialer, "login-page", times=None)
    assert [watch.look().stopped_by for _time in range(3)] == [None] * 3
    simulator.faults.clear()
    assert kinds(watch.look()) == [(None, "server_back")]


@pytest.mark.parametrize("setting", ["stereo_recordings", "api_active"])
def test_what_is_switched_off_is_away(simulator: Simulator, watcher: MakeWatcher, setting: str) -> None:
    with simulator.lock:
        setattr(simulator.dialer.system, setting, False)
    watch = watcher()
    looks = [watch.look(), watch.look()]
    assert [kinds(look) for look in looks] == [[], [(None, "server_away")]]
    with simulator.lock:
        setattr(simulator.dialer.system, setting, True)
    assert kinds(watch.look()) == [(None, "server_back")]


# An account that is refused


def test_a_wrong_password_is_one_failed_login(simulator: Simulator, watcher: MakeWatcher) -> None:
    watch = watcher(api_password="wrong")
    look = watch.look()
    assert kinds(look) == [(None, "stopped")]
    assert look.stopped_by is not None
    assert (look.stopped_by.reason, simulator.dialer.accounts[USER].failures) == ("authentication_failed", 1)
    assert "wrong" not in str(look.events)


def test_not_even_a_restart_tries_a_refused_password_again(
    simulator: Simulator, watcher: MakeWatcher, tmp_path: Path
) -> None:
    state_file = str(tmp_path / "state.json")
    watcher(api_password="wrong-and-kept", state_file=state_file).look()
    with pytest.raises(RefusedBeforeError) as refused:
        watcher(api_password="wrong-and-kept", state_file=state_file)
    assert refused.value.reason == "authentication_failed"
    assert simulator.dialer.accounts[USER].failures == 1
    assert "wrong-and-kept" not in Path(state_file).read_text()
    assert watcher(state_file=state_file).look().stopped_by is None


def test_a_password_that_changes_ends_the_watch_by_one_failed_login(simulator: Simulator, watcher: MakeWatcher) -> None:
    watch = watcher()
    watch.look()
    with simulator.lock:
        simulator.dialer.accounts[USER].password = "changed"
    look = watch.look()
    assert look.stopped_by is not None
    assert (look.stopped_by.reason, simulator.dialer.accounts[USER].failures) == ("authentication_failed", 1)


def test_a_missing_right_ends_the_watch(simulator: Simulator, watcher: MakeWatcher) -> None:
    with simulator.lock:
        simulator.dialer.accounts[USER].allowed_functions = ["logged_in_agents"]
    look = watcher().look()
    assert look.stopped_by is not None
    assert look.stopped_by.reason == "permission_denied"


def test_a_password_that_the_listing_would_strip_is_not_sent(simulator: Simulator, watcher: MakeWatcher) -> None:
    look = watcher(api_password="a.b+c").look()
    assert isinstance(look.stopped_by, InvalidArgumentError)
    assert simulator.dialer.accounts[USER].failures == 0


# The loop


def test_it_runs_until_it_is_interrupted_and_looks_at_a_push_at_once(
    simulator: Simulator, watcher: MakeWatcher, tmp_path: Path
) -> None:
    state_file = tmp_path / "state.json"
    watch = watcher(interval=3600.0, state_file=str(state_file))
    found: list[Any] = []
    has_told = threading.Event()

    def take(event: Any) -> None:
        found.append(event["vicidial"]["event"])
        has_told.set()

    thread = threading.Thread(target=watch.run, args=[take])
    thread.start()
    while not state_file.exists():
        pass
    with simulator.lock:
        simulator.dialer.start_recording("1000")
    watch.hasten("1000")
    assert has_told.wait(10)
    watch.interrupt()
    thread.join(10)
    assert not thread.is_alive()
    assert found == ["recording_began"]
    assert state_file.stat().st_mode & 0o777 == 0o600
    with simulator.lock:
        simulator.dialer.end_call("1000")
    again = watcher(state_file=str(state_file))
    assert sorted(kinds(again.look())) == [("1000", "call_ended"), ("1000", "recording_ended")]


def test_the_loop_ends_with_what_the_server_said_about_the_account(simulator: Simulator, watcher: MakeWatcher) -> None:
    found: list[str] = []
    with pytest.raises(ApiError) as ended:
        watcher(api_password="wrong").run(lambda event: found.append(event["vicidial"]["event"]))
    assert (ended.value.reason, found) == ("authentication_failed", ["stopped"])


# Options and memory


@pytest.mark.parametrize(
    ("args", "what"),
    [
        ({"api_url": "dialer"}, "api_url is not a URL"),
        ({"interval": 0.1}, "interval is not 0.5 to 3600 seconds"),
        ({"interval": "soon"}, "interval"),
        ({"for_seconds": -1}, "for_seconds"),
        ({"rule": {"state": "loud"}}, "rule: state is 'loud'"),
        ({"rule": {"campaign": "SALES"}}, "rule: campaign is no part of a rule"),
        ({"rule": {"campaigns": "SA LES"}}, "rule: campaigns holds 'SA LES'"),
        ({"agent_users": ["10 00"]}, "agent_users '10 00' is not a VICIdial user"),
        ({"agents": ["1000"]}, "agents"),
        ({"push_port": 5000}, "push_token"),
        ({"push_port": 5000, "push_token": "short"}, "push_token has fewer than 16 characters"),
        ({"push_port": 70000, "push_token": "x" * 16}, "push_port is not 0 to 65535"),
    ],
)
def test_options_that_make_no_sense_are_refused(args: dict[str, Any], what: str) -> None:
    connected = {"api_url": "https://dialer.example.com", "api_user": USER, "api_password": PASSWORD}
    with pytest.raises(InvalidArgumentError, match=what.replace("(", r"\(")):
        options.read({**connected, **args})


def test_address_and_account_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("URL", "http://dialer.example.com"), ("USER", USER), ("PASSWORD", PASSWORD)):
        monkeypatch.setenv(f"VICIDIAL_API_{name}", value)
    settings, warnings = options.read({})
    assert settings.agent_api.url == "http://dialer.example.com/agc/api.php"
    assert settings.watched.rule is None
    assert len(warnings) == 1
    assert "plain http" in warnings[0]


@pytest.mark.parametrize("content", ["", "no JSON", "[]", '{"format": 1, "scope": [], "agents": {}}', '{"format": 9}'])
def test_a_file_that_is_no_state_file_is_begun_anew(watcher: MakeWatcher, tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    said: list[str] = []
    watch = watcher(said.append, state_file=str(path))
    assert "it begins anew" in said[0]
    assert watch.look().events == []


def test_a_directory_that_is_not_there_ends_nothing(watcher: MakeWatcher, tmp_path: Path) -> None:
    said: list[str] = []

    def warn(text: str) -> None:
        said.append(text)
        watch.interrupt()

    watch = watcher(warn, state_file=str(tmp_path / "no" / "state.json"))
    watch.run(lambda event: pytest.fail(str(event)))
    assert said == [
        "The state file cannot be written (No such file or directory): a restart begins from an older state."
    ]
