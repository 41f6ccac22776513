# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows of a discovery: as key_assignment_info returns them, and as plans and reports read them from its file.

Times are RFC 3339 in UTC, to the millisecond. Fields that are None are unknown, unless the row says what None means.
"""

from __future__ import annotations

from typing import Any, TypedDict

from .resource_types import ASSIGNMENT

READ_BY_GET, READ_BY_LIST = "get", "list"
"""By what a resource was read. A list may lag behind."""


ATTACHED, NOT_ATTACHED, NONE_IN_SCOPE, ATTACHMENT_UNKNOWN = "attached", "not_attached", "none_in_scope", "unknown"
ATTACHMENT_STATES = (ATTACHED, NOT_ATTACHED, NONE_IN_SCOPE, ATTACHMENT_UNKNOWN)
"""What is known of the instances that have a volume: attached to some, to none, to none in what was searched, which is
a part of the tenancy, or unknown, since a list could not be read."""


class ReplicaRow(TypedDict):
    """A replica as its source volume lists it."""

    id: str
    availability_domain: str | None
    kms_key_id: str | None
    in_other_region: bool


class InstanceRow(TypedDict):
    """An instance that a volume is attached to. The name is None if it could not be read."""

    id: str
    display_name: str | None


class AttachmentsRow(TypedDict):
    """What a volume is attached to. ``state`` is one of ATTACHMENT_STATES."""

    state: str
    instances: list[InstanceRow]


class _CommonResourceFields(TypedDict):
    id: str
    type: str
    region: str
    compartment_id: str
    lifecycle_state: str
    encryption: str
    kms_key_id: str | None
    display_name: str | None
    time_created: str | None
    size_in_gbs: int | None
    group_id: str | None
    locked: str | None
    freeform_tags: dict[str, Any]
    defined_tags: dict[str, dict[str, Any]]
    replicas: list[ReplicaRow]
    managed_by_paas: bool
    read_by: str | None


class ResourceRow(_CommonResourceFields, total=False):
    """A resource and its key. ``type`` is a name of the table of resource types.

    ``encryption`` is customer or oracle; ``kms_key_id`` None is the Oracle-managed key. ``locked`` is the reason why
    the resource is skipped unless the user includes locked ones, in words that end a sentence. ``read_by`` is get where
    it was read by itself, and list where a list may lag behind. The fields below are for
    policy assignments, with ``destination_region`` None if the policy copies nowhere, and ``source_id`` for replicas.
    ``lost_in_runs`` is there for an assignment, or a replica, that runs took away which were interrupted: the row says
    what it was. Where a replica was read on its source, ``replica_domain`` is its availability domain.
    ``attachments`` is there for volumes and boot volumes if a discovery looked for it.
    """

    asset_id: str
    asset_type: str | None
    policy_id: str | None
    destination_region: str | None
    source_id: str | None
    lost_in_runs: list[str]
    replica_domain: str | None
    replica_name: str | None
    attachments: AttachmentsRow


class UnreadableRow(TypedDict):
    """A place that could not be read, and why.

    Region, compartment or type None stands for all. ``status`` None: there is no HTTP status, e.g. after a timeout.
    """

    region: str | None
    compartment_id: str | None
    resource_type: str | None
    code: str | None
    status: int | None
    message: str | None
    hint: str | None


class ScannedAttachmentsRow(TypedDict):
    """The lists of attachments and instances that could not be read. Their type is volume, boot_volume or instance."""

    complete: bool
    unreadable: list[UnreadableRow]


class FilterRow(TypedDict):
    """Which resources the discovery lists. ``kms_key_ids`` None: on any key. ``encryption``: any, customer, oracle.

    Tags None: whatever tags they have. Otherwise they have all of these. ``only_named``: only resources that a user or
    an earlier run named.
    """

    kms_key_ids: list[str] | None
    encryption: str
    freeform_tags: dict[str, Any] | None
    defined_tags: dict[str, dict[str, Any]] | None
    only_named: bool


class _CommonScannedFields(TypedDict):
    tenancy: str | None
    time_started: str | None
    time_finished: str | None
    regions: list[str]
    all_regions: bool | None
    skipped_regions: list[dict[str, str | None]]
    compartments: list[dict[str, str | None]]
    skipped_compartments: list[dict[str, str | None]]
    whole_tenancy: bool | None
    resource_types: list[str]
    filters: FilterRow | None


class ScannedRow(_CommonScannedFields, total=False):
    """What the discovery searched and what it skipped. None: the file does not say, so nothing may be concluded.

    Rows of regions have ``name`` and ``reason``; rows of compartments ``id``, ``name``, ``path``, and
    ``lifecycle_state`` or ``reason``. ``compartment_parents`` has the parent of each compartment that is searched or
    above one that is, as far as it is known; short results don't have it. Only results of key_assignment_info have the
    counts below: short ones do not list all compartments. ``attachments`` is None or missing if nobody looked for them.
    """

    compartment_parents: dict[str, str]
    attachments: ScannedAttachmentsRow | None
    compartment_count: int
    skipped_compartment_count: int


class CallerRow(TypedDict):
    """The principal that made the discovery, and with which versions."""

    tenancy: str | None
    principal: str | None
    auth_type: str | None
    collection_version: str | None
    sdk_version: str | None


def key_region(row: ResourceRow) -> str | None:
    """The region in which the key of a resource has to be: for a policy assignment, where its copies go
    (oci_semantics.md section 1.5). None where that region is not named."""
    return row["destination_region"] if row["type"] == ASSIGNMENT else row["region"]
