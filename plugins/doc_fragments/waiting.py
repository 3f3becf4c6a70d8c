# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say how long a new state is waited for."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(telephony.vicidial.waiting)."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until STATUS shows the wanted state. BEGIN and END are signals that the agent's screen acts on a
        second or two later.
      - With V(false) the module reports what STATUS said before the signal, and RV(recordings[].confirmed=false).
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds the wanted state is waited for after the first signal. The module fails when they are over.
      - The first STATUS is not repeated for longer than this either.
    type: float
    default: 10
  wait_sleep:
    description: How many seconds lie between two STATUS while waiting. At least 0.1.
    type: float
    default: 0.5
  stable_for:
    description:
      - For how many seconds STATUS must show the wanted state without a break before it counts. With V(0) once is
        enough.
      - When the state flips meanwhile, since a BEGIN of somebody else starts or a campaign begins a recording, the
        module acts again, and the seconds count anew. A STATUS that is not answered breaks them too.
      - They come on top of O(wait_timeout). The module fails with reason C(not_confirmed) when the state has not held
        by then.
      - STATUS is asked every O(wait_sleep), in check mode too. What begins and ends between two of them is not seen.
    type: float
    default: 0
"""
