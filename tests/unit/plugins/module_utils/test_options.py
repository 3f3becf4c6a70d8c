# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options: what is refused before anything is sent, what is warned of, and what they become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils import _options
from ansible_collections.telephony.vicidial.plugins.module_utils._errors import InvalidArgumentError
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent

GOOD: dict[str, Any] = {
    "agent_user": "1000",
    "api_url": "https://dialer.example.com",
    "api_user": "6666",
    "api_password": "secret",
    "api_source": "ansible",
    "validate_certs": True,
    "ca_path": None,
    "client_cert": None,
    "client_key": None,
    "timeout": 10.0,
    "retries": 3,
}


def test_good_options_pass_without_a_word() -> None:
    _options.check({**GOOD, "wait_timeout": 0.0, "wait_sleep": 0.1, "agent_users": ["a", "B-_9"]})
    assert _options.warnings(GOOD) == []


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("agent_user", "10 00", "agent_user '10 00' is not a VICIdial user"),
        ("agent_user", "", "is not a VICIdial user"),
        ("agent_user", "1000\n", "is not a VICIdial user"),
        ("agent_user", "søren", "is not a VICIdial user"),
        ("alt_user", "a|b", "alt_user 'a|b' cannot be looked up"),
        ("alt_user", "crm-1001", "alt_user 'crm-1001' cannot be looked up"),
        ("alt_user", "c", "alt_user 'c' cannot be looked up"),
        ("agent_user", True, "agent_user holds the boolean True, which YAML makes of words such as yes"),
        ("alt_user", False, "alt_user holds the boolean False"),
        ("agent_users", ["1000", True], "agent_users holds the boolean True"),
        ("agent_users", ["True"], "agent_users holds the boolean True"),
        ("agent_users", [1000, None], "agent_users holds None, which is no text"),
        ("agent_user", 1000.5, "agent_user holds 1000.5, which is no text"),
        ("campaigns", [True], "campaigns holds the boolean True"),
        ("validate_certs", None, "validate_certs has no value"),
        ("timeout", None, "timeout has no value"),
        ("api_source", None, "api_source has no value"),
        ("non_agent_api_url", "https://dialer.example.com/x.php?pass=secret", "non_agent_api_url holds more than"),
        ("client_cert", "/", "client_cert / is a directory"),
        ("agent_users", ["1000", "1001;"], "agent_users '1001;' is not a VICIdial user"),
        ("agent_users", ["anna", "1000", "Anna"], "agent_users holds 'anna' and 'Anna', which VICIdial takes for one"),
        ("api_url", "dialer.example.com", "api_url is not a URL such as"),
        ("api_url", "ftp://dialer.example.com", "api_url is not a URL such as"),
        ("api_url", "http://", "api_url is not a URL such as"),
        ("api_url", "http://[::1", "api_url is not a URL such as"),
        ("api_url", "http://host:99999", "api_url is not a URL such as"),
        ("api_url", "https://6666:secret@dialer.example.com", "api_url holds more than an address"),
        ("api_url", "https://dialer.example.com/agc/api.php?pass=secret", "api_url holds more than an address"),
        ("api_url", "https://dialer.example.com/#secret", "api_url holds more than an address"),
        ("api_user", "", "api_user is empty"),
        ("api_password", "", "api_password is empty"),
        ("api_source", "a", "api_source 'a' is not 2 to 20 letters and digits"),
        ("api_source", "a" * 21, "is not 2 to 20"),
        ("api_source", "my-tool", "is not 2 to 20"),
        ("ca_path", "/nowhere.pem", "ca_path /nowhere.pem does not exist"),
        ("client_cert", "/nowhere.pem", "client_cert /nowhere.pem does not exist"),
        ("client_key", "/nowhere.pem", "client_key /nowhere.pem does not exist"),
        ("timeout", 0.0, "timeout is not more than 0"),
        ("timeout", float("nan"), "timeout is not more than 0"),
        ("timeout", float("inf"), "at most 3600 seconds"),
        ("wait_timeout", float("inf"), "wait_timeout is not 0 to 3600"),
        ("retries", -1, "retries is not 0 to 10"),
        ("retries", 11, "retries is not 0 to 10"),
        ("rate_limit", 0.5, "rate_limit is less than 1"),
        ("wait_timeout", -0.1, "wait_timeout is not 0 to 3600"),
        ("wait_timeout", float("nan"), "wait_timeout is not 0 to 3600"),
        ("wait_sleep", 0.05, "wait_sleep is not 0.1 to 3600"),
        ("stable_for", -1.0, "stable_for is not 0 to 3600"),
        ("stable_for", float("nan"), "stable_for is not 0 to 3600"),
    ],
)
def test_what_the_server_would_misread_is_refused(option: str, value: object, said: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        _options.check({**GOOD, option: value})
    assert said in str(caught.value)
    assert "nothing was sent" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_is_not_waited_for_cannot_hold() -> None:
    with pytest.raises(InvalidArgumentError, match="stable_for is set, and wait is false"):
        _options.check({**GOOD, "stable_for": 1.0, "wait": False})


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost", "http://[::1]/agc/api.php", "https://a.b"]
)
def test_no_warning_where_the_password_is_safe(url: str) -> None:
    assert _options.warnings({**GOOD, "api_url": url}) == []


