# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of backup policies that journals tell no end of.

An assignment has no update: it is deleted and created again (oci_semantics.md section 1.5). A process that is killed in
between has taken a backup policy away, which no discovery shows any more. Only the journal knows.

What reads journals is imported by the functions that need it: most calls find no journal, or none with such a change,
and these files take 12 ms of a start.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .._common.errors import InputError
from .._common.text import label
from .._common.timestamps import parse_moment
from .._model.actions import UNASSIGN
from .._model.resource_types import RESOURCE_TYPES
from .journal_events import OUTCOME

if TYPE_CHECKING:
    from .journal_changes import JournalChange
    from .journal_reader import IntentLine, JournalFile, OutcomeLine

# What each intent of a change of a policy has in it, and each outcome that says something of one.
_INTENT_MARK, _MARK = b"previous_policy_id", b"policy"
# What a run writes in a minute, even with hundreds of changes a second.
_RECENT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class InterruptedPolicy:
    """A change of a backup policy whose end is not known, and what the asset had before.

    ``policy_id`` is the policy, ``kms_key_id`` its key for copies, None if it had none. ``runs`` are those that did not
    come to its end. ``journal`` and ``line`` say where that is written, ``tenancy`` of which tenancy it is: None where
    no line tells, as plans do not.
    """

    asset_id: str
    asset_type: str
    display_name: str | None
    policy_id: str
    kms_key_id: str | None
    runs: tuple[str | None, ...]
    journal: str
    line: int
    tenancy: str | None = None

    @property
    def label(self) -> str:
        return label(self.display_name or "", self.asset_id)

    @property
    def source(self) -> str:
        return f"{self.journal!r}, line {self.line}"


@dataclass(frozen=True)
class _Found:
    change: JournalChange
    journal: str


def interrupted_policies(journals: Iterable[Path]) -> list[InterruptedPolicy]:
    """The changes of policies that have no known end in these journals, of each asset the last one.

    Journals that do not exist have none. Raises InputError for a file that is not a journal, or can't be read.
    """
    existing = [path for path in dict.fromkeys(journals) if path.exists()]
    if not existing:
        return []
    from .json_reader import read_bytes

    contents = {str(path): read_bytes(path) for path in existing}
    files = {name: _parse(content, name, _MARK) for name, content in contents.items() if _INTENT_MARK in content}
    if not _interrupted(files):
        return []
    # Outcomes of version 0.1.0 do not always say that they are about a policy.
    return _interrupted({name: _parse(content, name) for name, content in contents.items()})


def former_run_journals(folder: Path) -> list[Path]:
    """The journals in the folder of a run, or of several runs side by side; each once, whatever links lead to it."""
    beside = sorted(folder.glob("*/journal.jsonl"), key=lambda path: (path.parent.is_symlink(), path))
    by_file: dict[str, Path] = {}
    for path in (folder / "journal.jsonl", *beside):
        if path.is_file():
            by_file.setdefault(os.path.realpath(path), path)
    return list(by_file.values())


def recent_open_changes(journals: Iterable[Path], now: str, seconds: float) -> dict[str, float]:
    """The resources for which journals have an intent of the last ``seconds``, and no outcome; each with its age.

    A request that was sent right before its process was killed may be on its way still. ``now`` and the times of lines
    are RFC 3339; what seems to be from the future was written before a clock was set back, so it counts as new. What
    can't be read is skipped: who needs to know of it has been told by ``interrupted_policies``.
    """
    existing = [path for path in dict.fromkeys(journals) if path.exists()]
    if not existing:
        return {}
    from .json_reader import read_end

    found: dict[str, float] = {}
    for path in existing:
        try:
            content = read_end(path, _RECENT_BYTES)
        except InputError:
            continue
        found.update(_recent_in(content, parse_moment(now), seconds))
    return found


