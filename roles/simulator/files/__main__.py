# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``python3 vicidial_simulator.pyz`` runs, and ``python3`` with the name of this directory."""

from __future__ import annotations

import sys

from vicidial_simulator.__main__ import main

sys.exit(main())
