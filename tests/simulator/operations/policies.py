# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backup policies, and their assignments: made and deleted, but never updated (oci_semantics.md 0.11, 1.5)."""

from __future__ import annotations

from typing import Any

from simulator.api import Call, declare, many, one, scope
from simulator.key_checks import check_assignable
from simulator.kinds.assignments import Asset, Assigned, Assignment, assign, unassign
from simulator.kinds.compartments import inspectable
from simulator.kinds.groups import VolumeGroup
from simulator.kinds.policies import Policy
from simulator.kinds.volumes import Volume
from simulator.ocids import looks_like_key
from simulator.wire import ApiError, Json, Reply, cut, invalid, missing, not_found

from .rows import LARGEST_PAGE, here

_BODY = frozenset({"assetId", "policyId", "xrcKmsKeyId"})
_ENDED = ("TERMINATING", "TERMINATED", "FAULTY")


def _policy(call: Call, ident: Any) -> Policy:
    """An Oracle-defined one is in every region."""
    found = call.cloud.resources.get(str(ident))
    if not isinstance(found, Policy) or found.region not in ("", call.region) or not inspectable(call.cloud, found):
        raise not_found()
    return found


def _get_policy(call: Call) -> Reply:
    policy = _policy(call, call.ident)
    return one(policy.document(), policy.etag)


def _list_policies(call: Call) -> Reply:
    """Without a compartment: the Oracle-defined ones."""
    compartment = call.compartment()
    rows = [policy for policy in call.cloud.all(Policy) if policy.may_inspect]
    if compartment is None:
        rows = [policy for policy in rows if policy.oracle_defined]
    else:
        rows = [
            policy
            for policy in rows
            if not policy.oracle_defined and (policy.region, policy.compartment_id) == (call.region, compartment)
        ]
    page, following = cut(rows, scope(call), call.query, LARGEST_PAGE, LARGEST_PAGE)
    return many([policy.document() for policy in page], following)


def _asset(call: Call, ident: str) -> Asset:
    cls = type(call.cloud.resources.get(ident))
    if not issubclass(cls, Asset):
        raise not_found()
    return here(cls, call, ident)


def _from_group(call: Call, asset: Asset) -> Assignment | None:
    """The assignment of the group of which a volume is a member."""
    if not isinstance(asset, Volume) or asset.group_id is None:
        return None
    return call.cloud.shelf(Assigned).get(asset.group_id)


def _get_of_asset(call: Call) -> Reply:
    """An array of zero or one."""
    asset = _asset(call, call.query["assetId"])
    book = call.cloud.shelf(Assigned)
    own, group = book.get(asset.id), _from_group(call, asset)
    shown: Json | None = None
    if call.stale and asset.id in book.before:
        shown = book.before[asset.id]
    elif own is not None:
        shown = own.document()
    elif group is not None and call.switch("group_policy_shown_on_member") != "nothing":
        as_member = call.switch("group_policy_shown_on_member") == "member"
        shown = group.document(asset.id if as_member else None)
    page, following = cut([shown] if shown else [], scope(call), call.query, LARGEST_PAGE, LARGEST_PAGE)
    return many(list(page), following)


def _get(call: Call) -> Reply:
    assignment = here(Assignment, call, call.ident)
    return one(assignment.document(), assignment.etag)


def _post(call: Call) -> Reply:
    body, cloud = call.document(_BODY), call.cloud
    for name in ("assetId", "policyId"):
        if body.get(name) is None:
            raise missing(name)
        if not isinstance(body[name], str):
            raise invalid(f"{name} is invalid.")
    asset = _asset(call, body["assetId"])
    policy = _policy(call, body["policyId"])
    old = cloud.shelf(Assigned).get(asset.id)
    wanted = body.get("xrcKmsKeyId")
    if wanted and old is not None and (old.policy, old.key) == (policy, wanted):
        cloud.needless_puts += 1
    if asset.state in _ENDED:
        raise ApiError(409, "IncorrectState", f"Resource {asset.id} is in an invalid state {asset.state.capitalize()}")
    if isinstance(asset, VolumeGroup) and policy.oracle_defined and call.switch("oracle_policy_on_group") == "refused":
        raise invalid("An Oracle-defined policy can't be assigned to a volume group.")
    if _from_group(call, asset) is not None and call.switch("assignment_on_member") == "conflict":
        raise ApiError(409, "Conflict", f"The backup policy of {asset.id} is that of its volume group.")
    key = _key(call, policy, wanted)
    if old is not None and old.policy is policy:
        # The same policy again, be it with another key: not known what happens.
        if call.switch("assignment_repost") == "conflict":
            raise ApiError(409, "Conflict", f"{asset.id} has this backup policy already.")
        if call.switch("assignment_repost") == "ignored":
            return one(old.document(), old.etag)
    made = Assignment(cloud, cloud.fresh_name(Assignment.kind, f"{asset.name}-policy"), asset, policy, key)
    made.created = call.now
    assign(cloud, made)
    return one(made.document(), made.etag)


def _key(call: Call, policy: Policy, wanted: Any) -> str | None:
    """The key for the copies, which has to be usable where they are made."""
    if wanted is None:
        return None
    if wanted == "":
        if call.switch("xrc_key_empty") == "refused":
            raise invalid("xrcKmsKeyId is invalid or incorrectly formatted.")
        return None
    if policy.destination is not None:
        return check_assignable(call, wanted, "xrcKmsKeyId", policy.destination).id
    if not isinstance(wanted, str) or not looks_like_key(wanted):
        raise invalid("xrcKmsKeyId is invalid or incorrectly formatted.")
    if call.switch("assignment_xrc_without_destination") == "refused":
        raise invalid("xrcKmsKeyId needs a backup policy with a destination region.")
    return wanted


def _delete(call: Call) -> Reply:
    assignment = here(Assignment, call, call.ident)
    call.check_match(assignment.etag)
    unassign(call.cloud, assignment)
    return Reply(204)


_POLICIES, _ASSIGNMENTS = "/20160918/volumeBackupPolicies", "/20160918/volumeBackupPolicyAssignments"
declare("GetVolumeBackupPolicy", f"iaas GET {_POLICIES}/*", _get_policy)
declare("ListVolumeBackupPolicies", f"iaas GET {_POLICIES}", _list_policies, "compartmentId, limit, page")
declare("GetVolumeBackupPolicyAssetAssignment", f"iaas GET {_ASSIGNMENTS}", _get_of_asset, "assetId*, limit, page")
declare("GetVolumeBackupPolicyAssignment", f"iaas GET {_ASSIGNMENTS}/*", _get)
declare("CreateVolumeBackupPolicyAssignment", f"iaas POST {_ASSIGNMENTS}", _post)
declare("DeleteVolumeBackupPolicyAssignment", f"iaas DELETE {_ASSIGNMENTS}/*", _delete)