def _recent_in(content: bytes, now: datetime, seconds: float) -> dict[str, float]:
    ages: dict[str, float] = {}
    concluded: set[tuple[object, object]] = set()
    for line in _from_the_end(content):
        try:
            row = json.loads(line)
            age = (now - parse_moment(row["time"])).total_seconds()
            about = row["run"], row["id"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if age > seconds:
            break
        if row.get("event") == OUTCOME:
            concluded.add(about)
        elif about not in concluded and isinstance(row["id"], str):
            ages.setdefault(row["id"], max(age, 0.0))
    return ages


def _from_the_end(content: bytes) -> Iterator[bytes]:
    """The lines, the last one first. Few of many are looked at."""
    end = len(content)
    while end >= 0:
        start = content.rfind(b"\n", 0, end)
        yield content[start + 1 : end]
        end = start


def _parse(content: bytes, name: str, mark: bytes | None = None) -> JournalFile:
    """Journals grow for years, so at first only those lines are read that have the mark in them."""
    from .journal_reader import parse_journal

    if mark is not None:
        content = b"\n".join(line if mark in line else b"" for line in content.split(b"\n"))
    try:
        return parse_journal(content, name)
    except InputError as error:
        raise InputError(
            f"{error}. This journal could not be searched for changes that were interrupted. Nothing was changed. "
            "Check the resources that it names, then move it away"
        ) from error


def _interrupted(files: dict[str, JournalFile]) -> list[InterruptedPolicy]:
    if not files:
        return []
    from .journal_changes import paired
    from .journal_reader import POLICY

    origins: dict[int, str] = {}
    lines: list[IntentLine | OutcomeLine] = []
    for name, file in files.items():
        origins.update((id(line), name) for line in file.lines)
        lines += file.lines
    by_asset: dict[str, list[_Found]] = {}
    for change in paired(lines):
        if change.intent.part == POLICY:
            by_asset.setdefault(change.intent.id, []).append(_Found(change, origins[id(change.intent)]))
    found = (_last_interrupted(changes) for changes in by_asset.values())
    return [policy for policy in found if policy is not None]


def _last_interrupted(changes: Sequence[_Found]) -> InterruptedPolicy | None:
    """None where a later change has an end. Within a journal the order of the lines decides, else their times."""
    last: dict[str, _Found] = {}
    for found in changes:
        if found.journal not in last or found.change.place > last[found.journal].change.place:
            last[found.journal] = found
    latest = max(last.values(), key=lambda found: found.change.intents[-1].time)
    open_changes = [found for found in changes if found.journal == latest.journal]
    open_changes.sort(key=lambda found: found.change.place)
    runs: list[str | None] = []
    policy: InterruptedPolicy | None = None
    tenancy = next((line.tenancy for found in changes for line in found.change.intents if line.tenancy), None)
    while open_changes and not open_changes[-1].change.is_settled:
        change = open_changes.pop().change
        if change.intents[-1].action == UNASSIGN:
            break
        runs.append(change.intent.run)
        before = next((line for line in change.intents if line.policy is not None and line.policy.policy_id), None)
        if before is not None:
            policy = _policy(before, latest.journal, tuple(runs), tenancy)
    return policy


def _policy(line: IntentLine, journal: str, runs: tuple[str | None, ...], tenancy: str | None) -> InterruptedPolicy:
    from .json_reader import JsonNode

    asset = JsonNode(line.id, journal, "id", line.number).ocid(*RESOURCE_TYPES.assets.ocid_types)
    policy_id = line.policy.policy_id if line.policy is not None else None
    return InterruptedPolicy(
        asset_id=asset.value,
        asset_type=RESOURCE_TYPES.by_ocid_type[asset.type].name,
        display_name=line.display_name,
        policy_id=JsonNode(policy_id, journal, "previous_policy_id", line.number).ocid("volumebackuppolicy").value,
        kms_key_id=line.previous_kms_key_id,
        runs=runs,
        journal=journal,
        line=line.number,
        tenancy=tenancy,
    )
