# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""How Ansible says that options are missing; group 1 names them, separated by commas."""

from __future__ import annotations

import re

MISSING = re.compile(r"missing required arguments: (\w+(?:, \w+)*)")
MISSING_CONNECTION = re.compile(r"missing required arguments: (api_\w+(?:, api_\w+)*)(?=\.|$)")
