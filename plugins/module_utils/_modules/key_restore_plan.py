# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of key_restore_plan: from the files of earlier runs and what resources are on now to their former keys."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from .._api.client import Connection
from .._common.errors import ApiError, InputError, ResourceError, explain
from .._common.progress import NO_PROGRESS, ProgressLog
from .._common.quantities import plural
from .._documents.discovery_writer import named_resources, write_discovery
from .._documents.plan_file import UnplannedRow
from .._documents.subject import Subject
from .._model.backup_policies import BackupPolicy
from .._model.ocid import expect_type, parse
from .._model.resource import DesiredState, Reading, Resource
from .._model.resource_types import ASSIGNMENT
from .._model.rows import ResourceRow
from .._planning.former_keys import FormerKey, FormerKeys, read_former_keys
from .._planning.former_pools import FormerPool, former_pool
from .._planning.key_checks import KeyChecks
from .._planning.lost_policies import unsettled
from .._planning.plan import PlanFilter
from .._planning.replicated import node_pool_warnings, recreation_warnings
from .._planning.restore import REPLICA_NOT_RESTORED, block_unusable, has_policy_of_run, make_restore_plan
from .._resources.instance_pools import InstancePool, InstancePoolReader
from .._resources.policy_reader import PolicyReader
from .._resources.pools import POOL_KINDS
from .._resources.region_reader import RegionReader
from .._resources.replication_reader import Replication
from .._resources.resource_kind import ResourceKind
from .._resources.resource_row import placed_row
from .key_plan import PlanContext, PlanModule, PlanResult
from .options import writable_file
from .plan_interrupted import interrupted_in_plan
from .plan_options import INCLUDE_OPTIONS, PLAN_OPTIONS
from .read_now import read_now


def plan_restore(context: PlanContext) -> PlanResult:
    """Plan to put each resource back on its original key, where it is still on a key that a run assigned."""
    options = context.options
    paths = [Path(os.path.expanduser(path)) for path in options["reports"]]
    former = read_former_keys(paths)
    for tenancy in sorted(former.tenancies):
        context.expect_tenancy(tenancy, f"The content of {', '.join(map(str, paths))}")
    resources, unread, policies, pools = _read(context.connection, former.found, context.log)
    plan_filter = PlanFilter(
        keys=None,
        include_replicated=options["include_replicated"],
        include_locked=options["include_locked"],
        recreate_replicas=options["recreate_replicas"],
        role=context.role,
    )
    plan = make_restore_plan(
        former,
        resources,
        unread,
        plan_filter,
        allow_oracle_managed=options["allow_oracle_managed"],
        remove_policies=options["remove_policies"],
        destinations={ocid: policy.destination_region for ocid, policy in policies.items()},
        pools=pools,
    )
    interrupted = interrupted_in_plan(
        context,
        known={ocid for _type, ocid in former.found},
        known_policies={about for about, key in former.found.items() if key.taken is not None},
    )
    interrupted.add_to(plan, None)
    key_checks = KeyChecks()
    if options["validate_key"]:
        wanted = [(key, row["key_region"]) for row in plan.entries if (key := row["wanted_kms_key_id"]) is not None]
        key_checks = context.check_keys(wanted, plan)
        block_unusable(plan, key_checks, multi_version_key_fails=context.multi_version_key_fails)
    plan.block_failed(context.previous.failed)
    interrupted.complete(plan)
    plan.unsettled += unsettled(plan, [row for row in resources if "lost_in_runs" in row])
    plan.unsettled += _unread_policies(former, unread)
    warnings = [*interrupted.warnings, *recreation_warnings(plan.entries), *node_pool_warnings(plan.entries)]
    if former.truncated_lines:
        lines = "1 line" if former.truncated_lines == 1 else f"{former.truncated_lines} lines"
        warnings.append(f"{lines} of the journals could not be read, e.g. the last line of a run that was killed.")
    facts = {"options": {"reports": [str(path) for path in paths]}, "complete": not unread}
    tenancy = context.connection.tenancy or next(iter(former.tenancies), "")
    _write_discovery(options["new_discovery_file"], resources, tenancy, is_complete=not unread)
    context.partial_result["found"] = _found(options["new_discovery_file"], unread)
    names = {ocid: policy.display_name for ocid, policy in policies.items()}
    return PlanResult(plan, key_checks, tenancy, facts, tuple(warnings), names=names, complete=not unread)


def _found(file: str | None, unread: Mapping[Subject, ResourceError]) -> dict[str, Any]:
    """Whether everything was read that a run may not pass over.

    What OCI does not find (404) was deleted since, or may not be seen: it is counted as not seen by every later
    restore, and is no reason for all of them to fail.
    """
    failed = [error for error in unread.values() if error.status != 404]
    not_read = [error for error in failed if error.code not in REPLICA_NOT_RESTORED]
    left = [error for error in failed if error.code in REPLICA_NOT_RESTORED]
    messages = [
        *([f"{len(not_read):,} of the resources could not be read, e.g.: {not_read[0]}"] if not_read else []),
        *([f"{plural(len(left), 'replica')} could not be restored, e.g.: {left[0].message}"] if left else []),
    ]
    return {"file": file, "complete": not failed, "msg": ". ".join(messages)}


