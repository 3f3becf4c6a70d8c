# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory through Ansible's own InventoryManager and commands, against the simulator."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible.utils.display import Display

from ansible_collections.telephony.vicidial.plugins.doc_fragments import connection
from ansible_collections.telephony.vicidial.plugins.inventory import vicidial_agents
from ansible_collections.telephony.vicidial.plugins.module_utils import _options
from ansible_collections.telephony.vicidial.plugins.modules.vicidial_stereo_recording_info import OPERATION
from ansible_collections.telephony.vicidial.tests.documents import EXAMPLES, ROOT, blocks
from ansible_collections.telephony.vicidial.tests.support import Simulator
from vicidial_simulator.accounts import Account

NAME = "telephony.vicidial.vicidial_agents"
PASSWORD = "p@ss!w#rd"
STRIPPED = "psswrd"
BY_CAMPAIGN: dict[str, Any] = {"keyed_groups": [{"prefix": "campaign", "key": "vicidial_campaign_id"}]}
SALES = ["1000", "1002", "1004", "1006", "1008"]
DOCUMENT = ROOT / "docs" / "inventory.md"


class Source:
    """An inventory file about a simulator, loaded as Ansible does. ``warnings`` are all that Ansible said."""

    def __init__(self, simulator: Simulator, directory: Path, warnings: list[str]) -> None:
        self.simulator = simulator
        self.path = directory / "floor.vicidial_agents.yml"
        self.warnings = warnings

    def write(self, **options: Any) -> Path:
        given = {
            "plugin": NAME,
            "api_url": self.simulator.url,
            "api_user": "6666",
            "api_password": "simulated",
            "retries": 0,
            **options,
        }
        self.path.write_text(json.dumps({name: value for name, value in given.items() if value is not None}))
        return self.path

    def load(self, refresh: bool = False, **options: Any) -> InventoryManager:
        self.warnings.clear()
        return InventoryManager(DataLoader(), sources=[str(self.write(**options))], cache=not refresh)

    def hosts(self, **options: Any) -> dict[str, dict[str, Any]]:
        """The variables of every host but those that Ansible adds by itself."""
        inventory = self.load(**options)
        ansibles = {"inventory_file", "inventory_dir"}
        return {
            host.name: {key: value for key, value in host.vars.items() if key not in ansibles}
            for host in inventory.list_hosts("all")
        }

    def error(self, **options: Any) -> str:
        """What is wrong, in one line, from the plugin itself."""
        plugin = inventory_loader.get(NAME)
        with pytest.raises(AnsibleParserError) as caught:
            plugin.parse(InventoryData(), DataLoader(), str(self.write(**options)), cache=True)
        # Ansible shows a cause together with the error.
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        text = str(caught.value)
        assert "\n" not in text.strip()
        return text

    @property
    def calls(self) -> list[str]:
        """What was asked of the server, in order."""
        return [entry["agent_user"] or entry["function"] for entry in self.simulator.journal.entries()]


@pytest.fixture
def source(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    for variable in list(os.environ):
        if variable.startswith("VICIDIAL_"):
            monkeypatch.delenv(variable)
    warnings: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, msg, **_more: warnings.append(str(msg)))
    # Since ansible-core 2.19
    monkeypatch.setattr(
        Display, "error_as_warning", lambda _self, msg, exception: warnings.append(f"{msg} {exception}"), False
    )
    monkeypatch.setattr(constants, "INVENTORY_ENABLED", ["auto"])
    return Source(simulator, tmp_path, warnings)


def groups(inventory: InventoryManager) -> dict[str, list[str]]:
    return {
        name: [host.name for host in group.hosts]
        for name, group in inventory.groups.items()
        if name not in ("all", "ungrouped")
    }


def test_every_logged_in_agent_is_a_host_with_typed_variables(source: Source) -> None:
    hosts = source.hosts()
    assert list(hosts) == [str(user) for user in range(1000, 1010)]
    call = source.simulator.dialer.agents["1001"].call
    assert call is not None
    assert hosts["1001"] == {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "vicidial_user": "1001",
        "vicidial_campaign_id": "SUPPORT",
        "vicidial_session_id": "8600052",
        "vicidial_status": "INCALL",
        "vicidial_lead_id": call.lead_id,
        "vicidial_callerid": call.caller_id,
        "vicidial_calls_today": 1,
        "vicidial_full_name": 'John "JJ" Smith, Jr.',
        "vicidial_user_group": "AGENTS",
        "vicidial_user_level": 1,
    }
    assert source.calls == ["logged_in_agents"]
    assert source.warnings == []


