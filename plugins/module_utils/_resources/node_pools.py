# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Node pools of Container Engine (OKE): the key that the boot volumes of new nodes get (oci_semantics.md section 1.11).

Nodes that exist keep their key. An update names the key and nothing else, since what it leaves out stays, and a size
that is sent along would undo what an autoscaler has done meanwhile; what it did to the rest is read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from .._api.client import Connection, Response, Service
from .._api.decoding import UnreadableRow
from .._common.errors import ResourceError, ServiceError, TransportError
from .._model.decisions import POOL_FAULTY_STATES
from .._model.resource import DesiredState, Resource
from .._model.resource_types import NODE_POOL
from .base import Page, Query
from .registry import register
from .resource_kind import ResourceKind
from .unlisted_reader import UnlistedReader

_KEY = "kmsKeyId"
# An autoscaler may change it at any time.
_SIZE = "size"


@dataclass(frozen=True)
class NodePool(Resource):
    """A node pool as GET, or a row of the list, showed it. ``kms_key_id`` is the key of new nodes.

    ``config`` is its ``nodeConfigDetails`` as the service wrote them. ``is_cycled``: an update may replace its nodes.
    """

    config: Mapping[str, Any] = field(default_factory=dict, compare=False)
    is_cycled: bool = False


class NodePoolKind(ResourceKind):
    type = NODE_POOL
    iam_resource_type = "cluster-node-pools"
    iam_family = "cluster-family"
    requires_usable_current_key = False
    # Lists have no etags, and may leave keys out. There are few in a tenancy.
    reader_class = UnlistedReader
    ignored_hint = (
        "OCI does not document whether node pools accept this key, or none. Change it in the console, or leave the "
        "node pool out."
    )

    def service(self, connection: Connection, region: str) -> Service:
        return connection.container_engine(region)

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """GetNodePool. Raises TransportError where it shows no ``nodeConfigDetails``: then its key is unknown."""
        response = service.read("get_node_pool", resource_id)
        if response.data.node_config_details is None:
            raise TransportError(
                f"{service.host}: the node pool {resource_id} shows no nodeConfigDetails, so its key is unknown",
                operation="GetNodePool",
                was_sent=True,
            )
        return self._pool(response.data, region, response.etag)

    def list_page(self, service: Service, query: Query) -> Page:
        """ListNodePools. Of a row that has no word about the key, only a GET tells."""
        response = service.read("list_node_pools", query.compartment_id, **query.paging)
        shown = [row for row in response.data if _KEY in (row.node_config_details or {})]
        others = tuple(
            UnreadableRow(row.id, f"has no {_KEY} in the list", is_in_doubt=True)
            for row in response.data
            if _KEY not in (row.node_config_details or {})
        )
        return Page(
            [self._pool(row, query.region) for row in shown], response.next_page, (*response.unreadable, *others)
        )

    def blocking_error(self, resource: Resource) -> ResourceError | None:
        if resource.lifecycle_state in POOL_FAULTY_STATES:
            return ResourceError(
                code=resource.lifecycle_state,
                message=f"The node pool is {resource.lifecycle_state}, so its key can't be changed.",
                hint="Repair the node pool, or leave it out.",
            )
        return super().blocking_error(resource)

    def action_for(self, resource: Resource, desired: DesiredState) -> str | ResourceError:
        if cast(NodePool, resource).is_cycled and not self.matches(resource, desired):
            return ResourceError(
                code="NodeCycling",
                message="Node cycling is enabled for this node pool, so a change of its key may replace all of its "
                "nodes. Nothing was sent.",
                hint="Change the key in the console together with the cycling, or disable node cycling first.",
            )
        return super().action_for(resource, desired)

    def lock_reason(self, resource: Resource) -> str | None:
        """In a plan, for the same reason."""
        return "node cycling is enabled, which may replace all of its nodes" if _is_cycled(resource) else None

    def is_retryable(self, error: ServiceError) -> bool:
        """Another update of the pool is a 409 Conflict."""
        return super().is_retryable(error) or error.is_conflict

    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        """UpdateNodePool, with the key alone. Asynchronous: the pool is UPDATING for a while."""
        details = {"nodeConfigDetails": {_KEY: kms_key_id}}
        return service.write("update_node_pool", resource.id, details, if_match=resource.etag)

    def remove(self, service: Service, resource: Resource) -> Response:
        """The same with an empty key, as Terraform sends it; that this is the Oracle-managed one is not documented."""
        return self.assign(service, resource, "")

    def find_side_effects(self, before: Resource, after: Resource) -> ResourceError | None:
        """Whether the rest of ``nodeConfigDetails`` is as it was."""
        former, now = cast(NodePool, before).config, cast(NodePool, after).config
        names = [
            name
            for name in sorted({*former, *now} - {_KEY, _SIZE})
            if (former.get(name) or None) != (now.get(name) or None)
        ]
        if not names:
            return None
        return ResourceError(
            code="NodePoolChanged",
            message=f"The key was changed, but {', '.join(names)} of nodeConfigDetails changed with it.",
            hint="Check the node pool in the console, and change no further ones before Oracle explains it.",
        )

    def _pool(self, row: Any, region: str, etag: str | None = None) -> NodePool:
        cycling = row.node_pool_cycling_details
        return NodePool(
            id=row.id,
            type=self.type,
            region=region,
            display_name=row.name,
            compartment_id=row.compartment_id,
            lifecycle_state=row.lifecycle_state,
            kms_key_id=row.node_config_details.get(_KEY) or None,
            etag=etag,
            freeform_tags=row.freeform_tags or {},
            defined_tags=row.defined_tags or {},
            config=row.node_config_details,
            is_cycled=bool(cycling and cycling.is_node_cycling_enabled),
        )


def _is_cycled(resource: Resource) -> bool:
    return isinstance(resource, NodePool) and resource.is_cycled


NODE_POOLS = NodePoolKind()

NODE_POOL_KINDS = register(NODE_POOLS)
"""The name of the kind for node pools."""
