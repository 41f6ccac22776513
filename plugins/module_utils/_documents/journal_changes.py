# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that a journal tells of: which of its lines belong together. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .._model.actions import UNASSIGN
from .journal_reader import IntentLine, OutcomeLine


@dataclass
class JournalChange:
    """One change: its intents, of which each attempt has one, and its outcome, None where there is none.

    ``place`` counts the lines before its last one, so that later changes are greater.
    """

    intents: list[IntentLine] = field(default_factory=list)
    outcome: OutcomeLine | None = None
    place: int = 0

    @property
    def intent(self) -> IntentLine:
        """The first one."""
        return self.intents[0]

    @property
    def may_have_changed(self) -> bool:
        """Whether anything may have been changed: not if the service refused it, or the former state was restored."""
        return self.outcome is None or self.outcome.changed

    @property
    def is_settled(self) -> bool:
        """Whether it is known what became of it."""
        return self.outcome is not None and (self.outcome.error is None or not self.outcome.changed)


def paired(lines: Iterable[IntentLine | OutcomeLine]) -> list[JournalChange]:
    """The changes in the order of their first lines. An outcome belongs to the intent of its run and its resource;
    the last one counts, since a later run may have found out what became of a change."""
    changes: list[JournalChange] = []
    latest: dict[tuple[str | None, str, str], JournalChange] = {}
    early: list[tuple[int, OutcomeLine]] = []
    for place, line in enumerate(lines):
        if isinstance(line, IntentLine):
            about = line.run, line.id, line.part
            if about not in latest or latest[about].outcome is not None:
                latest[about] = JournalChange()
                changes.append(latest[about])
            latest[about].intents.append(line)
            latest[about].place = place
            continue
        if not _conclude_change(line, place, latest):
            early.append((place, line))
    for place, line in early:  # of a file that comes before the one with the intent
        _conclude_change(line, place, latest)
    return changes


def _conclude_change(line: OutcomeLine, place: int, latest: dict[tuple[str | None, str, str], JournalChange]) -> bool:
    found = _concluded(line, latest)
    for change in found:
        change.outcome, change.place = line, max(place, change.place)
    return bool(found)


def _concluded(line: OutcomeLine, latest: dict[tuple[str | None, str, str], JournalChange]) -> list[JournalChange]:
    """The change that an outcome is of. One that does not say what was changed is of whatever has no outcome yet."""
    parts = [part for run, name, part in latest if (run, name) == (line.run, line.id)] if line.part is None else []
    if line.part is not None:
        parts = [line.part] if (line.run, line.id, line.part) in latest else []
    found = [latest[line.run, line.id, part] for part in parts]
    return [change for change in found if change.outcome is None][:1] or found[:1]


def takes_policy(change: JournalChange) -> bool:
    """Whether a change of a backup policy left the asset without one, or may have: between its DELETE and its POST
    there is none."""
    policies = [line.policy for line in change.intents if line.policy is not None and line.policy.policy_id is not None]
    if not policies or not change.may_have_changed:
        return False
    if change.outcome is None or change.intents[-1].action == UNASSIGN:
        return True
    if "policy_id" in change.outcome.found:
        return change.outcome.found["policy_id"] is None
    return change.outcome.error is not None
