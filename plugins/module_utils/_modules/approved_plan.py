# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The approved plan: from its file, whose signature may be demanded, or as text; and what it leaves of a new plan.

Raises InputError.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.ssh_signatures import PLAN_NAMESPACE, SIGNATURE_SUFFIX, verify
from .._common.text import quote
from .._common.values import is_blank
from .._documents.json_reader import parse_json, read_bytes
from .._documents.packed_plan import unpack_plan
from .._documents.plan_file import PlanFile, parse_plan
from .._documents.subject import subject
from .._planning.batch_results import PreviousBatches
from .._planning.plan import Plan, approve
from .plan_interrupted import PlannedPolicies

APPROVAL_OPTIONS: dict[str, dict[str, Any]] = {
    "approved_file": {"type": "path"},
    "approved_plan": {"type": "str"},
    "plan_signers": {"type": "path"},
    "plan_signature": {"type": "path"},
    "plan_digest": {"type": "str"},
}
"""Argument spec entries: what was approved."""


@dataclass(frozen=True)
class ApprovedPlan:
    """The plan, and who signed it, if that was asked for."""

    plan: PlanFile
    signed_by: str | None = None


def approved_plan(options: Mapping[str, Any], role: str, *, check_mode: bool) -> ApprovedPlan | None:
    """The approved plan; None if there is none. With ``plan_signers``, there is no change without a signed one."""
    path = _path(options["approved_file"])
    signers = _path(options["plan_signers"])
    if signers is None:
        if not is_blank(options["plan_signature"]):
            raise InputError("'plan_signature' is set without 'plan_signers', so it would not be verified. Set both")
        if path is not None:
            return ApprovedPlan(parse_plan(parse_json(read_bytes(path), str(path))))
        if is_blank(options["approved_plan"]):
            return None
        return ApprovedPlan(unpack_plan(options["approved_plan"], "approved_plan"))
    if path is None:
        if check_mode and is_blank(options["approved_plan"]):
            return None  # a dry run makes the plan that is going to be signed
        raise InputError(
            f"'plan_signers' demands a signed plan, so 'approved_file' is required. Nothing was changed. Sign the "
            f"plan.json of a dry run, and name it with 'approved_file' (in the playbook: {role}_plan_file)"
        )
    content = read_bytes(path)  # what is verified is what is read
    signature = _path(options["plan_signature"]) or path.with_name(path.name + SIGNATURE_SUFFIX)
    signer = verify(content, f"The plan {quote(str(path))}", signature, signers, PLAN_NAMESPACE)
    return ApprovedPlan(parse_plan(parse_json(content, str(path))), signer)


def _path(given: Any) -> Path | None:
    return None if is_blank(given) else Path(os.path.abspath(os.path.expanduser(str(given))))


def settle(
    plan: Plan,
    approved: PlanFile | None,
    digest: str | None,
    *,
    previous: PreviousBatches,
    interrupted: PlannedPolicies,
) -> tuple[str, int]:
    """Keep of the plan what is approved and did not fail before. Its digest until then, and how many changes are gone.

    Raises InputError where ``digest`` is that of another plan.
    """
    present = plan.digest
    if approved is not None:
        approve(plan, approved.entries)
    missing = 0 if approved is None or previous.last else gone(plan, approved)
    plan.block_failed(previous.failed)
    interrupted.complete(plan)
    expect_digest(digest, plan, approved, is_first=not previous.last)
    return present, missing


def gone(plan: Plan, approved: PlanFile) -> int:
    """How many approved changes the plan does not have any more, and does not say why under another heading."""
    apart = (plan.entries, plan.not_approved, plan.blocked, plan.skipped, plan.excluded)
    known = {subject(row) for rows in apart for row in rows}
    return sum(subject(entry) not in known for entry in approved.entries)


def expect_digest(given: str | None, plan: Plan, approved: PlanFile | None, *, is_first: bool) -> None:
    if is_blank(given) or given is None:
        return
    found = approved.digest if approved is not None else plan.digest
    if found != given.strip().lower() and (is_first or approved is not None):
        which = "the approved plan" if approved is not None else "the plan that was made now"
        raise InputError(
            f"'plan_digest' is {given}, but the digest of {which} is {found}. Nothing was changed, because this is not "
            "what was approved. Make another dry run and have it approved"
        )
