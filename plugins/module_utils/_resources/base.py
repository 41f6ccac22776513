# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What the five steps need to know of a kind of key-bearing resource."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._connection import Answer, Service
from ansible_collections.oci_keys.block_volume.plugins.module_utils._errors import ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._state import Outcome, Resource

# The most rows that a list of Block Volume gives in one page (oci_semantics.md section 4).
PAGE_SIZE = 100


@dataclass(frozen=True)
class Page:
    """One page of a list; ``next_page`` is None on the last. A page may be empty before the last."""

    resources: list[Resource]
    next_page: str | None


class NamedKind:
    """What a user can name by its OCID."""

    type: str
    """The name in results."""
    ocid_type: str
    """The type that its OCIDs name."""
    noun: str
    """The kind in words, for messages."""
    iam_resource_type: str
    """The resource type that IAM statements name."""


class GroupKind(NamedKind, ABC):
    """A kind of group that has no key itself: naming one stands for its members."""

    @abstractmethod
    def members(self, service: Service, resource_id: str) -> list[str]:
        """The OCIDs of its key-bearing members. Raises ``ApiError``."""


class ResourceKind(NamedKind, ABC):
    """A kind of key-bearing resource: how to read it, list it, and set its key.

    Each method makes exactly one API call and raises ``ApiError`` when it gave no result.
    """

    settles_at_once: bool = False
    """Whether a change has taken effect when its request is answered, or not at all."""

    @abstractmethod
    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """Read one resource by itself, etag included."""

    @abstractmethod
    def list_page(
        self,
        service: Service,
        region: str,
        compartment_id: str,
        *,
        page: str | None = None,
        availability_domain: str | None = None,
    ) -> Page:
        """Read one page of the resources of a compartment."""

    @abstractmethod
    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Answer:
        """Assign a customer-managed key."""

    @abstractmethod
    def remove(self, service: Service, resource: Resource) -> Answer:
        """Go back to the Oracle-managed key."""

    def is_delicate(self, resource: Resource) -> bool:
        """Whether a change of it is made after all others and alone, so that a failure spares those like it."""
        return False

    def kept_from(self, resource: Resource) -> str | None:
        """Why this resource is left alone unless the user says that it is meant, in words that end a sentence."""
        return None

    def damage(self, before: Resource, after: Resource) -> ResourceError | None:
        """What a change of the key did to the resource besides, and should not have."""
        return None

    def extra(self, outcome: Outcome) -> dict[str, Any]:
        """What entries of this kind tell besides what all tell."""
        return {}
