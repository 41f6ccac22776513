# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volume groups: they have no key, but a backup policy (oci_semantics.md sections 1.4 and 1.5)."""

from __future__ import annotations

from typing import Any

from .._api.client import Service
from .._model.resource import Replica, Resource
from .base import (
    Page,
    Query,
    ReadableKind,
    common_fields,
    page_of,
)


class VolumeGroupKind(ReadableKind):
    """Only read: that a group is there, what it is called, and its replicas."""

    type = "volume_group"
    iam_resource_type = "volume-groups"

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """GetVolumeGroup."""
        response = service.read("get_volume_group", resource_id)
        return self._group(response.data, region, response.etag)

    def list_page(self, service: Service, query: Query) -> Page:
        """ListVolumeGroups."""
        response = service.read("list_volume_groups", query.compartment_id, **query.paging)
        return page_of(response, lambda row: self._group(row, query.region))

    def _group(self, row: Any, region: str, etag: str | None = None) -> Resource:
        return Resource(
            **common_fields(row),
            type=self.type,
            region=region,
            kms_key_id=None,
            etag=etag,
            replicas=tuple(
                Replica(
                    id=replica.volume_group_replica_id,
                    availability_domain=replica.availability_domain,
                    kms_key_id=replica.kms_key_id or None,
                    display_name=replica.display_name,
                )
                for replica in row.volume_group_replicas or ()
            ),
        )


VOLUME_GROUP = VolumeGroupKind()
