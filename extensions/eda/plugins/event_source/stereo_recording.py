# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source ``telephony.vicidial.stereo_recording``."""

from __future__ import annotations

DOCUMENTATION = r"""
---
short_description: Events of VICIdial agents' stereo recordings
description:
  - Watches agents of a VICIdial call center and sends an event for each change. A recording began, ended or was
    replaced by another one; an agent logged in or out; a call began or ended. What was known became unknown, or is
    known again.
  - With O(rule) it also sends an event when an agent has not been as the rule says for O(for_seconds), and one when
    that is over. The rule is the one of the role P(telephony.vicidial.recording_audit#role).
  - It changes nothing in VICIdial. Each look at the agents is one call that lists them, and one STATUS for each agent
    whose status or call has changed, or who is in a call and concerned by the rule.
  - A server that is away is asked again after growing pauses, and there is one event about it. What the server says
    about the API account ends the watch, and the rulebook with it, so that no wrong password is sent a second time.
  - The page C(docs/events.md) of the collection describes each event field by field.
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
requirements:
  - requests >= 2.25.1 and ansible-core >= 2.17, for the Python that runs ansible-rulebook
options:
  api_url:
    description:
      - Where VICIdial is, such as V(https://dialer.example.com). The environment variable E(VICIDIAL_API_URL) does
        the same, as those of the modules do for the options that follow.
    type: str
    required: true
  api_user:
    description: The API account, by E(VICIDIAL_API_USER) too. It needs the rights that the audit needs.
    type: str
    required: true
  api_password:
    description: Its password, by E(VICIDIAL_API_PASSWORD) too.
    type: str
    required: true
  api_source:
    description: What VICIdial's log calls the caller.
    type: str
    default: ansible
  non_agent_api_url:
    description: Where the Non-Agent API is, unless it is beside the Agent API.
    type: str
  validate_certs:
    description: Whether the server's certificate is verified.
    type: bool
    default: true
  ca_path:
    description: A file or directory of CA certificates to verify it with.
    type: path
  client_cert:
    description: A PEM file with a client certificate.
    type: path
  client_key:
    description: The key of O(client_cert), where that does not hold it.
    type: path
  timeout:
    description: How many seconds a call may take.
    type: float
    default: 10
  retries:
    description: How often the list is asked for again within one look when it did not reach the server.
    type: int
    default: 3
  agent_users:
    description: Who is watched. Without it everybody who is listed is.
    type: list
    elements: str
    default: []
  campaigns:
    description: Only who is logged in to one of these campaigns is listed.
    type: list
    elements: str
    default: []
  user_groups:
    description: Only who is of one of these user groups is listed.
    type: list
    elements: str
    default: []
  interval:
    description: Seconds from the beginning of a look to that of the next one, give or take a tenth.
    type: float
    default: 2
  concurrency:
    description: How many STATUS are asked at the same time at most. Fewer are, where the server gets slower by it.
    type: int
    default: 2
  rate_limit:
    description:
      - How many STATUS are asked a second at most. On a floor that needs more, those who were asked last wait for the
        next looks.
    type: float
  rule:
    description:
      - What the agents should be. A dictionary with any of C(state) (V(recording) or V(idle)), C(others) (V(any) or
        V(idle)), C(agents), C(campaigns), C(user_groups), C(agent_statuses), C(sample_percent) and C(sample_seed). They
        mean what the variables of the audit mean.
    type: dict
  for_seconds:
    description: For how long an agent must be seen not to be as O(rule) says before there is an event.
    type: float
    default: 10
  state_file:
    description:
      - A file to keep what is known of the agents in, so that after a restart each change meanwhile is told once. Its
        directory must exist. One watch a file.
      - It remembers for 15 minutes too that the server has refused the account, so that a process that is restarted
        again and again does not send the wrong password each time.
    type: path
  push_port:
    description:
      - Listen on this port for what VICIdial's agent screens push (System Settings, Agent Push Events). Such an agent
        is looked at at once, which is no closer together than half a second. Nothing that is pushed is believed.
    type: int
  push_host:
    description: The address to listen on.
    type: str
    default: 127.0.0.1
  push_token:
    description:
      - What a push must bring in the header C(Authorization), after C(Bearer). 16 characters at least. By
        E(VICIDIAL_PUSH_TOKEN) too.
    type: str
  push_certfile:
    description: A PEM file with a certificate, to listen by HTTPS.
    type: path
  push_keyfile:
    description: The key of O(push_certfile), where that does not hold it.
    type: path
"""

