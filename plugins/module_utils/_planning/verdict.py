# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a plan may be carried out, and how a run ended. Pure.

``plan_result`` and ``last_plan`` are results of the modules that plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from .._common.quantities import resources


class Verdict(TypedDict):
    """How a run ended: ``faults`` are sentences about what went wrong, ``line`` sums the run up."""

    faults: list[str]
    line: str


def objections(plan_result: Mapping[str, Any], options: Mapping[str, Any], role: str) -> list[str]:
    """Why a plan must not be carried out: it changes more than allowed, or resources are blocked.

    Resources that earlier rounds of the run changed or tried to change count too.
    """
    counts = plan_result["summary"]
    found: list[str] = []
    limit = options.get("max_changes")
    earlier = counts["changed_earlier"] + counts["failed_earlier"]
    if earlier:
        if limit is not None and counts["planned"] and earlier + counts["planned"] > limit:
            found.append(
                f"{resources(counts['planned'])} still to be changed after {earlier:,} in earlier rounds, more than "
                f"{role}_max_changes ({limit:,}) in all. They were not changed. Run again if this is intended"
            )
        return found
    if limit is not None and counts["planned"] > limit:
        found.append(
            f"The plan changes {resources(counts['planned'])}, more than {role}_max_changes ({limit:,}). Nothing was "
            f"changed. Raise {role}_max_changes if this is intended"
        )
    if options.get("fail_on_blocked") and counts["blocked"]:
        verb = "is" if counts["blocked"] == 1 else "are"
        found.append(
            f"{resources(counts['blocked'])} {verb} blocked and {role}_fail_on_blocked is true. Nothing was changed. "
            "The plan above lists them"
        )
    return found


def verdict(
    last_plan: Mapping[str, Any],
    discovery: Mapping[str, Any],
    *,
    stopped: bool,
    check_mode: bool,
    folder: str,
) -> Verdict:
    """How a run ended.

    ``last_plan`` is the last plan that was made, after the last discovery, ``discovery`` the result of that.
    ``stopped``: the run stopped early, because too much failed.
    """
    counts = last_plan["summary"]
    incomplete = not discovery.get("complete", True)
    unreadable = f"Some places could not be read, so this result is incomplete: {discovery.get('msg', '')}"
    lost = _lost(counts.get("unsettled", 0), folder)
    if check_mode:
        line = f"Dry run, nothing was changed. {last_plan['msg']}. Plan and report are in {folder}"
        return {"faults": lost, "line": f"{line}. {unreadable}" if incomplete else line}
    faults = list(lost)
    failed = counts["failed_earlier"]
    if failed:
        faults.append(f"{resources(failed)} failed. The report in {folder} lists them with the reasons")
    if stopped:
        faults.append("The run was stopped early, because too many changes failed. The rest was not changed. Run again")
    elif counts["planned"]:
        verb = "needs" if counts["planned"] == 1 else "need"
        faults.append(
            f"{resources(counts['planned'])} still {verb} a change after all rounds, e.g. created or modified during "
            f"the run. The last plan in {folder} lists them. Run again"
        )
    if incomplete:
        faults.append(unreadable)
    line = (
        f"{resources(counts['changed_earlier'])} changed, {counts['unchanged']:,} already correct, "
        f"{counts['blocked']:,} blocked, {counts['left_alone']:,} skipped, {counts['excluded']:,} excluded, "
        f"{counts['not_approved']:,} not approved. The report is in {folder}"
    )
    return {"faults": faults, "line": line}


def _lost(count: int, folder: str) -> list[str]:
    """That something is missing which an interrupted run took away."""
    if not count:
        return []
    verb = "was" if count == 1 else "were"
    return [
        f"{resources(count)} {verb} being changed by a run that was interrupted, and this run can't settle that. The "
        f"last plan in {folder} lists them under 'unsettled', with the reasons. Run restore_keys with the folder of "
        "the interrupted run, or assign the backup policies with backup_policy_crossregion_key and 'policy_id'"
    ]