def test_sub_status_adds_two_variables(source: Source) -> None:
    source.simulator.dialer.change_agent("1004", sub_status="DEAD")
    variables = source.hosts(sub_status=True)["1004"]
    assert (variables["vicidial_pause_code"], variables["vicidial_sub_status"]) == ("BREAK", "DEAD")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"campaigns": ["SALES"]}, SALES),
        ({"campaigns": ["SALES", "NONE"], "user_groups": ["NIGHT"]}, ["1000"]),
        ({"user_groups": ["NIGHT"]}, ["1000", "1001"]),
        ({"user_groups": [7]}, ["1002"]),
        ({"campaigns": ["NONE"]}, []),
    ],
)
def test_campaigns_and_user_groups_choose(source: Source, options: dict[str, Any], expected: list[str]) -> None:
    for user, group in (("1000", "NIGHT"), ("1001", "NIGHT"), ("1002", "7")):
        source.simulator.dialer.change_agent(user, user_group=group)
    assert list(source.hosts(**options)) == expected


def test_a_prefix_stands_before_the_hosts_name_only(source: Source) -> None:
    hosts = source.hosts(host_prefix="agent_")
    assert hosts["agent_1000"]["vicidial_user"] == "1000"


def test_constructed_groups_and_variables(source: Source) -> None:
    inventory = source.load(
        **BY_CAMPAIGN,
        groups={
            "in_a_call": "vicidial_status == 'INCALL'",
            "last": "vicidial_lead_id == 500006 and vicidial_calls_today > 0",
        },
        compose={"lead": "vicidial_lead_id + 1", "ansible_connection": "'ssh'"},
    )
    found = groups(inventory)
    assert found["campaign_SALES"] == SALES
    assert found["in_a_call"] == ["1000", "1001", "1003", "1005", "1007", "1009"]
    assert found["last"] == ["1009"]
    host = inventory.get_host("1000")
    assert (int(host.vars["lead"]), host.vars["ansible_connection"]) == (500002, "ssh")


def test_strict_makes_a_wrong_expression_an_error(source: Source) -> None:
    wrong = {"groups": {"x": "nothing.there"}}
    assert len(source.hosts(**wrong)) == 10
    assert source.hosts(**wrong, strict=True) == {}
    assert "Could not add host 1000 to group x" in source.warnings[0]


def test_recording_gives_the_record_that_the_modules_give_as_a_fact(source: Source) -> None:
    source.simulator.dialer.start_recording("1003")
    inventory = source.load(recording=True, groups={"recorded": "vicidial_recording.state == 'recording'"})
    assert groups(inventory) == {"recorded": ["1003"]}
    assert source.calls[:2] == ["logged_in_agents", "1000"]
    assert sorted(source.calls[1:]) == [str(user) for user in range(1000, 1010)]
    named: dict[str, Any] = {"agent_user": None, "agent_users": ["1003", "1004"], "alt_user": None}
    named |= {"when_logged_out": "ignore", "log": False}
    spec = {**_options.CONNECTION_SPEC, **_options.THROTTLE_SPEC}
    params = {**{name: option.get("default") for name, option in spec.items()}, **named}
    params.update(api_url=source.simulator.url, api_user="6666", api_password="simulated")
    result, _warnings = OPERATION.perform(params, False, lambda: False)
    facts = result["ansible_facts"]["vicidial_stereo_recordings"]
    assert facts["1003"]["state"] == "recording"
    for user in ("1003", "1004"):
        assert inventory.get_host(user).vars["vicidial_recording"] == facts[user]


def test_without_recording_nobody_is_asked(source: Source) -> None:
    assert "vicidial_recording" not in source.hosts()["1000"]
    assert source.calls == ["logged_in_agents"]


@pytest.mark.parametrize("options", [{"concurrency": 1}, {"rate_limit": 1000}])
def test_an_inventory_loads_with_a_concurrency_or_a_rate_limit(source: Source, options: dict[str, Any]) -> None:
    assert source.hosts(recording=True, **options)["1009"]["vicidial_recording"]["state"] == "idle"


def test_an_agent_who_cannot_be_asked_is_a_host_all_the_same(source: Source) -> None:
    source.simulator.faults.add(source.simulator.dialer, "bad-gateway", times=None, agent_user="1003")
    hosts = source.hosts(recording=True)
    assert {user for user, variables in hosts.items() if variables["vicidial_recording"]["state"] is None} == {"1003"}
    (warning,) = source.warnings
    assert warning.startswith("The recording of 1 of 10 agents is not known. Agent 1003: HTTP 502 came back")


