# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What the five steps need to know of a kind of key-bearing resource."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, cast

from .._api.client import Response, Service
from .._common.errors import ResourceError, ServiceError
from .._common.timestamps import rfc3339
from .._model.decisions import action_for, blocking_error
from .._model.state import (
    REMOVE,
    DesiredState,
    Outcome,
    Resource,
)

# The most rows that a list of Block Volume gives in one page (oci_semantics.md section 4).
PAGE_SIZE = 100


def common_fields(row: Any) -> dict[str, Any]:
    """The fields of a Resource that models of every kind have alike."""
    return {
        "id": row.id,
        "display_name": row.display_name or "",
        "compartment_id": row.compartment_id,
        "lifecycle_state": row.lifecycle_state,
        "time_created": rfc3339(row.time_created) if row.time_created else None,
        "freeform_tags": row.freeform_tags or {},
        "defined_tags": row.defined_tags or {},
    }


@dataclass(frozen=True)
class Query:
    """What a list is asked for: a page of what a compartment of a region holds, the first one where none is named."""

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
        """For lists that take an availability domain, or have to be given one."""
        return {} if self.availability_domain is None else {"availability_domain": self.availability_domain}


@dataclass(frozen=True)
class Page:
    """One page of a list; ``next_page`` is None on the last. A page may be empty before the last."""

    resources: list[Resource]
    next_page: str | None


class NamedKind:
    """What a user can name by its OCID."""

    name: str = ""
    """The name in the registry; empty where it is ``type``."""
    type: str
    """The name in results."""
    ocid_type: str
    """The type that its OCIDs name."""
    noun: str
    """The kind in words, for messages."""
    iam_resource_type: str
    """The resource type that IAM statements name."""
    iam_verb: str = "use"
    """What a change of it takes, as IAM statements say it."""

    def extra_result_fields(self, outcome: Outcome, latest: Resource | None) -> dict[str, Any]:
        """What entries of this kind tell besides what all tell. ``latest`` is the resource as the entry shows it."""
        return {}


class GroupKind(NamedKind, ABC):
    """A kind of group that has no key itself: naming one stands for its members."""

    member_types: tuple[str, ...]
    """The kinds of its members, by their names in the registry."""

    @abstractmethod
    def members(self, service: Service, resource_id: str) -> list[str]:
        """The OCIDs of its key-bearing members. Raises ``ApiError``."""


class ReadableKind(NamedKind, ABC):
    """What can be read by itself and listed by compartment. Each method makes one API call or raises ``ApiError``."""

    @abstractmethod
    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """Read one resource by itself, etag included."""

    @abstractmethod
    def list_page(self, service: Service, query: Query) -> Page:
        """Read one page of the resources of a compartment."""


class ResourceKind(ReadableKind):
    """A kind of key-bearing resource: how to read it, what has to be done to it, and how its key is set."""

    is_synchronous: bool = False
    """Whether a change has taken effect when its request is answered, or not at all."""
    is_full_update: bool = False
    """Whether a change sends back what else the resource has, so that it has to be read by itself right before."""
    needs_rollback: bool = False
    """Whether a change may take several requests, so that one that fails half-way has to be put back."""
    is_multi_request: bool = False
    """Whether a change may take several requests, each of which stays in force whatever becomes of the others."""
    requires_usable_current_key: bool = True
    """Whether a key that is disabled or dying keeps the resource from leaving it (fact 22)."""
    max_in_flight: int | None = None
    """How many changes that bring something new into being may be under way at once from one region."""
    reader: Any = None
    """The class that reads it, where the usual one does not do."""

    def resolve_desired(self, resource: Resource, desired: DesiredState) -> DesiredState:
        """What is wanted of this very resource, where that depends on what it has. Pure."""
        return desired

    def decide(self, resource: Resource, desired: DesiredState) -> str | ResourceError:
        """What has to be done to the resource, or why it can't be what is wanted. Pure."""
        return action_for(resource, desired)

    def matches(self, resource: Resource, desired: DesiredState) -> bool:
        """Whether the assignment is there, however old its data key. Pure."""
        return resource.kms_key_id == desired.kms_key_id

    def is_same(self, one: Resource, other: Resource) -> bool:
        """Whether two reads of a resource show the same assignment. Pure."""
        return one.kms_key_id == other.kms_key_id

    def describe(self, resource: Resource) -> str:
        """What is assigned to the resource, in words."""
        return "the Oracle-managed key" if resource.kms_key_id is None else resource.kms_key_id

    def key_region(self, resource: Resource, desired: DesiredState) -> str | None:
        """The region in which the wanted key has to be usable for this resource."""
        return resource.region

    def noun_for(self, resource: Resource) -> str:
        """What a message about the state of the resource calls it."""
        return self.noun

    def blocking_error(self, resource: Resource) -> ResourceError | None:
        """Why this resource can't be changed at all, whatever is asked of it. Pure."""
        return blocking_error(resource, self.noun_for(resource))

    def change(self, service: Service, before: Resource, action: str, desired: DesiredState) -> Response:
        """Write what was decided."""
        if action == REMOVE:
            return self.remove(service, before)
        return self.assign(service, before, cast(str, desired.kms_key_id))

    def is_partially_applied(self, before: Resource, now: Resource) -> bool:
        """Whether ``now`` is what a change that was begun and not ended makes of ``before``. Pure."""
        return False

    def is_retryable(self, error: ServiceError) -> bool:
        """Whether a refusal that others take for final is one that goes by."""
        return False

    def roll_back(self, service: Service, before: Resource, now: Resource) -> bool:
        """Restore what a change that failed half-way has taken away. False if nothing is missing."""
        return False

    @abstractmethod
    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        """Assign a customer-managed key."""

    @abstractmethod
    def remove(self, service: Service, resource: Resource) -> Response:
        """Go back to the Oracle-managed key."""

    def applies_serially(self, resource: Resource) -> bool:
        """Whether a change of it is made after all others and alone, so that a failure spares those like it."""
        return False

    def lock_reason(self, resource: Resource) -> str | None:
        """Why this resource is left alone unless the user says that it is meant, in words that end a sentence."""
        return None

    def find_side_effects(self, before: Resource, after: Resource) -> ResourceError | None:
        """What a change of the key did to the resource besides, and should not have."""
        return None
