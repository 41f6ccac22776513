# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What keeps a plan from being carried out, and what is to be told of a run at its end. Pure.

``planned`` and ``again`` are results of the modules that plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._common.text import are, resources


def objections(planned: Mapping[str, Any], options: Mapping[str, Any], role: str) -> list[str]:
    """Why a plan must not be carried out as it is: it is larger than expected, or some of it is blocked.

    What was changed or tried in earlier rounds of the run counts with what is planned for the next one.
    """
    counts = planned["summary"]
    found = []
    most = options.get("max_changes")
    earlier = counts["changed_earlier"] + counts["failed_earlier"]
    if earlier:
        if most is not None and counts["planned"] and earlier + counts["planned"] > most:
            found.append(
                f"{resources(counts['planned'])} more would be changed after {earlier:,} in earlier rounds, but "
                f"{role}_max_changes allows {most:,} in all. They were left as they are. If they are meant, run again"
            )
        return found
    if most is not None and counts["planned"] > most:
        found.append(
            f"The plan has {resources(counts['planned'])}, but {role}_max_changes allows {most:,}. Nothing was "
            "changed. If the plan is what you mean, allow as many"
        )
    if options.get("fail_on_blocked") and counts["blocked"]:
        found.append(
            f"{are(counts['blocked'])} blocked, and {role}_fail_on_blocked is true. Nothing was changed. The plan "
            "above names what is"
        )
    return found


def verdict(
    again: Mapping[str, Any],
    found: Mapping[str, Any],
    *,
    stopped: bool,
    check_mode: bool,
    folder: str,
) -> dict[str, Any]:
    """What is wrong at the end of a run, as sentences in ``faults``, and how it ended in a ``line``.

    ``again`` is the last plan that was made, after the last look, ``found`` the result of that look.
    """
    counts = again["summary"]
    if check_mode:
        line = f"Nothing was changed, because this is a dry run. {again['msg']}. Plan and report are in {folder}"
        if not found.get("complete", True):
            line += f". Not everything could be looked at, so there may be more to change: {found.get('msg', '')}"
        return {"faults": [], "line": line}
    faults = []
    failed = counts["failed_earlier"]
    if failed:
        faults.append(f"{resources(failed)} failed. The report in {folder} tells which, and why")
    if stopped:
        faults.append("The run was stopped early, because too much failed. What was not tried is as it was; run again")
    elif counts["planned"]:
        faults.append(
            f"Still not as wanted after all rounds: {resources(counts['planned'])}, such as what others made or "
            f"changed meanwhile. The last plan in {folder} names all. Run again"
        )
    if not found.get("complete", True):
        faults.append(f"Not everything could be looked at, so nothing is told of the rest: {found.get('msg', '')}")
    line = (
        f"{resources(counts['changed_earlier'])} changed, {counts['unchanged']:,} as wanted, {counts['blocked']:,} "
        f"blocked, {counts['left_alone']:,} left alone, {counts['excluded']:,} excluded, {counts['not_approved']:,} "
        f"not approved. The report is in {folder}"
    )
    return {"faults": faults, "line": line}
