# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of one request that journals tell no outcome of: of a key, or of a copy.

The request was carried out, or it was not, and a look at the resource says which. Where there is nothing to look at any
more, only the journal knows that the resource was there, and on which key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._common.text import label
from .journal_events import OUTCOME
from .json_reader import read_bytes

if TYPE_CHECKING:
    from .journal_changes import JournalChange
    from .journal_reader import IntentLine, OutcomeLine


@dataclass(frozen=True)
class OpenChange:
    """The last change of a resource, without an outcome: ``intent``, and the journal that it is in."""

    intent: IntentLine
    journal: str

    @property
    def label(self) -> str:
        return label(self.intent.display_name or "", self.intent.id)

    @property
    def source(self) -> str:
        return f"{self.journal!r}, line {self.intent.number}"


def open_changes(journals: Iterable[Path]) -> list[OpenChange]:
    """The changes of keys and copies that have no outcome in these journals, of each resource the last one.

    Journals that do not exist have none. Raises InputError for a file that can't be read, or is not a journal.
    """
    contents = {str(path): read_bytes(path) for path in dict.fromkeys(journals) if path.exists()}
    names = _without_outcome(contents.values())
    if not names:
        return []
    # Only here, since most journals have none: the reader takes 6 ms of a start.
    from .journal_changes import paired
    from .journal_reader import POLICY, parse_journal

    lines: list[IntentLine | OutcomeLine] = []
    origins: dict[int, str] = {}
    for journal, content in contents.items():
        rows = content.split(b"\n")
        # Journals grow for years, so only those lines are read with distrust that are about such a resource.
        about = b"\n".join(row if any(name in row for name in names) else b"" for row in rows)
        found = parse_journal(about, journal, {}).lines
        origins.update((id(line), journal) for line in found)
        lines += found
    latest: dict[tuple[str, str], JournalChange] = {}
    for change in paired(lines):
        if change.intent.part != POLICY:
            subject = change.intent.id, change.intent.part
            if subject not in latest or _comes_after(change, latest[subject], origins):
                latest[subject] = change
    return [OpenChange(each.intent, origins[id(each.intent)]) for each in latest.values() if each.outcome is None]


def _comes_after(one: JournalChange, other: JournalChange, origins: dict[int, str]) -> bool:
    """Within a journal the order of the lines decides, else their times: a clock may have been set back."""
    if origins[id(one.intent)] == origins[id(other.intent)]:
        return one.place > other.place
    return one.intents[-1].time > other.intents[-1].time


def _without_outcome(contents: Iterable[bytes]) -> list[bytes]:
    """The OCIDs of the resources for which a run has written an intent and no outcome."""
    begun: dict[tuple[str, str], None] = {}
    ended: set[tuple[str, str]] = set()
    for content in contents:
        for line in content.split(b"\n"):
            try:
                row = json.loads(line)
                about = str(row["run"]), str(row["id"])
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
            if row.get("event") == OUTCOME:
                ended.add(about)
            elif "previous_policy_id" not in row:
                begun[about] = None
    return list(dict.fromkeys(name.encode() for run, name in begun if (run, name) not in ended))
