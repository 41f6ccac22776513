# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What is known of a key-bearing resource, what is wanted of it, and what became of it. Pure records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._common.errors import ResourceError
from .._common.text import label

NONE = "none"
ASSIGN = "assign"
REMOVE = "remove"
REGENERATE = "regenerate"
UNASSIGN = "unassign"
COPY = "copy"


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
    group_id: str | None = None
    time_created: str | None = None
    """RFC 3339 in UTC, to the millisecond."""
    freeform_tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    defined_tags: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)

    @property
    def encryption(self) -> str | None:
        """Whose key protects it: customer or oracle. None for what is not there yet."""
        return "customer" if self.kms_key_id else "oracle"

    def with_desired(self, desired: DesiredState) -> Resource:
        """The resource as a change would leave it, for check mode."""
        return replace(self, kms_key_id=desired.kms_key_id)

    def matches_read(self, other: Resource) -> bool:
        """Whether two reads of a resource, one of them perhaps by list, tell the same of what a change relies on."""
        return self.kms_key_id == other.kms_key_id

    def journal_fields(self) -> dict[str, Any]:
        """What a change of it may change, for diff and journal."""
        return {"encryption": self.encryption, "kms_key_id": self.kms_key_id}


@dataclass(frozen=True)
class CopyTo:
    """Where backups are to be copied to. ``compartment_ids`` are looked into for copies besides the source's own."""

    region: str
    display_name: str | None = None
    compartment_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class DesiredState:
    """The assignment asked for. ``kms_key_id`` None asks for the Oracle-managed key; of a copy, for no other one.

    ``policy_id`` and ``unassigned`` are for backup policies: which one, or none at all.
    """

    kms_key_id: str | None
    regenerate: bool = False
    policy_id: str | None = None
    unassigned: bool = False
    copy_to: CopyTo | None = None


@dataclass
class Outcome:
    """What happens, or happened, to one resource of the call; results are made of nothing else.

    ``kind`` is the name in the registry of kinds, ``type`` the one in results. ``after`` is the last read that was
    made after a write; None where no such read succeeded.
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
    skip_reason: str | None = None
    """Why a resource that is not as wanted was not touched, which is no failure."""
    warnings: list[str] = field(default_factory=list)
    kind: str = ""
    new_id: str | None = None
    """The OCID of what the change brings into being, as the answer to it told."""
    expected_kms_key_id: str | None = None
    """The key that it has to be on for it to be changed, ``''`` for the Oracle-managed one; None: whichever it is."""

    def __post_init__(self) -> None:
        self.kind = self.kind or self.type

    def skip(self, reason: str, remedy: str) -> None:
        """Not to be touched, though it is not as wanted. ``reason`` ends a sentence."""
        self.action = NONE
        self.changed = False
        self.skip_reason = reason
        self.warnings.append(f"{self.label} was left alone, because {reason} ({remedy}).")

    def skip_if_key_differs(self, found: Resource) -> bool:
        """Leave it alone if it is on another key than it has to be on for it to be changed. True if so."""
        if self.expected_kms_key_id is None or (found.kms_key_id or "") == self.expected_kms_key_id:
            return False
        present, planned = (
            found.kms_key_id or "the Oracle-managed one",
            self.expected_kms_key_id or "the Oracle-managed one",
        )
        self.skip(f"its key is {present}, not {planned}", "it was changed after the plan was made; make a new plan")
        return True

    @property
    def known(self) -> Resource:
        """``before`` of a resource that was read, as every one was that is going to be changed."""
        if self.before is None:
            raise ValueError(f"{self.id} was not read")
        return self.before

    @property
    def label(self) -> str:
        """The resource as a person calls it: its display name, where one was read, and its OCID."""
        return label(self.before.display_name if self.before is not None else "", self.id)
