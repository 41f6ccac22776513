# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events that the lines of a journal record: before a change, and after it."""

from __future__ import annotations

import json

INTENT, OUTCOME = "intent", "outcome"

JOURNAL_NAME = "journal.jsonl"
"""The name of a journal in the folder of a run, and in the state folder."""

# How a line begins, which is all that a process that was killed at once may have left of a journal.
_LINE_STARTS = (b'{"time"', b'{"event"')


def is_journal(beginning: bytes) -> bool:
    """Whether a file that begins so is a journal. An empty one is, too."""
    if not beginning.strip():
        return True
    for line in beginning.split(b"\n"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue  # incomplete, as a process leaves it that is killed
        return isinstance(value, dict) and value.get("event") in (INTENT, OUTCOME)
    return any(beginning.startswith(start) or start.startswith(beginning) for start in _LINE_STARTS)
