# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of resources: how they are named, read and listed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .._api.client import Connection, Response, Service
from .._api.decoding import UnreadableRow
from .._common.timestamps import rfc3339
from .._model.outcome import Outcome
from .._model.resource import Resource
from .._model.resource_types import RESOURCE_TYPES

# The largest page of a list of Block Volume (oci_semantics.md section 4).
PAGE_SIZE = 100


def common_fields(row: Any) -> dict[str, Any]:
    """The fields of a Resource that the SDK's models of all kinds share."""
    return {
        "id": row.id,
        "display_name": row.display_name or "",
        "compartment_id": row.compartment_id,
        "lifecycle_state": row.lifecycle_state,
        "time_created": rfc3339(row.time_created) if row.time_created else None,
        "freeform_tags": row.freeform_tags or {},
        "defined_tags": row.defined_tags or {},
        # Backup policies and volume groups have none.
        "size_in_gbs": getattr(row, "size_in_gbs", None),
    }


@dataclass(frozen=True)
class Query:
    """One page of what a compartment of a region holds; the first one where ``page`` is None."""

    region: str
    compartment_id: str
    page: str | None = None
    availability_domain: str | None = None
    limit: int = PAGE_SIZE

    @property
    def paging(self) -> dict[str, Any]:
        return {"limit": self.limit, **({} if self.page is None else {"page": self.page})}

    @property
    def domain(self) -> dict[str, str]:
        """The argument of lists that accept, or require, an availability domain."""
        return {} if self.availability_domain is None else {"availability_domain": self.availability_domain}


@dataclass(frozen=True)
class Page:
    """One page of a list; ``next_page`` is None on the last. A page may be empty before the last.

    ``unreadable`` are the rows that can't be read: resources of which nothing is known but perhaps their OCID.
    ``query`` is what it was asked for with, and can be asked for with again.
    """

    resources: list[Resource]
    next_page: str | None
    unreadable: tuple[UnreadableRow, ...] = ()
    query: Query | None = None


def page_of(response: Response, resource: Callable[[Any], Resource]) -> Page:
    """The page that a list operation responded with, each row made a resource by ``resource``."""
    return Page([resource(row) for row in response.data], response.next_page, response.unreadable)


class NamedKind:
    """A kind of resource that a user can name by its OCID."""

    name: str = ""
    """The name in the registry; empty where it is ``type``."""
    type: str
    """The name in results, and in the table of resource types."""
    iam_resource_type: str
    """The resource type in IAM statements."""
    iam_family: str = "volume-family"
    """The family of resource types that lists are about."""
    iam_verb: str = "use"
    """The IAM verb required to change it."""
    ignored_hint: str | None = None
    """What to do where the service accepts a change and leaves the key as it was, or refuses it for what it is."""

    @property
    def ocid_type(self) -> str:
        """The usual type in its OCIDs."""
        return RESOURCE_TYPES[self.type].ocid_types[0]

    @property
    def noun(self) -> str:
        """The kind as messages call it."""
        return RESOURCE_TYPES[self.type].singular

    @property
    def registry_name(self) -> str:
        """The name in the registry of kinds."""
        return self.name or self.type

    def extra_result_fields(self, outcome: Outcome, latest: Resource | None) -> dict[str, Any]:
        """The fields that only entries of this kind have. ``latest`` is the resource as the entry shows it."""
        return {}


class GroupKind(NamedKind, ABC):
    """A kind of group that has no key itself: naming a group stands for its members."""

    member_types: tuple[str, ...]
    """The kinds of its members, by their names in the registry."""

    @abstractmethod
    def members(self, service: Service, resource_id: str) -> list[str]:
        """The OCIDs of its key-bearing members. Raises ``ApiError``."""


def not_a_member(member: Resource, group_id: str) -> str:
    """That a group's backup names a backup which does not say itself that it belongs to it."""
    own = f"that of {member.group_id}" if member.group_id else "that of no group"
    return (
        f"the backup of a volume group {group_id} names {member.display_name} ({member.id}) as its member, but by its"
        f" own account this is {own}"
    )


class ReadableKind(NamedKind, ABC):
    """A kind that can be read by GET and listed by compartment. Each method makes one API call; raises ``ApiError``."""

    def service(self, connection: Connection, region: str) -> Service:
        """The service that has it, which makes no call."""
        return connection.block_volume(region)

    @abstractmethod
    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """Read one resource, etag included."""

    @abstractmethod
    def list_page(self, service: Service, query: Query) -> Page:
        """Read one page of the resources of a compartment; lists have no etags."""

    def found_in(self, resource: Resource) -> Sequence[Resource]:
        """What a discovery shows of what was listed."""
        return [resource]
