# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol 1: transport."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import urlencode

import pytest

from ansible_collections.telephony.vicidial.tests.contract.server import AGENT_API, FORM, NON_AGENT_API, Control, Server

NO_SUCH_AGENT = "nosuchagent"


@pytest.mark.parametrize("value", ["STATUS", "bogus"])
def test_1_1_url_and_form_give_the_same_answer(server: Server, value: str) -> None:
    assert server.call("GET", value=value).body == server.call("POST", value=value).body


def test_1_1_a_post_may_have_its_parameters_in_the_url(server: Server) -> None:
    target = f"{AGENT_API}?{urlencode(server.defaults())}"
    assert server.request("POST", target, b"", **FORM).body == server.call().body


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"function": "version"},
        {"function": "nosuchfunction"},
        {"value": "bogus"},
        {"source": ""},
        {"user": "nosuchuser"},
        {"agent_user": NO_SUCH_AGENT},
        {"alt_user": "nosuchalias"},
        {"path": NON_AGENT_API},
        {"path": NON_AGENT_API, "campaigns": "NOSUCHCAMPAIGN"},
        {"path": NON_AGENT_API, "user": "nosuchuser"},
    ],
    ids=str,
)
def test_1_2_every_answer_is_200_and_html(server: Server, params: dict[str, str]) -> None:
    reply = server.call(**params)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_1_2_a_crash_can_answer_500_with_a_success_line_and_the_signal_sent(server: Server, control: Control) -> None:
    control.do("fault", name="crash-with-answer")
    reply = server.call(value="BEGIN")
    assert (reply.status, reply.fields[:2]) == (500, ["1000", "BEGIN"])
    assert reply.text.startswith("SUCCESS: ")
    assert control.agent("1000").slot == "BEGIN"


@pytest.mark.parametrize("source", ["ab", "a-b", " a!b ", "a" * 20])
def test_1_3_source_loses_what_is_not_alphanumeric(server: Server, source: str) -> None:
    assert server.call(source=source).body == server.call().body


@pytest.mark.parametrize(("source", "left"), [("", ""), ("a", "a"), ("a-_!", "a"), ("--", ""), (None, "")])
def test_1_3_source_under_two_characters_is_refused(server: Server, source: str | None, left: str) -> None:
    assert server.call(source=source).text == f"ERROR: Invalid Source - {left}\n"


def test_1_3_alt_user_looks_the_agent_up(server: Server, control: Control) -> None:
    control.do("alt_user", alt_user="crm7", user="1000")
    assert server.call(agent_user=None, alt_user="crm7").body == server.call().body


def test_1_4_version_needs_no_credentials(server: Server) -> None:
    line = rb"VERSION: \d+\.\d+-\d+\|BUILD: \d{6}-\d{4}\|DATE: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\|EPOCH: \d{10}\n"
    assert re.fullmatch(line, server.request("GET", f"{AGENT_API}?function=version").body)


def test_1_4_version_exactly(server: Server, control: Control) -> None:
    reply = server.request("GET", f"{AGENT_API}?function=version")
    assert reply.body == b"VERSION: 2.14-84|BUILD: 260302-1142|DATE: 2026-11-22 09:13:40|EPOCH: 1795338820\n"


@pytest.mark.parametrize(("build", "known"), [("250830-2101", False), ("250830-2102", True), ("260302-1142", True)])
def test_1_4_stereo_recording_exists_from_one_build_on(
    server: Server, control: Control, build: str, known: bool
) -> None:
    control.do("system", build=build)
    assert bool(server.call().body) is known


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_1_5_other_methods_carry_a_command_out(server: Server, idle: None, method: str) -> None:
    reply = server.call(method, value="BEGIN")
    assert (reply.status, bool(reply.body)) == (200, method == "OPTIONS")
    assert server.wait_for_screen()


@pytest.mark.parametrize(("values", "reason"), [("xy STATUS", "NOTICE: "), ("STATUS xy", "ERROR: ")])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_1_5_the_last_of_a_repeated_parameter_wins(server: Server, method: str, values: str, reason: str) -> None:
    pairs = [*server.defaults().items(), *(("value", value) for value in values.split())]
    if method == "GET":
        reply = server.request("GET", f"{AGENT_API}?{urlencode(pairs)}")
    else:
        reply = server.request("POST", AGENT_API, urlencode(pairs).encode(), **FORM)
    assert reply.text.startswith(reason)


def test_1_5_a_post_without_value_is_answered_by_build(server: Server) -> None:
    build = re.search(r"BUILD: (\S+)\|DATE", server.call(function="version").text)
    assert build
    taken = server.password if build[1] < "260302-1142" else ""
    assert post_without_value(server) == f"ERROR: stereo_recording not valid - {taken}|{server.agent}\n"


def test_1_5_build_250830_takes_the_last_field_for_the_value(server: Server, control: Control) -> None:
    control.do("system", build="250830-2102")
    assert post_without_value(server) == "ERROR: stereo_recording not valid - simulated|1000\n"


def post_without_value(server: Server) -> str:
    """The answer to a POST whose last field is the password."""
    sent = {key: value for key, value in server.defaults().items() if key not in ("value", "pass")}
    sent["pass"] = server.password
    return server.request("POST", AGENT_API, urlencode(sent).encode(), **FORM).text


def test_1_5_a_get_without_value_takes_nothing_in_its_place(server: Server) -> None:
    assert server.call("GET", value=None).text == f"ERROR: stereo_recording not valid - |{server.agent}\n"


def test_1_6_a_url_over_8_kb_gives_414(server: Server) -> None:
    assert server.request("GET", f"{AGENT_API}?function=version&padding={'x' * 8192}").status == 414


def test_1_6_json_is_ignored(server: Server) -> None:
    body = json.dumps(server.defaults()).encode()
    reply = server.request("POST", AGENT_API, body, Content_Type="application/json")
    assert reply.body == server.request("POST", AGENT_API, b"", **FORM).body


def test_1_6_basic_authentication_is_ignored(server: Server) -> None:
    sent = {key: value for key, value in server.defaults().items() if key not in ("user", "pass")}
    token = base64.b64encode(f"{server.user}:{server.password}".encode()).decode()
    reply = server.request("GET", f"{AGENT_API}?{urlencode(sent)}", Authorization=f"Basic {token}")
    assert reply.text.startswith("ERROR: Invalid Username/Password: |")


@pytest.mark.parametrize("path", [AGENT_API, NON_AGENT_API])
def test_1_8_a_log_that_cannot_be_written_makes_it_500_with_the_whole_body(
    server: Server, control: Control, path: str
) -> None:
    whole = server.call(path=path)
    control.do("system", log_insert_fails=True)
    reply = server.call(path=path)
    assert (whole.status, reply.status, reply.body) == (200, 500, whole.body)
    control.do("system", php=7)
    assert server.call(path=path).status == 200


def test_1_8_a_version_is_not_logged(server: Server, control: Control) -> None:
    control.do("system", log_insert_fails=True)
    assert server.call(function="version").status == 200


def test_1_9_a_web_root_that_cannot_be_written_hides_a_wrong_password_that_counts(
    server: Server, control: Control
) -> None:
    control.do("system", web_root_writable=False)
    reply = server.call(**{"pass": "wrong"})
    assert (reply.status, reply.body) == (500, b"")
    assert control.account("6666").failures == 1
    assert server.call().status == 200
