# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The words of VICIdial's APIs that this collection says and understands, each in this one place."""

from __future__ import annotations

# Functions
STEREO_RECORDING = "stereo_recording"
VERSION = "version"
LOGGED_IN_AGENTS = "logged_in_agents"
RECORDING_LOOKUP = "recording_lookup"
# Starts and stops mono recordings. What its STATUS says comes from the slot that the signals wait in (protocol 4.14).
MONO_RECORDING = "recording"

# Values of stereo_recording (protocol 4.1)
STATUS = "STATUS"
BEGIN = "BEGIN"
END = "END"
# Replaces a BEGIN that waits, and means nothing to the agent's screen (protocol 4.14).
WITHDRAW = "-STATUS"

# What they say where the source or the function is missing (protocol 1.3, 5.3)
INVALID_SOURCE = "Invalid Source"
NO_FUNCTION = "NO FUNCTION SPECIFIED"

# States of a recording, as this collection declares them
RECORDING = "recording"
IDLE = "idle"

# Kinds of recordings, and the codes that the log knows those of a kind by (protocol 8.4). A mono one has none.
AGENT = "agent"
CAMPAIGN = "campaign"
MONO = "mono"
KINDS = (AGENT, CAMPAIGN, MONO)
CODES = {
    AGENT: (
        *("SACBC", "SACCO", "SACCM"),
        *("SACIBC", "SACICO", "SACICM"),
        *("SACRBC", "SACRCO", "SACRCM"),
        *("SPACBC", "SPACCO", "SPACCM", "SPACI", "SPACR"),
    ),
    CAMPAIGN: ("SPCO", "SPCM", "SPFR", "SPCOR", "SPCMR", "SPFRR"),
}

# Words for a day by the server's calendar, and how many days ago it is
DAYS_AGO = {"today": 0, "yesterday": 1}

# Checks of the preflight that recordings do not need, and the reason that its playbook gives where LISTING alone failed
LISTING = "listing"
RECORDING_LOG = "recording_log"
NO_LISTING = "no_listing"

# What agents do (protocol 4.2)
INCALL = "INCALL"
AGENT_STATUSES = frozenset(("READY", "QUEUE", INCALL, "PAUSED", "CLOSER", "MQUEUE"))

# The first build that knows the function (protocol 1.4); builds read YYMMDD-HHMM and sort by time.
FIRST_STEREO_BUILD = "250830-2102"
# The newest build whose behaviour was seen.
NEWEST_KNOWN_BUILD = "260302-1142"