def test_an_agent_who_logs_out_between_the_two_questions_is_reported_as_logged_out(source: Source) -> None:
    real = source.simulator.server.apis["/vicidial/non_agent_api.php"].respond
    dialer = source.simulator.dialer

    def respond(params: Any, address: str) -> tuple[int, str]:
        answer = real(params, address)
        dialer.log_out("1003")
        return answer

    source.simulator.server.apis["/vicidial/non_agent_api.php"].respond = respond  # type: ignore[method-assign]
    record = source.hosts(recording=True)["1003"]["vicidial_recording"]
    assert (record["logged_in"], record["state"]) == (False, None)
    assert source.warnings == []


def test_a_server_that_goes_away_in_the_middle_leaves_an_inventory(source: Source) -> None:
    source.simulator.faults.add(
        source.simulator.dialer, "reset-before-work", times=None, skip=4, function="stereo_recording"
    )
    hosts = source.hosts(recording=True, concurrency=1)
    states = [variables["vicidial_recording"]["state"] for variables in hosts.values()]
    assert states == ["idle"] * 4 + [None] * 6
    assert len(source.calls) < 10
    assert "6 of 10 agents" in source.warnings[0]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (("account", {"user": "6666", "allowed_functions": ["logged_in_agents"]}), "the function stereo_recording"),
        (("system", {"api_active": False}), "API Active"),
        (("fault", {"name": "old-build"}), "250830-2102"),
        (("fault", {"name": "translated"}), "default English"),
    ],
)
def test_what_is_not_about_one_agent_is_an_error_after_one_call(
    source: Source, prepare: tuple[str, dict[str, Any]], said: str
) -> None:
    source.simulator.control.act(*prepare)
    assert said in source.error(recording=True)
    asked = [call for call in source.calls if call not in ("logged_in_agents", "version")]
    assert asked in (["1000"], ["1000", "1000"])


def test_nobody_logged_in_is_an_empty_inventory_without_a_word(source: Source) -> None:
    for user in list(source.simulator.dialer.agents):
        source.simulator.dialer.log_out(user)
    assert source.hosts(recording=True, **BY_CAMPAIGN) == {}
    assert source.warnings == []
    assert source.calls == ["logged_in_agents"]


@pytest.mark.parametrize(
    ("name", "verified"),
    [
        ("vicidial_agents.yml", True),
        ("vicidial_agents.yaml", True),
        ("floor.vicidial_agents.yml", True),
        ("01.floor.vicidial_agents.yaml", True),
        ("myvicidial_agents.yml", False),
        (".vicidial_agents.yml", False),
        ("vicidial_agents.json", False),
        ("vicidial_agents.yml.bak", False),
        ("hosts.yml", False),
    ],
)
def test_a_file_is_verified_by_its_name(source: Source, name: str, verified: bool) -> None:
    path = source.path.with_name(name)
    path.write_text("plugin: telephony.vicidial.vicidial_agents\n")
    assert inventory_loader.get(NAME).verify_file(str(path)) is verified


def test_a_file_that_is_not_there_is_not_verified(source: Source) -> None:
    assert not inventory_loader.get(NAME).verify_file(str(source.path))


ACCOUNTS = [
    (Account("6666", "another"), "refused the user name or the password"),
    (Account("6666", STRIPPED, level=6), "user level of the API account is below 7"),
    (Account("6666", STRIPPED, view_reports=False), '"View Reports"'),
    (Account("6666", STRIPPED, agent_api_access=False), '"Agent API Access"'),
    (Account("6666", STRIPPED, failures=10, last_login_date=1e12), "locked after ten failed logins"),
    (Account("6666", STRIPPED, allowed_addresses=["10.0.0.9"]), "from this address"),
]


@pytest.mark.parametrize(("account", "said"), ACCOUNTS)
def test_an_account_error_is_one_clear_line_without_the_password(source: Source, account: Account, said: str) -> None:
    source.simulator.dialer.accounts["6666"] = account
    text = source.error(api_password=PASSWORD, retries=5)
    assert said in text
    assert source.calls == ["logged_in_agents"]
    for secret in (PASSWORD, STRIPPED):
        assert secret not in text + "".join(source.warnings)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("bad-gateway", "HTTP 502"),
        ("login-page", "a web page came back"),
        ("redirect", "redirects to https://elsewhere.invalid"),
        ("reset-before-work", "cannot be reached"),
        ("truncated-unnoticed", "cut off"),
        ("empty-body", "holds no result"),
        ("database-down", "database"),
    ],
)
def test_a_server_in_trouble_is_one_clear_line(source: Source, fault: str, said: str) -> None:
    source.simulator.dialer.change_agent("1006", full_name="Zoe")  # an apostrophe would make it HTTP 500 (protocol 5.5)
    source.simulator.faults.add(source.simulator.dialer, fault, times=None)
    assert said in source.error()


