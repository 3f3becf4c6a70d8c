# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the attributes that modules of the collection have."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation fragment C(telephony.vicidial.attributes)."""

    DOCUMENTATION = r"""
options: {}
notes:
  - Where an option is missing or of a wrong kind, C(requests) is missing, or a defect of the collection ends the task,
    the result holds C(msg) and no records.
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

    LOGIN = r"""
options: {}
notes:
  - Once a login was rejected, later tasks of the same run of C(ansible-playbook) fail at once, with the C(reason) of
    the first failure and C(login=not_sent). Until the account was accepted, hosts log in one after the other.
  - An answer that got lost may have been that the login failed. After one, the next item, attempt or host asks for the
    version first, which needs no credentials, and logs in once the server tells it. After five such logins in a row
    none does any more. So a task with C(until) can wait for a server that restarts, as long as it takes.
  - Nobody hears how the login of a task with C(async) ends. Five of them may log in, unless the account has been
    accepted before. Ask with M(telephony.vicidial.vicidial_stereo_recording_info) without C(async) first.
"""
