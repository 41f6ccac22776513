# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignments of backup policies (oci_semantics.md 0.11, 0.27, 1.5, 3)."""

from __future__ import annotations

from .probe import UnclearError, probe
from .testbed import CONFLICT, INVALID, REFUSED, Testbed


def _only(bed: Testbed, asset: str) -> str:
    rows = bed.assignments(asset)
    if len(rows) != 1:
        raise UnclearError(f"the asset has {len(rows)} assignments")
    return str(rows[0].policy_id)


@probe("0.11", "POST of another policy over one", answers=("replaces it", "both are there", CONFLICT, INVALID))
def another_policy(bed: Testbed) -> str:
    volume = bed.volume()
    bed.unassign(volume)
    first, second = bed.oracle_policies()[:2]
    for policy in (first, second):
        answer = bed.assign(volume, policy)
        if not answer.accepted:
            if policy == first:
                raise UnclearError(f"no policy could be assigned: {answer}")
            bed.unassign(volume)
            return str(answer)
    rows = [row.policy_id for row in bed.assignments(volume)]
    bed.unassign(volume)
    return "replaces it" if rows == [second] else "both are there" if len(rows) == 2 else "something else"


@probe("1.5", "DELETE of an assignment", answers=("gone at once", "gone later"))
def remove_assignment(bed: Testbed) -> str:
    volume = bed.volume()
    bed.unassign(volume)
    answer = bed.assign(volume, bed.oracle_policies()[0])
    if not answer.accepted:
        raise UnclearError(f"no policy could be assigned: {answer}")
    bed.unassign(volume)
    if not bed.assignments(volume):
        return "gone at once"
    bed.until(lambda: bed.assignments(volume), lambda rows: not rows, "the end of the assignment")
    return "gone later"


@probe(
    "1.5",
    "POST of the policy in place with another xrcKmsKeyId",
    switch="assignment_repost",
    needs=("policy_id", "key_elsewhere"),
)
def same_policy_again(bed: Testbed) -> str:
    volume, policy = bed.volume(), bed.settings.policy_id
    bed.unassign(volume)
    first = bed.assign(volume, policy)
    if not first.accepted or _only(bed, volume) != policy:
        raise UnclearError(f"the policy could not be assigned: {first}")
    answer = bed.assign(volume, policy, bed.settings.key_elsewhere)
    rows = bed.assignments(volume)
    bed.unassign(volume)
    if not answer.accepted:
        return answer.told("", {CONFLICT: "conflict"})
    return "replace" if [row.xrc_kms_key_id for row in rows] == [bed.settings.key_elsewhere] else "ignored"


@probe("1.5", "xrcKmsKeyId with a policy that copies nothing", switch="assignment_xrc_without_destination")
def key_without_destination(bed: Testbed) -> str:
    volume, policy = bed.volume(), bed.oracle_policies()[0]
    bed.unassign(volume)
    plain = bed.assign(volume, policy)
    bed.unassign(volume)
    if not plain.accepted:
        raise UnclearError(f"the policy could not be assigned: {plain}")
    answer = bed.assign(volume, policy, bed.settings.key_a)
    bed.unassign(volume)
    return answer.told("accepted", REFUSED)


@probe("3", 'xrcKmsKeyId ""', switch="xrc_key_empty", needs=("policy_id",))
def empty_copy_key(bed: Testbed) -> str:
    volume = bed.volume()
    bed.unassign(volume)
    answer = bed.assign(volume, bed.settings.policy_id, "")
    bed.unassign(volume)
    return answer.told("accepted", REFUSED)


@probe("0.27, 1.5", "an Oracle-defined policy for a volume group", switch="oracle_policy_on_group", besides=(CONFLICT,))
def oracle_policy_on_group(bed: Testbed) -> str:
    group, policy = bed.group(), bed.oracle_policies()[0]
    bed.unassign(group)
    answer = bed.assign(group, policy)
    bed.unassign(group)
    return answer.told("allowed", REFUSED)


def _on_group(bed: Testbed) -> str:
    """The group with a policy."""
    group = bed.group()
    bed.unassign(group)
    answer = bed.assign(group, bed.settings.policy_id)
    if not answer.accepted:
        raise UnclearError(f"the group could not be given a policy: {answer}")
    return group


@probe("1.5", "what a member shows of its group's policy", switch="group_policy_shown_on_member", needs=("policy_id",))
def policy_of_member(bed: Testbed) -> str:
    member, group = bed.volume(2), _on_group(bed)
    rows = bed.assignments(member)
    bed.unassign(group)
    if not rows:
        return "nothing"
    return {group: "group", member: "member"}.get(rows[0].asset_id, "another asset")


@probe("1.5", "POST for a member of a group with a policy", switch="assignment_on_member", needs=("policy_id",))
def policy_for_member(bed: Testbed) -> str:
    member, group = bed.volume(2), _on_group(bed)
    answer = bed.assign(member, bed.settings.policy_id)
    if answer.accepted:
        bed.unassign(member)
    bed.unassign(group)
    return answer.told("accepted", {CONFLICT: "conflict"})
