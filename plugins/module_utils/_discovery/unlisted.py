# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Resource Search shows and no list did: a list that lags behind lacks what was made a moment ago.

Search leaves things out, too (oci_semantics.md, fact 24), so what neither shows may still exist. SearchResources.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from .._api.client import Connection
from .._api.pagination import every_page
from .._common.errors import ApiError, InputError
from .._model.decisions import GONE_STATES
from .._model.ocid import parse
from .._model.resource_types import RESOURCE_TYPES

_PAGE_SIZE = 1000


@dataclass(frozen=True)
class Shown:
    """A resource as Search shows it: ``type`` is its name in the table of resource types."""

    id: str
    type: str
    compartment_id: str


def unlisted(
    connection: Connection,
    region: str,
    types: Collection[str],
    compartment_ids: Collection[str],
    listed: Collection[str],
) -> list[Shown]:
    """The resources of these types, in these compartments, that Search shows, without those that were ``listed``.

    None where the caller may not search, or Search does not answer: it only adds to what lists say.
    """
    names = [row.ocid_types[0] for row in RESOURCE_TYPES.in_shards if row.name in types]
    found: dict[str, Shown] = {}
    if not names:
        return []
    try:
        for shown in _pages(connection, region, names, most=len(listed) // _PAGE_SIZE + 5):
            is_in_scope = shown.type in types and shown.compartment_id in compartment_ids
            if is_in_scope and shown.id not in listed:
                found[shown.id] = shown
    except ApiError:
        pass
    return list(found.values())


def _pages(connection: Connection, region: str, names: Sequence[str], *, most: int) -> list[Shown]:
    details = {
        "type": "Structured",
        "query": f"query {', '.join(names)} resources",
        "matchingContextType": "NONE",
    }
    ask = partial(connection.search(region).read_once, "search_resources", details, limit=_PAGE_SIZE)
    found: list[Shown] = []
    for page in islice(every_page(ask, "resources"), most):
        for row in page.data:
            shown = _shown(row.identifier, row.compartment_id)
            if shown is not None and str(row.lifecycle_state or "").upper() not in GONE_STATES:
                found.append(shown)
    return found


def _shown(identifier: str, compartment_id: str) -> Shown | None:
    try:
        row = RESOURCE_TYPES.by_ocid_type.get(parse(identifier).type)
    except InputError:
        return None
    return None if row is None else Shown(identifier, row.name, compartment_id)