def _unread_policies(former: FormerKeys, unread: Mapping[Subject, ResourceError]) -> list[UnplannedRow]:
    """The policies that a run took away, or may have, where it could not be read what is there now."""
    return [
        {
            "id": former_key.id,
            "type": ASSIGNMENT,
            "region": "",
            "compartment_id": "",
            "display_name": "",
            "kms_key_id": former_key.original,
            "asset_id": former_key.id,
            "reason": f"a run may have taken its backup policy away, and it could not be read: {error.message}",
        }
        for about, error in unread.items()
        if (former_key := former.found[about]).type == ASSIGNMENT and former_key.is_policy_taken
    ]


def _write_discovery(given: str | None, resources: Sequence[ResourceRow], tenancy: str, *, is_complete: bool) -> None:
    """Write what was read as a file of key_assignment_info, which lists only policy assignments that exist."""
    path = writable_file("new_discovery_file", given)
    if path is None:
        return
    existing = [row for row in resources if row["type"] != ASSIGNMENT or row["policy_id"] is not None]
    write_discovery(path, named_resources(existing, tenancy, complete=is_complete))


def _as_before(region: RegionReader, kind: ResourceKind, former: FormerKey, now: Resource) -> tuple[Reading, bool]:
    """A resource as it is now; where a run took its backup policy away, with the one that it had at first."""
    taken = former.taken
    if taken is None:
        return now, False
    before = region.reader_for(kind).before_interruption(now, taken)
    return (now, False) if before is None else (before, True)


def _read(
    connection: Connection, former_keys: Mapping[Subject, FormerKey], log: ProgressLog = NO_PROGRESS
) -> tuple[list[ResourceRow], dict[Subject, ResourceError], dict[str, BackupPolicy], dict[Subject, FormerPool]]:
    """The resources as they are now, why others could not be read, the policies that are going to be replaced or to
    come back, and where instance pools came from."""
    rows: list[ResourceRow] = []
    pools: dict[Subject, FormerPool] = {}
    policies: dict[str, BackupPolicy] = {}

    def take(about: Subject, now: Resource, kind: ResourceKind, region: RegionReader) -> ResourceError | None:
        reading, is_lost = _as_before(region, kind, former_keys[about], now)
        if isinstance(reading, Replication):
            reading = _without_replica(reading) or reading
        if isinstance(reading, ResourceError):
            return reading
        if isinstance(reading, InstancePool):
            reader_of_pools = cast(InstancePoolReader, region.reader_for(kind))
            pools[about] = former_pool(reading, former_keys[about], reader_of_pools.configuration)
        row = placed_row(reading, connection.regions)
        if is_lost:
            row["lost_in_runs"] = []
        first = former_keys[about].first_step(row["kms_key_id"])
        if has_policy_of_run(row, former_keys[about], first):
            reader = cast(PolicyReader, region.reader_for(kind))
            for ocid in filter(None, (row["policy_id"], first.policy_id)):
                policy = _policy(reader, ocid)
                if isinstance(policy, ResourceError):
                    return policy
                policies[ocid] = policy
        rows.append(row)
        return None

    unread = read_now(connection, list(former_keys), DesiredState(None), take, log, POOL_KINDS)
    return rows, unread, policies, pools


def _policy(reader: PolicyReader, ocid: str) -> BackupPolicy | ResourceError:
    """A backup policy, which is that of an asset now, or which a file says to be its former one."""
    try:
        expect_type(parse(ocid), "volumebackuppolicy")
        return reader.policy(ocid)
    except InputError as error:
        return ResourceError(code="UnknownResource", message=f"its former backup policy is not known: {error}.")
    except ApiError as error:
        fault = explain(error)
        return replace(fault, message=f"its backup policy {ocid} could not be read: {fault.message}")


def _without_replica(source: Replication) -> ResourceError | None:
    """Why the key of a source's replica can't be restored: there is none, or more than one."""
    if len(source.meant) == 1:
        return None
    if not source.meant:
        return ResourceError(
            code="NotReplicated",
            message="its source has no replica any more",
            hint="Enable replication again, if it is still wanted",
        )
    return ResourceError(
        code="SeveralReplicas",
        message="its source has several replicas, and a plan can't tell them apart",
        hint="Use the module replica_kms_key, with the replica's region as 'destination_region'",
    )


def _options() -> dict[str, dict[str, Any]]:
    return {
        "reports": {"type": "list", "elements": "path", "required": True},
        "allow_oracle_managed": {"type": "bool", "default": False, "no_log": False},
        "remove_policies": {"type": "bool", "default": False},
        **PLAN_OPTIONS,
        **INCLUDE_OPTIONS,
    }


RESTORE_PLAN = PlanModule("key_restore_plan", _options, plan_restore, role="restore_keys")
