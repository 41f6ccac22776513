# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What is known of a key-bearing resource, what is wanted of it, and what became of it. Pure records."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.oci_keys.block_volume.plugins.module_utils._errors import ResourceError

NONE = "none"
ASSIGN = "assign"
REMOVE = "remove"
REGENERATE = "regenerate"


@dataclass(frozen=True)
class Replica:
    """A replica of a volume in another availability domain or region, as its source volume lists it."""

    id: str
    availability_domain: str
    kms_key_id: str | None


@dataclass(frozen=True)
class Resource:
    """One key-bearing resource as one read of the API showed it.

    ``kms_key_id`` is None where the Oracle-managed key protects it: the API's null, absent and empty
    string alike (oci_semantics.md section 2). ``etag`` is known only where the resource was read by itself.
    """

    id: str
    type: str
    region: str
    display_name: str
    compartment_id: str
    lifecycle_state: str
    kms_key_id: str | None
    etag: str | None = None
    replicas: tuple[Replica, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """The assignment asked for. ``kms_key_id`` None asks for the Oracle-managed key."""

    kms_key_id: str | None
    regenerate: bool = False


@dataclass
class Outcome:
    """What happens, or happened, to one resource of the call; results are made of nothing else.

    ``after`` is the last read that was made after a write; None where no such read succeeded.
    """

    id: str
    type: str
    region: str
    before: Resource | None = None
    after: Resource | None = None
    action: str = NONE
    changed: bool = False
    settled: bool = True
    error: ResourceError | None = None
    opc_request_id: str | None = None
    time_requested: str | None = None
    time_settled: str | None = None
    group_id: str | None = None
    left_alone: str | None = None
    """Why a resource that is not as wanted was not touched, which is no failure."""
    warnings: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The resource as a person calls it: its display name, where one was read, and its OCID."""
        if self.before is not None and self.before.display_name:
            return f"{self.before.display_name} ({self.id})"
        return self.id