def test_a_list_whose_answer_got_lost_is_not_asked_for_again(source: Source) -> None:
    """It may have been that the password is wrong."""
    source.simulator.faults.add(source.simulator.dialer, "bad-gateway")
    assert "HTTP 502" in source.error(retries=3)
    assert source.calls == ["logged_in_agents"]


def test_an_unreachable_server_is_one_clear_line(source: Source) -> None:
    assert "the server cannot be reached: Connection refused" in source.error(api_url="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api_url": "dialer"}, "api_url is not a URL"),
        ({"api_url": "https://6666:secret@dialer"}, "credentials go into api_user"),
        ({"api_user": ""}, "api_user is empty"),
        ({"api_source": "x"}, "api_source"),
        ({"timeout": 0}, "timeout"),
        ({"retries": 99}, "retries"),
        ({"concurrency": 9}, "concurrency"),
        ({"rate_limit": 0}, "rate_limit"),
        ({"ca_path": "/nowhere"}, "ca_path"),
        ({"client_key": __file__}, "required by 'client_key': client_cert"),
        *[({"validate_certs": text}, "is not a valid boolean") for text in ("ture", "", "None", 2, "{{ 'ture' }}")],
        *[({"recording": text}, "is not a valid boolean") for text in ("ture", "{{ 3 }}")],
        *[({name: "ture"}, "is not a valid boolean") for name in ("sub_status", "cache", "strict")],
        ({"cache": "{{ true }}"}, "is not a valid boolean"),
        ({"timeout": "soon"}, "'timeout'"),
        ({"retries": "{{ 'many' }}"}, "'retries'"),
        ({"concurrency": 1.5}, "'concurrency'"),
        ({"ca_path": "{{ '/nowhere' }}"}, "ca_path /nowhere does not exist"),
        ({"campaigns": [True]}, "campaigns holds the boolean True"),
        ({"non_agent_api_url": "dialer"}, "non_agent_api_url is not a URL"),
        ({"api_url": "http://127.0.0.1:9/agc2/api.php"}, "Set non_agent_api_url"),
        ({"campaigns": ["SA LES"]}, "'SA LES' is no campaign"),
        ({"user_groups": ["*"]}, "'*' is no campaign and no user group"),
        ({"api_password": "{{ sim"}, "api_password is a template that cannot be evaluated"),
        ({"api_user": "{{ nothing }}"}, "api_user is a template that cannot be evaluated"),
    ],
)
def test_bad_options_are_named_and_nothing_is_sent(source: Source, options: dict[str, Any], said: str) -> None:
    text = source.error(**options)
    assert said in text
    assert "secret" not in text
    assert "{{ sim" not in text
    assert source.calls == []


