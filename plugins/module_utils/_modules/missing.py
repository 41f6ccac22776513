# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Resources that interrupted runs were changing by one request, and that can't be read any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .._api.client import Connection
from .._common.errors import InputError, ResourceError
from .._documents.open_changes import OpenChange, open_changes
from .._model.ocid import expect_realm, expect_region, parse
from .._model.resource import DesiredState
from .._resources.region_reader import RegionReader
from .._resources.registry import KINDS
from .._resources.resource_kind import ResourceKind
from .interrupted import is_of_tenancy

_CONCURRENCY = 8


def find_open_changes(journals: Iterable[Path], tenancy: str | None) -> list[OpenChange]:
    """The changes of keys and copies without an outcome in these journals, as far as they are of this tenancy.

    Raises InputError.
    """
    return [each for each in open_changes(journals) if is_of_tenancy(each.intent.tenancy, tenancy)]


def read_missing(connection: Connection, changes: Sequence[OpenChange]) -> list[tuple[OpenChange, ResourceError]]:
    """Those of the changes whose resource can't be read any more, each with the reason. One GET each, or lists."""
    missing: list[tuple[OpenChange, ResourceError]] = []
    by_region: dict[str, dict[str, tuple[OpenChange, ResourceKind]]] = {}
    for change in changes:
        try:
            ocid = parse(change.intent.id)
            if connection.tenancy:
                expect_realm(ocid, parse(connection.tenancy).realm, "the tenancy")
            region = connection.regions.region(change.intent.region or "") or expect_region(ocid, connection.regions)
            name = f"replica of {change.intent.type}" if change.intent.replica is not None else change.intent.type
            kind = KINDS.get(name)
            if not isinstance(kind, ResourceKind):
                raise InputError(f"Resources of type {change.intent.type} are not read by themselves.")
            by_region.setdefault(region, {})[ocid.value] = change, kind
        except InputError as error:
            missing.append((change, ResourceError(code="UnknownRegion", message=str(error))))
    for name, members in by_region.items():
        region_reader = RegionReader(
            name, [(subject, kind) for subject, (_change, kind) in members.items()], connection, _CONCURRENCY
        )
        try:
            readings = region_reader.read(DesiredState(None))
            for subject, (change, _kind) in members.items():
                reading = readings[subject]
                if isinstance(reading, ResourceError):
                    missing.append((change, reading))
        finally:
            region_reader.close()
    return missing