EXAMPLES = r"""
- name: Every change of everybody
  telephony.vicidial.stereo_recording:
    api_url: https://dialer.example.com
    api_user: ansible
    api_password: "{{ vicidial_api_password }}"

- name: Whoever talks in SALES should be recorded, and nobody else
  telephony.vicidial.stereo_recording:   # address and account come from the environment
    rule:
      state: recording
      campaigns: [SALES]
      others: idle
    for_seconds: 15
    state_file: /var/lib/eda/vicidial.json
"""

import asyncio
import hmac
import importlib
import importlib.util
import logging
import ssl
import sys
import threading
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Callable

    from aiohttp import web

logger = logging.getLogger("telephony.vicidial.stereo_recording")

_LONGEST_PUSH = 16 * 1024
# Under this name the collection's plugins are imported, wherever the collection lies: ansible-rulebook runs this file
# by its path, as part of no package, and knows nothing of Ansible's way to find collections.
_PACKAGE = "telephony_vicidial_plugins"


def _load(name: str) -> Any:
    """A module of the collection's ``plugins`` folder."""
    if _PACKAGE not in sys.modules:
        spec = ModuleSpec(_PACKAGE, None, is_package=True)
        spec.submodule_search_locations = [str(Path(__file__).parents[4] / "plugins")]
        sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{_PACKAGE}.{name}")


class WatchEndedError(Exception):
    """Why the watch has ended, for ansible-rulebook's log. It holds nothing of the server's own text."""


async def main(queue: asyncio.Queue[Any], args: dict[str, Any]) -> None:
    """Send events until it is cancelled. Raises WatchEndedError for wrong options, and when the account is refused."""
    options, watcher, errors = (
        _load(name) for name in ("plugin_utils._events.options", "plugin_utils._events.watcher", "module_utils._errors")
    )
    try:
        own = {"eda_feedback_queue", "feedback"}  # ansible-rulebook's
        settings, warnings = options.read({name: value for name, value in args.items() if name not in own})
        for warning in warnings:
            logger.warning(warning)
        watch = watcher.Watcher(settings, logger.warning)
        if settings.push is None:
            await _run(watch, queue)
            return
        listening = await _listen(settings.push, watch.hasten)
        try:
            await _run(watch, queue)
        finally:
            await listening.cleanup()
    except errors.ApiError as error:
        raise WatchEndedError(f"{error} (reason: {error.reason})") from None


async def _run(watch: Any, queue: asyncio.Queue[Any]) -> None:
    """Run the watch in a thread of its own. A thread of asyncio would be waited for when everything ends."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def emit(event: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(event), loop).result()

    def end(error: BaseException | None) -> None:
        if ended.done():
            return
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)

    def work() -> None:
        error: BaseException | None = None
        try:
            watch.run(emit)
        except BaseException as caught:  # noqa: BLE001 - it is raised where the source is awaited
            error = caught
        if not loop.is_closed():
            loop.call_soon_threadsafe(end, error)

    threading.Thread(target=work, name="telephony.vicidial", daemon=True).start()
    try:
        await ended
    finally:
        watch.interrupt()


async def _listen(push: Any, hasten: Callable[[str], None]) -> web.AppRunner:
    """Listen for pushes. Every one that brings the token gets the same answer, whatever it says."""
    from aiohttp import web  # noqa: PLC0415 - ansible-rulebook brings it; without pushes nothing needs it

    read_body = _load("plugin_utils._events.push").read_body
    expected = f"Bearer {push.token}".encode()

    async def take(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            raise web.HTTPUnauthorized
        read = read_body(await request.read())
        if read is not None:
            hasten(read.user)
        return web.Response(text="OK")

    app = web.Application(client_max_size=_LONGEST_PUSH)
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    tls = None
    if push.certfile:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(push.certfile, push.keyfile)
    await web.TCPSite(runner, push.host, push.port, ssl_context=tls).start()
    return runner


if __name__ == "__main__":

    class _Printer(asyncio.Queue[Any]):
        """Shows events instead of queueing them."""

        async def put(self, item: Any) -> None:
            """Show one."""
            print(item)  # noqa: T201

    asyncio.run(main(_Printer(), {}))