def test_without_requests_ansibles_own_message_says_so(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = inventory_loader.get(NAME)
    monkeypatch.setitem(plugin.parse.__globals__, "HAS_REQUESTS", False)
    assert "Failed to import the required Python library (requests)" in source.error()


@pytest.mark.parametrize("path", ["", "/", "/agc/api.php", "/vicidial/non_agent_api.php", "/vicidial/"])
def test_the_address_leads_to_both_apis(source: Source, path: str) -> None:
    assert len(source.hosts(api_url=source.simulator.url + path, recording=True, campaigns=["SALES"])) == 5
    assert {entry["path"] for entry in source.simulator.journal.entries()} == {
        "/vicidial/non_agent_api.php",
        "/agc/api.php",
    }


def test_the_connection_from_the_environment(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("URL", source.simulator.url), ("USER", "6666"), ("PASSWORD", "simulated"), ("SOURCE", "env")):
        monkeypatch.setenv(f"VICIDIAL_API_{name}", value)
    assert len(source.hosts(api_url=None, api_user=None, api_password=None)) == 10
    assert source.simulator.journal.entries()[0]["source"] == "env"


def test_the_environment_variables_are_those_of_the_modules() -> None:
    documented = yaml.safe_load(connection.ModuleDocFragment.PLUGIN)["options"]
    spec = {**_options.CONNECTION_SPEC, **_options.LISTING_SPEC}
    assert {name: [env["name"] for env in option["env"]] for name, option in documented.items()} == {
        name: option["fallback"][1] for name, option in spec.items() if "fallback" in option
    }
    fragment = connection.ModuleDocFragment
    described = [yaml.safe_load(text)["options"] for text in (fragment.DOCUMENTATION, fragment.LISTING)]
    assert [set(options) for options in described] == [set(_options.CONNECTION_SPEC), set(_options.LISTING_SPEC)]


def test_verification_of_the_certificate(https_simulator: Simulator, source: Source) -> None:
    over_https = Source(https_simulator, source.path.parent, source.warnings)
    assert "certificate is not trusted" in over_https.error()
    assert len(over_https.hosts(ca_path=str(https_simulator.ca_path))) == 10
    evaluated = {"ca_path": f"{{{{ '{https_simulator.ca_path}' }}}}", "validate_certs": "{{ true }}"}
    assert len(over_https.hosts(**evaluated)) == 10
    assert len(over_https.hosts(validate_certs=False)) == 10
    assert len(over_https.hosts(validate_certs="{{ 1 > 2 }}")) == 10
    assert "certificate is not trusted" in over_https.error(validate_certs="{{ 1 < 2 }}")


def test_an_empty_ca_path_of_the_environment_is_none(
    https_simulator: Simulator, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A credential of AWX without a CA sets it so. Ansible would take it for the working directory."""
    monkeypatch.setenv("VICIDIAL_CA_PATH", "")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(https_simulator.ca_path))
    over_https = Source(https_simulator, source.path.parent, source.warnings)
    assert len(over_https.hosts()) == 10
    assert len(over_https.hosts(ca_path=str(https_simulator.ca_path))) == 10


TEMPLATES: dict[str, Any] = {
    "api_user": "{{ 6660 + 6 }}",
    "api_password": "{{ 'simu' ~ 'lated' }}",
    "timeout": "{{ 5 }}",
    "retries": "{{ 0 }}",
    "concurrency": "{{ 2 }}",
    "rate_limit": "{{ 1000 }}",
    "recording": "{{ 1 == 1 }}",
    "sub_status": "{{ true }}",
    "host_prefix": "{{ 'agent_' }}",
    "campaigns": "{{ ['SALES'] }}",
}


def test_options_can_be_templates(source: Source) -> None:
    hosts = source.hosts(**TEMPLATES)
    assert list(hosts) == [f"agent_{user}" for user in SALES]
    assert hosts["agent_1000"].keys() >= {"vicidial_recording", "vicidial_pause_code"}


def test_a_template_in_the_environment_is_text(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    source.simulator.dialer.accounts["6666"].password = "77"
    monkeypatch.setenv("VICIDIAL_API_PASSWORD", "{{ 7 }}7")
    assert len(source.hosts(api_password=None)) == 10


@pytest.mark.parametrize("text", ["ture", "", "None", "2", "{{ true }}"])
def test_an_environment_that_is_no_boolean_is_refused(
    source: Source, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("VICIDIAL_VALIDATE_CERTS", text)
    assert "is not a valid boolean" in source.error()
    assert source.calls == []


def test_a_server_of_an_unusual_path(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    apis = source.simulator.server.apis
    apis["/agc2/api.php"], apis["/v2/list.php"] = apis["/agc/api.php"], apis["/vicidial/non_agent_api.php"]
    given: dict[str, Any] = {"api_url": f"{source.simulator.url}/agc2/api.php", "recording": True}
    assert len(source.hosts(**given, non_agent_api_url=f"{source.simulator.url}/v2/list.php")) == 10
    assert len(source.hosts(**given, non_agent_api_url=source.simulator.url)) == 10
    monkeypatch.setenv("VICIDIAL_NON_AGENT_API_URL", f"{source.simulator.url}/v2/list.php")
    assert len(source.hosts(**given)) == 10
    entries = source.simulator.journal.entries()
    assert [entry["path"] for entry in entries if entry["function"] == "logged_in_agents"] == [
        "/v2/list.php",
        "/vicidial/non_agent_api.php",
        "/v2/list.php",
    ]


# Names, users and groups as nobody expects them


HOSTILE = [
    "{{ 7 * 7 }}",
    "{% raw %}",
    "{# gone #}",
    "tab\tin {{ 1 }}\tit",
    "Smith, \"JJ\", | 'x'; {}",
    "[1, 2]",
    "!unsafe &a *b",
    "李小龍 محمد علي தமிழ்",
    "two\nlines",
    "\u2028\x85\x0b",
    "",
]


@pytest.mark.parametrize("cached", [False, True])
def test_names_come_through_unharmed_and_are_never_evaluated(source: Source, tmp_path: Path, cached: bool) -> None:
    expected = {}
    for number, name in enumerate([*HOSTILE, f"{{{{ lookup('pipe', 'touch {tmp_path}/was_here') }}}}"], 2000):
        source.simulator.dialer.log_in(str(number), "HOSTILE", full_name=name)
        expected[str(number)] = name
    options: dict[str, Any] = {"campaigns": ["HOSTILE"], "compose": {"again": "vicidial_full_name"}, "recording": True}
    options["groups"] = {"named": "vicidial_full_name is search('.')"}
    if cached:
        options.update(cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=str(tmp_path / "cache"))
        source.load(**options)
    hosts = source.hosts(**options)
    assert {user: variables["vicidial_full_name"] for user, variables in hosts.items()} == expected
    braced = [user for user, name in expected.items() if "{" in name]
    assert {user: hosts[user]["again"] for user in braced} == {user: expected[user] for user in braced}
    assert not (tmp_path / "was_here").exists()
    assert source.calls.count("logged_in_agents") == 1


@pytest.mark.parametrize("user", ["10 00", "{{ 7 }}", "a\u00e4", "-i/etc/passwd", "x:22", "[a:z]", ""])
def test_a_user_that_vicidial_cannot_have_is_left_out_with_a_warning(source: Source, user: str) -> None:
    source.simulator.dialer.log_in(user, "SALES")
    assert len(source.hosts(recording=True)) == 10
    (warning,) = source.warnings
    assert warning == f"Left out an agent whose user is none of VICIdial: {user!r}."
    assert len(source.calls) == 11


@pytest.mark.parametrize("user", ["all", "ungrouped", "SALES", "campaign_SALES", "Night", "before"])
def test_an_agent_with_the_name_of_a_group_is_left_out_with_a_warning(source: Source, user: str) -> None:
    dialer = source.simulator.dialer
    dialer.log_out("1000")
    dialer.log_in(user, "SALES")
    dialer.agents = {user: dialer.agents.pop(user), **dialer.agents}
    options: dict[str, Any] = {
        "groups": {"Night": True, "before": "vicidial_user == 'before'"},
        "keyed_groups": [*BY_CAMPAIGN["keyed_groups"], {"key": "vicidial_campaign_id", "separator": ""}],
    }
    inventory = source.load(**options)
    assert inventory.get_host(user) is None
    assert source.warnings == [f"Left out agent {user}: a group has this name. Set host_prefix to tell them apart."]
    assert inventory.groups["all"].vars == {}
    found = groups(inventory)
    assert found["campaign_SALES"] == found["SALES"] == SALES[1:]
    assert len(found["Night"]) == 9
    assert "Left out" not in str(source.load(host_prefix="a_", **options) and source.warnings)


def test_a_group_of_another_source_is_a_group_too(source: Source) -> None:
    other = source.path.with_name("hosts.yml")
    other.write_text("'1000': {hosts: {x: {}}}\n")
    constants.INVENTORY_ENABLED.append("yaml")
    inventory = InventoryManager(DataLoader(), sources=[str(other), str(source.write())])
    assert [host.name for host in inventory.groups["1000"].hosts] == ["x"]
    assert "Left out agent 1000: a group has this name" in "".join(source.warnings)


# Cache


@pytest.fixture
def cached(tmp_path: Path) -> dict[str, Any]:
    return {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}


def test_an_empty_cache_is_filled_and_a_full_one_is_read(source: Source, cached: dict[str, Any]) -> None:
    first = source.hosts(recording=True, sub_status=True, **cached)
    source.simulator.dialer.log_out("1000")
    assert source.hosts(recording=True, sub_status=True, **cached) == first
    assert len(source.calls) == 11
    assert first["1000"]["vicidial_recording"]["state"] == "idle"


def test_a_refresh_asks_again_and_fills_the_cache_anew(source: Source, cached: dict[str, Any]) -> None:
    source.hosts(**cached)
    source.simulator.dialer.log_out("1000")
    assert "1000" not in source.hosts(refresh=True, **cached)
    assert "1000" not in source.hosts(**cached)
    assert source.calls == ["logged_in_agents"] * 2


def test_a_stale_cache_is_not_read(source: Source, cached: dict[str, Any]) -> None:
    source.hosts(**cached, cache_timeout=60)
    for path in Path(cached["cache_connection"]).iterdir():
        os.utime(path, (0, 0))
    source.hosts(**cached, cache_timeout=60)
    assert source.calls == ["logged_in_agents"] * 2


@pytest.mark.parametrize("other", [{"campaigns": ["SALES"]}, {"sub_status": True}, {"user_groups": ["AGENTS"]}])
def test_another_question_is_not_answered_from_the_cache(
    source: Source, cached: dict[str, Any], other: dict[str, Any]
) -> None:
    source.hosts(**cached)
    source.hosts(**cached, **other)
    assert source.calls == ["logged_in_agents"] * 2


def test_how_hosts_are_named_and_grouped_is_not_cached(source: Source, cached: dict[str, Any]) -> None:
    source.hosts(**cached)
    inventory = source.load(**cached, **BY_CAMPAIGN, host_prefix="a_")
    assert groups(inventory)["campaign_SALES"] == [f"a_{user}" for user in SALES]
    assert source.calls == ["logged_in_agents"]


def test_the_cache_holds_no_password(source: Source, cached: dict[str, Any]) -> None:
    source.simulator.dialer.accounts["6666"].password = STRIPPED
    assert len(source.hosts(**cached, api_password=PASSWORD)) == 10
    (path,) = Path(cached["cache_connection"]).iterdir()
    assert "1000" in path.read_text()
    for secret in (PASSWORD, STRIPPED):
        assert secret not in path.name + path.read_text()
    assert source.hosts(**cached, api_password="another").keys() == source.hosts(**cached).keys()
    assert source.calls == ["logged_in_agents"]


def test_an_error_is_not_cached(source: Source, cached: dict[str, Any]) -> None:
    source.simulator.faults.add(source.simulator.dialer, "bad-gateway")
    source.error(**cached)
    assert len(source.hosts(**cached)) == 10


# The commands


@dataclass(frozen=True)
class Printed:
    """What a command wrote to its standard output, and all that it wrote anywhere, its log too."""

    stdout: str
    everything: str


def command(source: Source, name: str, inventory: Path, *arguments: str, **environment: str) -> Printed:
    directory = source.path.parent
    log = directory / "ansible.log"
    log.touch()
    done = subprocess.run(
        [name, "-i", str(inventory), *arguments],
        cwd=directory,
        env={
            **os.environ,
            "ANSIBLE_LOG_PATH": str(log),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(directory),
            "ANSIBLE_INVENTORY_ENABLED": f"{NAME},ansible.builtin.script",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    everything = done.stdout + done.stderr + log.read_text()
    assert done.returncode == 0, everything
    assert "Traceback" not in everything
    return Printed(done.stdout, everything)


@pytest.mark.parametrize(("account", "said"), [*ACCOUNTS, (Account("6666", STRIPPED), "1000")])
def test_no_output_holds_the_password(source: Source, account: Account, said: str) -> None:
    source.simulator.dialer.accounts["6666"] = account
    source.write(api_password=PASSWORD, recording=True)
    for how in ("--list", "--graph"):
        output = command(source, "ansible-inventory", source.path, how, "-vvvv").everything
        assert said in re.sub(r"\s+", " ", output)
        for secret in (PASSWORD, STRIPPED, "p%40ss%21w%23rd", STRIPPED.upper()):
            assert secret not in output, output[max(0, output.index(secret) - 300) :][:600]


def test_the_graph_shows_who_is_being_recorded(source: Source) -> None:
    source.simulator.dialer.start_recording("1003")
    source.write(recording=True, groups={"recorded": "vicidial_recording.state == 'recording'"})
    graph = command(source, "ansible-inventory", source.path, "--graph", "recorded").stdout
    assert graph == "@recorded:\n  |--1003\n"


PLAY = """
- name: Everybody in SALES
  hosts: campaign_SALES
  gather_facts: false
  tasks:
    - name: Show who it is
      ansible.builtin.debug:
        msg: "{{ inventory_hostname }} is [{{ vicidial_full_name }}] with {{ ansible_python_interpreter }}"
    - name: Nobody is being recorded
      telephony.vicidial.vicidial_stereo_recording_info:
        agent_user: "{{ vicidial_user }}"
      register: asked
      failed_when: asked.recordings[0].state != 'idle'
"""


EVALUATED_IF_YOU_LET_IT = [
    "{{ 7 * 7 }}{% raw %}",
    # On older cores a header sets other delimiters, so that no brace is needed.
    "#jinja2:variable_start_string:'[[',variable_end_string:']]'\t[[ 7 * 7 ]]",
    "#jinja2: the tall one",
]


@pytest.mark.parametrize("name", EVALUATED_IF_YOU_LET_IT)
@pytest.mark.parametrize("by_awx", [False, True])
def test_a_play_over_a_campaign_evaluates_the_interpreter_and_no_name(source: Source, by_awx: bool, name: str) -> None:
    """AWX keeps what ansible-inventory lists, and hands it to ansible-playbook by a script of its own."""
    source.simulator.dialer.change_agent("1000", full_name=name)
    source.write(**BY_CAMPAIGN)
    inventory = source.path
    if by_awx:
        listed = command(source, "ansible-inventory", source.path, "--list", "--export").stdout
        inventory = source.path.with_name("awx.sh")
        inventory.write_text(f"#!/bin/sh\ncat <<'END'\n{listed}\nEND\n")
        inventory.chmod(inventory.stat().st_mode | stat.S_IXUSR)
    playbook = source.path.with_name("play.yml")
    playbook.write_text(PLAY)
    output = command(
        source,
        "ansible-playbook",
        inventory,
        str(playbook),
        VICIDIAL_API_URL=source.simulator.url,
        VICIDIAL_API_USER="6666",
        VICIDIAL_API_PASSWORD="simulated",
        ANSIBLE_CALLBACK_RESULT_FORMAT="json",
    ).stdout
    shown = re.findall(r'"msg": "(\d+) is \[(.*)\] with (.*)"', output)
    interpreters = {interpreter for _user, _name, interpreter in shown}
    assert ("1000", json.dumps(name)[1:-1]) in [(user, shown_name) for user, shown_name, _interpreter in shown]
    assert sorted({user for user, _name, _interpreter in shown}) == SALES
    assert len(interpreters) == 1
    assert Path(interpreters.pop()).name.startswith("python")
    assert "49" not in {shown_name for _user, shown_name, _interpreter in shown}


# The documentation


def test_every_example_is_a_file_of_this_plugin(source: Source) -> None:
    options = yaml.safe_load(vicidial_agents.DOCUMENTATION)["options"].keys() | _options.CONNECTION_SPEC.keys()
    constructed = {"strict", "compose", "groups", "keyed_groups"}
    caching = {"cache", "cache_plugin", "cache_timeout", "cache_connection", "cache_prefix"}
    for example in filter(None, yaml.safe_load_all(vicidial_agents.EXAMPLES)):
        assert example.keys() <= options | constructed | caching
        here = {"api_url": source.simulator.url, "api_user": "6666", "api_password": "simulated", "cache": False}
        assert source.hosts(**{**example, **here})


def documented(language: str, indent: str = "") -> list[str]:
    """The blocks of this language in docs/inventory.md."""
    return re.findall(rf"^{indent}```{language}\n(.*?)^{indent}```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


def test_the_files_in_the_document_do_what_it_says(source: Source) -> None:
    """The examples that it quotes: who talks is being recorded, and no BEGIN waits."""
    inventories = [EXAMPLES / "inventory" / f"{name}.vicidial_agents.yml" for name in ("floor", "recorded")]
    playbooks = [EXAMPLES / "playbooks" / name for name in ("record_sales.yml", "record_sales_in_one_task.yml")]
    quoted = [block.quoted.resolve() for block in blocks(DOCUMENT, "yaml") if block.quoted]
    assert sorted(quoted) == [*inventories, *playbooks]
    dialer = source.simulator.dialer
    account = {
        "VICIDIAL_API_URL": source.simulator.url,
        "VICIDIAL_API_USER": "6666",
        "VICIDIAL_API_PASSWORD": "simulated",
    }
    escalation = {"ANSIBLE_BECOME": "true", "ANSIBLE_BECOME_EXE": "/nonexistent/sudo"}  # as ansible.cfg may have it
    source.path.write_text(inventories[0].read_text())
    for playbook, recorded in zip(playbooks, (["1000"], SALES[:3])):
        for user in recorded[1:]:
            dialer.start_call(user)
        command(source, "ansible-playbook", source.path, str(playbook), **account, **escalation)
        assert sorted(recording["user"] for recording in dialer.state()["live"]) == recorded
        assert {user: agent.slot for user, agent in dialer.agents.items() if agent.slot} == {}
    source.path.write_text(inventories[1].read_text())
    graph = command(source, "ansible-inventory", source.path, "--graph", "recorded", **account).stdout
    assert graph.split() == ["@recorded:", *[f"|--{user}" for user in SALES[:3]]]


def test_the_document_names_every_variable_and_nothing_that_there_is_not(source: Source) -> None:
    variables = source.hosts(recording=True, sub_status=True)["1000"]
    table = DOCUMENT.read_text().partition("## What a host knows")[2].partition("\n\n`ansible_connection`")[0]
    assert set(re.findall(r"`(vicidial_\w+)`", table)) == {name for name in variables if name.startswith("vicidial_")}


def test_the_credential_type_sets_variables_that_the_plugin_reads() -> None:
    (injector,) = [yaml.safe_load(block) for block in documented("yaml", "   ") if "env:" in block]
    options = yaml.safe_load(connection.ModuleDocFragment.PLUGIN)["options"]
    assert injector["env"].keys() <= {option["env"][0]["name"] for option in options.values()}
