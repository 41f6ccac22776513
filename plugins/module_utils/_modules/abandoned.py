# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether anybody still waits for the result of a module: its controller may have been killed, and the module not."""

from __future__ import annotations

import select

_STANDARD_OUTPUT = 1


def is_abandoned(descriptor: int = _STANDARD_OUTPUT) -> bool:
    """Whether nobody reads what is written to a pipe any more. False for what is no pipe, or can't be asked."""
    try:
        poll = select.poll()
        poll.register(descriptor, 0)
        return any(event & select.POLLERR and not event & select.POLLNVAL for _file, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):
        return False
