# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The files with what became of the batches of a run. What is read is checked: raises InputError."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._documents.json_reader import JsonNode, read_json
from .._model.outcome import count_outcomes
from .plan import subject

_BATCH_FILE = re.compile(r"batch-([0-9]{4,})\.json")

Subject = tuple[str, str]

_MOST_SECONDS = 1e9

# What a later try of a batch must not hide: which key a resource had, and which request took it away.
_HISTORY = (
    "previous_encryption",
    "previous_kms_key_id",
    "previous_policy_id",
    "previous_destination_region",
    "action",
    "changed",
    "opc_request_id",
    "time_requested",
    "time_settled",
)


def batch_file(folder: Path, number: int) -> Path:
    return folder / f"batch-{number:04}.json"


@dataclass(frozen=True)
class PreviousBatches:
    """What the batches of a run did so far. ``failed`` has the subjects of what failed, ``seconds`` is their time."""

    last: int = 0
    changed: int = 0
    done: int = 0
    seconds: float = 0.0
    failed: frozenset[Subject] = frozenset()


def read_batches(folder: Path) -> PreviousBatches:
    """The result files of the batches in the folder of a run."""
    last = changed = done = 0
    seconds = 0.0
    failed: set[Subject] = set()
    for path in sorted(folder.glob("batch-*.json")):
        match = _BATCH_FILE.fullmatch(path.name)
        if match is None:
            continue
        root = read_json(path)
        last = max(last, int(match.group(1)))
        changed += root.get("summary").get("changed").count()
        done += root.get("summary").get("total").count()
        seconds += _seconds(root)
        for node in root.get("resources").items():
            if node.get("error").value is not None:
                failed.add(_subject(node))
    return PreviousBatches(last, changed, done, seconds, frozenset(failed))


def _seconds(root: JsonNode) -> float:
    taken = root.get("seconds").value
    # JSON has whole numbers of any size, numbers with a point have an end.
    return float(taken) if isinstance(taken, (int, float)) and abs(taken) < _MOST_SECONDS else 0.0


def _subject(node: JsonNode) -> Subject:
    return node.get("type").text(), node.get("asset_id").text_or_none() or node.get("id").text()


def row_counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The counts of the rows of a batch, as of outcomes."""
    return count_outcomes((bool(row.get("changed")), row.get("error") is not None) for row in rows)


@dataclass(frozen=True)
class PreviousAttempt:
    """What a batch that is carried out once more has in its file already."""

    rows: Mapping[Subject, Mapping[str, Any]]
    seconds: float = 0.0


def read_tried(folder: Path, number: int) -> PreviousAttempt:
    """What became of a batch when it was carried out before; nothing where it was not."""
    path = batch_file(folder, number)
    if not path.exists():
        return PreviousAttempt({})
    root = read_json(path)
    return PreviousAttempt({_subject(node): node.mapping() for node in root.get("resources").items()}, _seconds(root))


def merge_attempts(previous_attempt: PreviousAttempt, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What became of a batch in all its tries.

    What a resource is now is told by the last try that had it in hand; which key it had, by the try that changed it.
    """
    found = dict(previous_attempt.rows)
    for row in rows:
        about = subject(row)
        before = found.get(about)
        if before is not None and before.get("changed") and not row["changed"]:
            found[about] = {**row, **{name: before[name] for name in _HISTORY if name in before}}
        else:
            found[about] = row
    return list(found.values())
