# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of backup policies and of replicas that journals tell no end of.

An assignment has no update: it is deleted and created again (oci_semantics.md section 1.5), and so may a replica be
(section 1.6). A process that is killed in between has taken something away that no discovery shows any more. Only the
journal knows.

What reads journals is imported by the functions that need it: most calls find no journal, or none with such a change,
and these files take 12 ms of a start.
"""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._common.errors import InputError
from .._common.text import label
from .._common.timestamps import parse_moment
from .._model.actions import UNASSIGN
from .._model.resource import Replica, TakenAway
from .._model.resource_types import ASSIGNMENT, REPLICA, RESOURCE_TYPES
from .journal_events import OUTCOME

if TYPE_CHECKING:
    from .journal_changes import JournalChange
    from .journal_reader import IntentLine, JournalFile, OutcomeLine

# What each intent of such a change has in it, and each outcome that says something of one.
_INTENT_MARKS, _MARKS = (b"previous_policy_id", b"previous_replica_id"), (b"policy", b"replica")
# What a run writes in a minute, even with hundreds of changes a second.
_RECENT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class InterruptedChange(ABC):
    """A change whose end is not known, and what the asset had before.

    ``kms_key_id`` is the key of what was taken away, None if it had none. ``runs`` are those that did not
    come to its end. ``journal`` and ``line`` say where that is written, ``tenancy`` of which tenancy it is: None where
    no line tells, as plans do not.
    """

    asset_id: str
    asset_type: str
    display_name: str | None
    kms_key_id: str | None
    runs: tuple[str | None, ...]
    journal: str
    line: int
    tenancy: str | None

    @property
    def label(self) -> str:
        return label(self.display_name or "", self.asset_id)

    @property
    def source(self) -> str:
        return f"{self.journal!r}, line {self.line}"

    @property
    @abstractmethod
    def kind(self) -> str:
        """The name in the registry of kinds of what was changed."""

    @property
    @abstractmethod
    def type(self) -> str:
        """The resource type in plans and reports."""

    @property
    @abstractmethod
    def what(self) -> str:
        """What was taken away, as the end of "changing its ...": "backup policy ocid1..."."""

    @property
    @abstractmethod
    def taken(self) -> TakenAway:
        """What was there before."""

    @abstractmethod
    def is_as_before(self, fields: Mapping[str, Any]) -> bool:
        """Whether what is there now, as the journal tells it, is what was there before."""


@dataclass(frozen=True)
class InterruptedPolicy(InterruptedChange):
    """A change of a backup policy; ``kms_key_id`` is that of its copies."""

    policy_id: str

    @property
    def kind(self) -> str:
        return f"policy of {self.asset_type}"

    @property
    def type(self) -> str:
        return ASSIGNMENT

    @property
    def what(self) -> str:
        return f"backup policy {self.policy_id}"

    @property
    def taken(self) -> TakenAway:
        return TakenAway(self.kms_key_id, policy_id=self.policy_id)

    def is_as_before(self, fields: Mapping[str, Any]) -> bool:
        return (fields.get("policy_id"), fields.get("kms_key_id")) == (self.policy_id, self.kms_key_id)


@dataclass(frozen=True)
class InterruptedReplica(InterruptedChange):
    """Replication that was to be switched off and on; the asset is the source."""

    replica_id: str
    availability_domain: str
    replica_name: str | None

    @property
    def kind(self) -> str:
        return f"replica of {self.asset_type}"

    @property
    def type(self) -> str:
        return REPLICA

    @property
    def what(self) -> str:
        return f"replica in {self.availability_domain}"

    @property
    def taken(self) -> TakenAway:
        replica = Replica(self.replica_id, self.availability_domain, self.kms_key_id, self.replica_name)
        return TakenAway(self.kms_key_id, replica=replica)

    def is_as_before(self, fields: Mapping[str, Any]) -> bool:
        return (fields.get("replica_id"), fields.get("kms_key_id")) == (self.replica_id, self.kms_key_id)


@dataclass(frozen=True)
class _JournaledChange:
    change: JournalChange
    journal: str


def interrupted_changes(journals: Iterable[Path]) -> list[InterruptedChange]:
    """The changes of policies and replicas that have no known end in these journals, of each asset the last one.

    Journals that do not exist have none. Raises InputError for a file that is not a journal, or can't be read.
    """
    existing = [path for path in dict.fromkeys(journals) if path.exists()]
    if not existing:
        return []
    from .json_reader import read_bytes

    contents = {str(path): read_bytes(path) for path in existing}
    files = {name: _parse(content, name, _MARKS) for name, content in contents.items() if _has(content, _INTENT_MARKS)}
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
    can't be read is skipped: who needs to know of it has been told by ``interrupted_changes``.
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


def _has(content: bytes, marks: tuple[bytes, ...]) -> bool:
    return any(mark in content for mark in marks)


def _parse(content: bytes, name: str, marks: tuple[bytes, ...] = ()) -> JournalFile:
    """Journals grow for years, so at first only those lines are read that have one of the marks in them."""
    from .journal_reader import parse_journal

    if marks:
        content = b"\n".join(line if _has(line, marks) else b"" for line in content.split(b"\n"))
    try:
        return parse_journal(content, name)
    except InputError as error:
        raise InputError(
            f"{error}. This journal could not be searched for changes that were interrupted. Nothing was changed. "
            "Check the resources that it names, then move it away"
        ) from error


def _interrupted(files: dict[str, JournalFile]) -> list[InterruptedChange]:
    if not files:
        return []
    from .journal_changes import paired
    from .journal_reader import POLICY, REPLICA_KEY

    origins: dict[int, str] = {}
    lines: list[IntentLine | OutcomeLine] = []
    for name, file in files.items():
        origins.update((id(line), name) for line in file.lines)
        lines += file.lines
    by_asset: dict[tuple[str, str], list[_JournaledChange]] = {}
    for change in paired(lines):
        if change.intent.part in (POLICY, REPLICA_KEY):
            about = change.intent.id, change.intent.part
            by_asset.setdefault(about, []).append(_JournaledChange(change, origins[id(change.intent)]))
    found = (_last_interrupted(changes) for changes in by_asset.values())
    return [each for each in found if each is not None]


def _last_interrupted(changes: Sequence[_JournaledChange]) -> InterruptedChange | None:
    """None where a later change has an end. Within a journal the order of the lines decides, else their times."""
    last: dict[str, _JournaledChange] = {}
    for found in changes:
        if found.journal not in last or found.change.place > last[found.journal].change.place:
            last[found.journal] = found
    latest = max(last.values(), key=lambda found: found.change.intents[-1].time)
    open_changes = [found for found in changes if found.journal == latest.journal]
    open_changes.sort(key=lambda found: found.change.place)
    runs: list[str | None] = []
    interrupted: InterruptedChange | None = None
    tenancy = next((line.tenancy for found in changes for line in found.change.intents if line.tenancy), None)
    while open_changes and not open_changes[-1].change.is_settled:
        change = open_changes.pop().change
        if change.intents[-1].action == UNASSIGN:
            break
        runs.append(change.intent.run)
        before = next((line for line in change.intents if _takes_something(line)), None)
        if before is not None:
            interrupted = _interrupted_by(before, latest.journal, tuple(runs), tenancy)
    return interrupted


def _takes_something(line: IntentLine) -> bool:
    """Whether what was there is gone for a while."""
    if line.replica is not None:
        return line.replica.is_recreated and line.replica.replica_id is not None
    return line.policy is not None and bool(line.policy.policy_id)


def _interrupted_by(
    line: IntentLine, journal: str, runs: tuple[str | None, ...], tenancy: str | None
) -> InterruptedChange:
    from .json_reader import JsonNode

    asset = JsonNode(line.id, journal, "id", line.number).ocid(*RESOURCE_TYPES.assets.ocid_types)
    about: dict[str, Any] = {
        "asset_id": asset.value,
        "asset_type": RESOURCE_TYPES.by_ocid_type[asset.type].name,
        "display_name": line.display_name,
        "kms_key_id": line.previous_kms_key_id,
        "runs": runs,
        "journal": journal,
        "line": line.number,
        "tenancy": tenancy,
    }
    if line.replica is not None:
        types = RESOURCE_TYPES[REPLICA].ocid_types
        return InterruptedReplica(
            **about,
            replica_id=JsonNode(line.replica.replica_id, journal, "previous_replica_id", line.number)
            .ocid(*types)
            .value,
            availability_domain=JsonNode(
                line.replica.availability_domain, journal, "previous_replica_domain", line.number
            ).text(),
            replica_name=line.replica.display_name,
        )
    policy_id = line.policy.policy_id if line.policy is not None else None
    policy = JsonNode(policy_id, journal, "previous_policy_id", line.number).ocid("volumebackuppolicy")
    return InterruptedPolicy(**about, policy_id=policy.value)
