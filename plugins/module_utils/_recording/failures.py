# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""What a convergence says when it fails: what happened, and what to do next, both without a full stop."""

from __future__ import annotations

from .._protocol.words import IDLE, INCALL

Texts = tuple[str, str]


def no_live_call(agent_status: str) -> Texts:
    """No BEGIN was sent, for the agent is in no call and one was required."""
    return (
        f"the agent is in no live call (status {agent_status}) and require_call is set",
        "Run it again while the agent talks, or set require_call to false",
    )


def not_held(state: str, stable_for: float, held: float | None, shown: str | None, was_interrupted: bool) -> Texts:
    """``state`` has shown, and not for ``stable_for`` seconds: for ``held`` in the end, or None where it does not."""
    remedy = (
        "Look for who else begins and ends recordings of this agent: another controller, a campaign with "
        "ALLCALLS or ALLFORCE, or calls that end"
    )
    if held is None:
        return f"{state} did not hold for {stable_for:g} s without a break: STATUS shows {shown}", remedy
    if not was_interrupted:
        remedy = "Set wait_timeout higher: the agent's screen, or STATUS that got no answer, took too much of it"
    return f"{state} has shown for {held:.1f} s only, of the {stable_for:g} s that it must hold", remedy


def not_confirmed(state: str, waited: float, shown: int | None, agent_status: str) -> Texts:
    """A signal was sent ``waited`` seconds ago without effect; ``shown`` is the recording that STATUS shows."""
    if state == IDLE:
        return (
            f"{waited:.1f} s after END STATUS still shows recording {shown} as live",
            "Check that the agent's screen is open and connected, for it ends the recording; a log-out does too",
        )
    what = f"no recording has shown {waited:.1f} s after BEGIN was sent (status {agent_status})"
    if agent_status == INCALL:
        return what, (
            "Check that Stereo Call Recordings is not DISABLED for the campaign or the in-group of the call, and "
            "that the agent's screen is open and connected; the signal may still be waiting there"
        )
    return what, (
        "The recording will start by itself at the agent's next call, unless the campaign or in-group has "
        "Stereo Call Recordings DISABLED or the agent's screen is closed; set require_call to rule this out"
    )


def nothing_to_end(shown: int | None, is_new: bool) -> Texts:
    """END was answered with "nothing to end", and STATUS still shows a recording, which may have begun since."""
    if is_new:
        return (
            f"END found nothing to end any more, and recording {shown} has begun since",
            "Run it again, and look for who else begins recordings of this agent",
        )
    return (
        "STATUS shows a live recording, yet END finds nothing to end",
        "Look at the live recordings of this agent in VICIdial: its database contradicts itself",
    )
