# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that name agents, and of the pace at which they are worked through."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(telephony.vicidial.agents)."""

    DOCUMENTATION = r"""
options:
  agent_user:
    description:
      - The user of the agent, as logged in to the agent screen.
      - Quote it. YAML reads C(0042) as 34 and C(yes) as a boolean. A boolean is refused, and a number below 1000 is
        warned of; whether a larger one was written so cannot be seen any more.
      - Exactly one of O(agent_user), O(agent_users) and O(alt_user) is needed.
    type: raw
  agent_users:
    description:
      - The users of many agents. They are worked through at the same time, which for a whole floor takes seconds.
      - An agent that is named twice is taken once. An empty list is no call and no change.
      - When some of them fail, all the others are attempted all the same. Only an error of the account, or a server
        that does not answer any more, ends it for all.
    type: list
    elements: raw
  alt_user:
    description:
      - An agent by the field C(Custom 3) of the user in VICIdial instead. Letters and digits only, two at least.
    type: raw
  concurrency:
    description:
      - How many calls are under way at the same time at most, 1 to 8, each over a connection of its own.
      - It begins with 1, and takes more while the server answers them as quickly as the first ones, and fewer when it
        does not. So the agents' screens do not wait.
    type: int
    default: 8
  rate_limit:
    description: How many calls a second are sent at most, 1 or more. Without it there is no limit.
    type: float
"""
