# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The files of a run that plans are made from and written to. What is read is checked: raises InputError."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.files import write_private
from .._documents.json_reader import (
    JsonNode,
    parse_json,
    read_json,
)
from .._model.decisions import ASSIGN, REMOVE
from .._model.ocid import expect_type, parse
from .._model.resource_types import ASSIGNMENT, RESOURCE_TYPES
from .plan import (
    FORMAT,
    VERSION,
    Entry,
    Plan,
    Slice,
    digest,
)
from .text import count_rows

_MOST_UNPACKED = 64 * 1024 * 1024


@dataclass(frozen=True)
class PlanFile:
    """A plan as it was read from its file."""

    entries: list[Entry]
    tenancy: str
    dry_run: bool
    digest: str
    batches: dict[int, list[Slice]]
    slow: bool
    """Whether one of the keys is kept outside OCI, so that few changes may be made at a time."""
    canary_batch: int | None
    """The batch with the first ones of each region, kind and key, if there is one."""


def write_plan(path: Path, plan: Plan, batches: Sequence[Sequence[Slice]], first: int, **facts: Any) -> None:
    """Write ``plan.json``. Raises InputError where it can't be, since nothing may be changed then."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        **facts,
        "digest": plan.digest,
        "counts": count_rows(plan.entries),
        "entries": plan.entries,
        "blocked": plan.blocked,
        "left_alone": plan.skipped,
        "excluded": plan.excluded,
        "not_approved": plan.not_approved,
        "unchanged": plan.unchanged,
        "not_selected": plan.not_selected,
        "batches": [
            {"number": number, "slices": [asdict(part) for part in parts]}
            for number, parts in enumerate(batches, first)
        ],
    }
    write_or_refuse(path, content)


def write_or_refuse(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file that has to be there before anything is changed."""
    try:
        write_private(path, content)
    except OSError as error:
        raise InputError(
            f"{str(path)!r} can't be written: {error.strerror or error}. Nothing was changed, because the plan and the "
            "former keys have to be on disk first. Give a folder that can be written"
        ) from error


def read_plan(path: Path) -> PlanFile:
    return parse_plan(read_json(path))


def pack(value: Mapping[str, Any]) -> str:
    """A value as text without anything that templates or terminals could take for more than text."""
    return base64.b64encode(zlib.compress(json.dumps(value).encode(), 9)).decode("ascii")


def unpack_plan(text: str, name: str) -> PlanFile:
    """The plan that ``pack`` made text of. Raises InputError, also for what would be very large."""
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.b64decode(text, validate=True), _MOST_UNPACKED)
    except (ValueError, zlib.error) as error:
        raise InputError(f"'{name}' is not the text of a plan, as a dry run gives it") from error
    if unpacker.unconsumed_tail:
        raise InputError(f"'{name}' has more than {_MOST_UNPACKED // 1024**2} MiB, and is not read")
    return parse_plan(parse_json(content, name))


def parse_plan(root: JsonNode) -> PlanFile:
    """Raises InputError for what is not a plan, or was altered after its digest was made."""
    root.expect_format(FORMAT, VERSION)
    entries = [plan_entry(node) for node in root.get("entries").items()]
    told = root.get("digest").text()
    if digest([node.value for node in root.get("entries").items()]) != told:
        root.get("digest").fail("the digest of its entries is expected: they were altered")
    return PlanFile(
        entries=entries,
        tenancy=tenancy_of(root.get("tenancy")),
        dry_run=root.get("dry_run").flag(),
        digest=told,
        batches={node.get("number").count(): _slices(node, len(entries)) for node in root.get("batches").items()},
        slow=root.get("slow").flag(),
        canary_batch=root.get("canary_batch").count_or_none(),
    )


def _slices(node: JsonNode, total: int) -> list[Slice]:
    slices = []
    for part in node.get("slices").items():
        numbers = {name: part.get(name).count() for name in ("start", "stop", "first", "last", "total")}
        if not 0 <= numbers["start"] < numbers["stop"] <= total:
            part.fail("the numbers of entries that there are, are expected")
        slices.append(Slice(region=part.get("region").text(), type=part.get("type").text(), **numbers))
    return slices


def plan_entry(node: JsonNode) -> Entry:
    """One entry of a plan. Its OCIDs are of the types that its type says."""
    entry = dict(node.mapping())
    kind = node.get("type").one_of(*RESOURCE_TYPES.changeable.names)
    node.get("region").text()
    action = node.get("action").one_of(ASSIGN, REMOVE)
    if "kms_key_id" not in entry:
        # Left out, it would count as the Oracle-managed key.
        node.get("kms_key_id").fail("a key or null is expected")
    entry["kms_key_id"] = _key(node.get("kms_key_id"))
    entry["wanted_kms_key_id"] = _key(node.get("wanted_kms_key_id"))
    if (action == REMOVE) != (entry["wanted_kms_key_id"] is None):
        node.get("action").fail("'wanted_kms_key_id' says otherwise")
    if kind == ASSIGNMENT:
        expect_type(parse(node.get("asset_id").text()), *RESOURCE_TYPES.assets.ocid_types)
    else:
        expect_type(parse(node.get("id").text()), *RESOURCE_TYPES[kind].ocid_types)
        if "asset_id" in entry:
            node.get("asset_id").fail(f"only a {ASSIGNMENT} has an asset")
    return entry


def tenancy_of(node: JsonNode) -> str:
    """The OCID of a tenancy, since what else stands there would be told at any length."""
    tenancy = parse(node.text())
    expect_type(tenancy, "tenancy")
    return tenancy.value


def _key(node: JsonNode) -> str | None:
    value = node.text_or_none()
    if value is not None:
        expect_type(parse(value), "key")
    return value
