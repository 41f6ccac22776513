# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of replica_kms_key, and how it changes keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection
from .._changes.engine import Report
from .._changes.recreation import run_with_recreation
from .._changes.request import Target
from .._common.values import is_blank
from .._model.resource import DesiredState
from .._resources.replication_reader import replica_place
from .._resources.replications import REPLICATED_GROUPS, REPLICATED_VOLUMES
from .change_keys import Request, Run, change_keys
from .planned_table import planned_table

REPLICA_OPTIONS: dict[str, dict[str, Any]] = {
    "volume_ids": {"type": "list", "elements": "str", "default": [], "aliases": ["volume_id"]},
    "volume_group_ids": {"type": "list", "elements": "str", "default": [], "aliases": ["volume_group_id"]},
    "destination_region": {"type": "str"},
    "recreate": {"type": "bool", "default": False},
}


def change_replica_keys(module: AnsibleModule) -> NoReturn:
    """Put the replicas of the volumes and groups that are named on the desired key, and end the module."""
    options: Mapping[str, Any] = module.params

    def at_destination(connection: Connection, desired: DesiredState, _targets: Sequence[Target]) -> DesiredState:
        desired = replace(desired, may_recreate=options["recreate"])
        if is_blank(options["destination_region"]):
            return desired
        region = connection.regions.expect(options["destination_region"], "'destination_region' is")
        return replace(desired, replica_place=replica_place(region, connection.regions))

    def key_regions(connection: Connection, _desired: DesiredState) -> list[str] | None:
        """Only the sources say where their replicas are, so a key that is named is looked for in all regions."""
        if is_blank(options["destination_region"]):
            return None
        return [connection.regions.expect(options["destination_region"], "'destination_region' is")]

    def run(run: Run, targets: Sequence[Target], desired: DesiredState, check_mode: bool) -> Report:
        return run_with_recreation(run, targets, desired, check_mode=check_mode)

    request = Request(
        prepare=at_destination,
        key_regions=key_regions,
        planned_lines=planned_table,
        other_ids={"volume_group_ids": REPLICATED_GROUPS},
        run=run,
    )
    change_keys(module, "volume_ids", *REPLICATED_VOLUMES, request=request)
