# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of one batch of a run: what became of its entries in all attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from .._model.counts import ChangeCounts
from .changes_file import DOCUMENT, ChangeRow, batch_paths, count_changes, parse_change
from .json_reader import JsonNode, read_json
from .own_files import write_result
from .subject import Subject, subject

_MOST_SECONDS = 1e9


class BatchRow(ChangeRow, total=False):
    """What became of one entry of a plan."""

    wanted_kms_key_id: str | None


@dataclass(frozen=True)
class BatchFile:
    """The file of one batch of a run. ``seconds`` is how long all its attempts took."""

    number: int
    rows: Mapping[Subject, BatchRow]
    seconds: float

    @property
    def counts(self) -> ChangeCounts:
        return count_changes(self.rows.values())

    @property
    def failed(self) -> frozenset[Subject]:
        return frozenset(about for about, row in self.rows.items() if row.get("error") is not None)


def batch_file(folder: Path, number: int) -> Path:
    return folder / f"batch-{number:04}.json"


def read_batch_files(folder: Path) -> list[BatchFile]:
    """Read all batch files in the folder of a run."""
    return [_parse_batch(read_json(path), number) for number, path in batch_paths(folder)]


def read_batch_file(folder: Path, number: int) -> BatchFile | None:
    """Read the file of one batch; None where the batch was not started."""
    path = batch_file(folder, number)
    return _parse_batch(read_json(path), number) if path.exists() else None


def write_batch_file(path: Path, rows: Sequence[BatchRow], seconds: float, facts: Mapping[str, Any]) -> None:
    """Write the file of a batch. ``facts`` are for people who read it. Raises OSError."""
    write_result(path, {**facts, "summary": count_changes(rows), "seconds": seconds, "resources": rows})


def _parse_batch(root: JsonNode, number: int) -> BatchFile:
    rows: dict[Subject, BatchRow] = {}
    for node in root.expect_list("resources", DOCUMENT):
        row = parse_change(node)
        # Kept as it stands, so that the file that another attempt writes loses nothing.
        rows[subject(row)] = cast(BatchRow, dict(node.mapping()))
    return BatchFile(number=number, rows=rows, seconds=_seconds(root.get("seconds").value))


def _seconds(value: Any) -> float:
    # JSON allows integers too large for a float.
    return float(value) if isinstance(value, (int, float)) and abs(value) < _MOST_SECONDS else 0.0
