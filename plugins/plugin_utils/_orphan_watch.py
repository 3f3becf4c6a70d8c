# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""Ends what a worker of Ansible does when its ansible-playbook was killed.

Since ansible-core 2.19 each worker leads a session of its own, so what kills ansible-playbook's process group, which is
how ansible-runner and AWX cancel a job, leaves the worker and its module behind, and those go on signalling for nobody.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

_POLL_SECONDS = 0.25


def orphaned() -> Callable[[], bool]:
    """Tells from now on whether ansible-playbook, the parent of this worker, was killed."""
    parent = os.getppid()
    return lambda: os.getppid() != parent


@contextmanager
def tied_to_parent() -> Iterator[None]:
    """While the context lasts: when the parent is gone, everything that this worker has started is told to end."""
    is_orphaned, has_ended = orphaned(), threading.Event()

    def watch() -> None:
        while not has_ended.wait(_POLL_SECONDS):
            if is_orphaned():
                os.killpg(0, signal.SIGTERM)
                return

    # A worker that leads no process group was in the one that has been killed.
    if os.getpgrp() == os.getpid():
        threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        has_ended.set()
