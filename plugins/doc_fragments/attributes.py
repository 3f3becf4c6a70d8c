# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the attributes that modules of the collection have."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(telephony.vicidial.attributes)."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed, or would change in C(check_mode), when in diff mode.
  idempotent:
    description: When run twice in a row with the same arguments, the second invocation finds nothing to change.
  facts:
    description: Action returns an C(ansible_facts) dictionary that will update existing host facts.
    support: full
  action_group:
    description: Use C(group/telephony.vicidial.agent_api) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - telephony.vicidial.agent_api
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: This module never changes anything.
  diff_mode:
    support: N/A
    details: This module never changes anything.
  idempotent:
    support: full
    details: This module never changes anything.
"""
