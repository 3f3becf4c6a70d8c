# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""What a convergence says when it fails: what happened, and what to do next, both without a full stop."""

from __future__ import annotations

from .._protocol.words import IDLE, INCALL

Texts = tuple[str, str]

# What a text says of the options require_call and when_no_call. Where nobody can choose them, such as in a window, this
# is left out. Without require_call a BEGIN waits, and records the customer of the next call.
REQUIRED = " and require_call is set"
OR_PASSED_OVER = ", or set when_no_call to ignore, which passes the agent over"

# Why a screen acts late or never, in order of likelihood (protocol 4.13).
_SCREEN = (
    "the agent's screen is open and in front: a hidden browser tab acts up to a minute late, unless VICIdial's "
    "settings against browser throttling are on"
)
_STALE = (
    "the agent is in no call, so the row is probably left over from an earlier call: END does not close such a row, "
    "VICIdial's AST_flush_DBqueue.pl does in time"
)


def no_live_call(agent_status: str, shown: int | None, begin_was_sent: bool) -> Texts:
    """The agent is in no call and one was required; ``shown`` is the recording that STATUS shows all the same."""
    if begin_was_sent:
        return (
            f"the call ended before the recording was confirmed (status {agent_status}){REQUIRED}",
            "Run it again while the agent talks",
        )
    what = f"the agent is in no live call (status {agent_status}){REQUIRED}"
    if shown is not None:
        what += f"; STATUS still shows recording {shown}, which is of no call of now"
    return what, f"Run it again while the agent talks{OR_PASSED_OVER}"


def not_held(state: str, stable_for: float, held: float | None, shown: str | None, was_interrupted: bool) -> Texts:
    """``state`` showed for less than ``stable_for`` seconds: for ``held`` until now, None where it shows no more."""
    remedy = (
        "Look for who else begins and ends recordings of this agent: another controller, a campaign with "
        "ALLCALLS or ALLFORCE, or calls that end"
    )
    if held is None:
        return f"{state} did not hold for {stable_for:g} s without a break: STATUS shows {shown}", remedy
    if not was_interrupted:
        remedy = "Set wait_timeout higher: the agent's screen, or STATUS that got no answer, took too much of it"
    return f"{state} has shown for {held:.1f} s only, of the {stable_for:g} s that it must hold", remedy


def not_confirmed(state: str, waited: float, shown: int | None, agent_status: str, is_withdrawn: bool) -> Texts:
    """A signal was sent ``waited`` seconds ago without effect; ``shown`` is the recording that STATUS shows."""
    if state == IDLE:
        what = f"{waited:.1f} s after END STATUS still shows recording {shown} as live"
        if agent_status != INCALL:
            return f"{what} (status {agent_status}): {_STALE}", "Look at this recording in VICIdial"
        return what, f"Check that {_SCREEN}, for it ends the recording; a log-out does too"
    what = f"no recording has shown {waited:.1f} s after BEGIN was sent (status {agent_status})"
    if agent_status == INCALL:
        remedy = (
            f"Check that {_SCREEN}, that no other controller signals this agent at the same time, and that Stereo Call "
            "Recordings is not DISABLED for the campaign or the in-group of the call"
        )
        return what, remedy if is_withdrawn else f"{remedy}; the signal may still be waiting there"
    if is_withdrawn:
        return what, "Run it again while the agent talks"
    return what, (
        "The recording will start by itself at the agent's next call, unless the campaign or in-group has "
        "Stereo Call Recordings DISABLED or the agent's screen is closed; set require_call to rule this out"
    )


def nothing_to_end(shown: int | None, is_new: bool, agent_status: str) -> Texts:
    """END was answered with "nothing to end", and STATUS still shows a recording, which may have begun since."""
    if is_new:
        return (
            f"END found nothing to end any more, and recording {shown} has begun since",
            "Run it again, and look for who else begins recordings of this agent",
        )
    what = f"STATUS shows recording {shown} as live, yet END finds nothing to end"
    if agent_status != INCALL:
        return f"{what} (status {agent_status}): {_STALE}", "Look at this recording in VICIdial"
    return what, "Look at the live recordings of this agent in VICIdial: its database contradicts itself"


def begin_waits(agent_status: str) -> Texts:
    """A BEGIN of somebody else waits in the agent's slot, all the time or again and again."""
    return (
        f"a BEGIN of somebody else waits on the agent's screen (status {agent_status})",
        f"Look for who else begins recordings of this agent, and check that {_SCREEN}",
    )
