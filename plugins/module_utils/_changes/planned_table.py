# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a call is going to change, in the same tables as a plan over a tenancy. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._common.quantities import resources
from .._common.table import wrap
from .._common.text import visible
from .._model.actions import REGENERATE
from .._model.change_table import ChangedRow, UnchangedRow, change_table, name_words, unchanged_lines
from .._model.decisions import Decision
from .._model.ocid_names import Names
from .request import Target

_REST = "see 'resources' in the result"


def planned_lines(
    targets: Sequence[Target],
    decisions: Mapping[str, Decision],
    key_names: Mapping[str, str | None],
    width: int,
    *,
    check_mode: bool,
) -> list[str]:
    """The changes, and what is not changed and why. ``key_names`` are those of keys that were looked up."""
    names = Names(key_names)
    changed: list[ChangedRow] = []
    blocked: list[UnchangedRow] = []
    skipped: list[UnchangedRow] = []
    right = 0
    for target in targets:
        decision = decisions[target.id]
        name = name_words(decision.reading.display_name if decision.reading is not None else "") or names.end(target.id)
        if decision.error is not None:
            blocked.append(UnchangedRow(target.region, target.kind.type, name, _error(decision, names)))
        elif decision.skip is not None:
            reason = f"{_sentence(decision.skip.reason, names)} {_sentence(decision.skip.remedy, names)}"
            skipped.append(UnchangedRow(target.region, target.kind.type, name, reason))
        elif decision.is_change:
            changed.append(_changed(target, decision, name, names))
        else:
            right += 1
    verb = "would be" if check_mode else "will be"
    counts = [(right, "already right"), (len(blocked), "blocked"), (len(skipped), "skipped")]
    first = ", ".join(
        [f"{resources(len(changed))} {verb} changed", *(f"{count:,} {words}" for count, words in counts if count)]
    )
    lines = [
        *wrap(first, width),
        *change_table(changed, width, _REST),
        *unchanged_lines("blocked; fix these first", blocked, width, _REST),
        *unchanged_lines("skipped", skipped, width, _REST),
    ]
    return [visible(line) for line in lines]


def _changed(target: Target, decision: Decision, name: str, names: Names) -> ChangedRow:
    kind, before = target.resource_kind, decision.known
    after = kind.describe(before.with_desired(decision.desired))
    if decision.action == REGENERATE:
        after = f"{after}, with a new data key"
    words = (names.in_text(kind.describe(before)), names.in_text(after))
    return ChangedRow(target.region, target.kind.type, name, *words)


def _error(decision: Decision, names: Names) -> str:
    error = decision.error
    if error is None:
        return ""
    return " ".join(_sentence(text, names) for text in (error.message, error.hint) if text)


def _sentence(text: str, names: Names) -> str:
    plain = names.in_text(" ".join(text.split())).rstrip(". ")
    return f"{plain[:1].upper()}{plain[1:]}."