@pytest.mark.parametrize("url", ["http://dialer.example.com", "http://10.0.0.5", "http://localhost.example.com"])
def test_plain_http_is_warned_of(url: str) -> None:
    (warning,) = _options.warnings({**GOOD, "api_url": url})
    assert "travels to" in warning


def test_a_password_that_cannot_match_is_warned_of_without_saying_it() -> None:
    (warning,) = _options.warnings({**GOOD, "api_password": "p@ss!w#rd"})
    assert "can never match" in warning
    assert "p@ss!w#rd" not in warning
    assert "psswrd" not in warning


@pytest.mark.parametrize(
    ("named", "numbers"),
    [
        ({"agent_user": 1000}, []),
        ({"agent_user": "0042", "alt_user": "007"}, []),
        ({"agent_users": [1000, 34567, "1"], "campaigns": ["7"], "user_groups": []}, []),
        ({"agent_user": 0o0042}, ["agent_user holds the number 34"]),
        ({"alt_user": 0}, ["alt_user holds the number 0"]),
        (
            {"agent_users": [7, 1001, 0o777], "campaigns": [5]},
            ["agent_users holds the number 7", "agent_users holds the number 511", "campaigns holds the number 5"],
        ),
    ],
)
def test_a_number_that_yaml_may_have_changed_is_warned_of(named: dict[str, Any], numbers: list[str]) -> None:
    found = _options.warnings({**GOOD, "agent_user": None, **named})
    assert [warning.partition(".")[0] for warning in found] == numbers
    assert all("Quote it" in warning for warning in found)


def test_names_become_text() -> None:
    nobody = dict.fromkeys(_options.AGENT_SPEC)
    assert _options.agents({**nobody, "agent_users": [1000, "1000", "1001"]}) == ([Agent("1000"), Agent("1001")], False)
    assert _options.agents({**nobody, "agent_user": 1000}) == ([Agent("1000")], True)
    assert _options.agents({**nobody, "alt_user": 1000}) == ([Agent(None, "1000")], True)
    assert _options.agent_filter({"campaigns": [7], "user_groups": ["A"]}).campaigns == ["7"]


@pytest.mark.parametrize("head", ["ENCRYPTED PRIVATE KEY-----", "RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED"])
@pytest.mark.parametrize("option", ["client_cert", "client_key"])
def test_a_key_with_a_pass_phrase_is_refused_for_openssl_would_ask_the_terminal(
    tmp_path: Path, option: str, head: str
) -> None:
    key = tmp_path / "key.pem"
    key.write_text(f"-----BEGIN {head}\nMIIF\n-----END PRIVATE KEY-----\n")
    with pytest.raises(InvalidArgumentError, match="key with a pass phrase"):
        _options.check({**GOOD, option: str(key)})


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("https://host", "https://host/agc/api.php"),
        ("https://host/", "https://host/agc/api.php"),
        ("https://host:8443/agc", "https://host:8443/agc/api.php"),
        ("https://host/agc/", "https://host/agc/api.php"),
        ("https://host/agc/api.php", "https://host/agc/api.php"),
        ("https://host/agc/api.php/", "https://host/agc/api.php"),
        ("https://host/vicidial-1", "https://host/vicidial-1/agc/api.php"),
    ],
)
def test_a_root_and_a_full_path_mean_the_same(given: str, full: str) -> None:
    assert _options.connection({**GOOD, "api_url": given}).url == full


@pytest.mark.parametrize(
    ("validate", "ca_path", "verify"),
    [(True, None, True), (True, "/ca.pem", "/ca.pem"), (False, None, False), (False, "/ca.pem", False)],
)
def test_verification_is_on_unless_switched_off(validate: bool, ca_path: str | None, verify: bool | str) -> None:
    made = _options.connection({**GOOD, "validate_certs": validate, "ca_path": ca_path})
    assert made.verify == verify


def test_files_that_exist_pass(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.touch()
    _options.check({**GOOD, "ca_path": str(tmp_path), "client_cert": str(file), "client_key": str(file)})
