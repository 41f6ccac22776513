# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a plan may be carried out, and how a run ended. Pure.

``plan_result`` and ``last_plan`` are results of the modules that plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from .._common.quantities import resources
from .._common.text import readable
from .._model.change_table import name_words

BLOCKED, SKIPPED, NOT_APPROVED, INCOMPLETE = "blocked", "skipped", "not_approved", "incomplete"
FAIL_ON = (BLOCKED, SKIPPED, NOT_APPROVED, INCOMPLETE)
"""What a plan can be made to fail on, before the first change."""

_MOST_KEYS = 20
_MOST_FAILURES = 5
_LONGEST_REASON = 500


class Verdict(TypedDict):
    """How a run ended: ``faults`` are sentences about what went wrong, ``line`` sums the run up, ``keys`` says of each
    key that was to be left whether something still uses it."""

    faults: list[str]
    line: str
    keys: list[str]


def objections(plan_result: Mapping[str, Any], options: Mapping[str, Any], role: str) -> list[str]:
    """Why a plan must not be carried out: it changes more than allowed, or has what the run is to fail on.

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
    return found + _unwanted(plan_result, options, role)


def _unwanted(plan_result: Mapping[str, Any], options: Mapping[str, Any], role: str) -> list[str]:
    """What the plan has that the run is to fail on. ``fail_on_blocked`` is an older way to ask for blocked."""
    counts = plan_result["summary"]
    asked = set(options.get("fail_on") or ())
    says_blocked = f"{role}_fail_on has blocked" if BLOCKED in asked else f"{role}_fail_on_blocked is true"
    if options.get("fail_on_blocked"):
        asked.add(BLOCKED)
    found = []
    for what, count, condition, remedy in (
        (BLOCKED, counts["blocked"], "blocked", "The plan above lists them, and what to do about each"),
        (SKIPPED, counts["left_alone"], "skipped", "The plan above lists them, and which variable takes them in"),
        (
            NOT_APPROVED,
            counts["not_approved"],
            "not approved",
            "The plan above lists them. Make another dry run and have it approved",
        ),
    ):
        if what in asked and count:
            verb = "is" if count == 1 else "are"
            why = says_blocked if what == BLOCKED else f"{role}_fail_on has {what}"
            found.append(f"{resources(count)} {verb} {condition} and {why}. Nothing was changed. {remedy}")
    if INCOMPLETE in asked and not plan_result.get("complete", True):
        found.append(
            f"{_not_seen_words(counts.get('not_seen', 0))} could not be read and {role}_fail_on has {INCOMPLETE}. "
            "Nothing was changed. Grant what is missing, or take these places out of the scope"
        )
    return found


def stop_reason(batch: Mapping[str, Any], role: str, max_failures: int | None = None) -> str:
    """Why a run stopped early, after this batch: the canary failed, or too many changes did; and the way round.

    ``batch`` is the result of the task that carried it out: ``stopped``, ``is_canary``, ``failed_so_far``, and
    ``resources``, those that failed, each with ``id``, ``type``, ``display_name``, ``region`` and ``error``.
    """
    if batch.get("stopped") == "interrupted":
        return "The run was interrupted. The rest was not changed. Run again to go on"
    failures = [row for row in batch.get("resources") or () if row.get("error")]
    if batch.get("is_canary") and failures:
        return _canary_reason(failures, role)
    limit = "" if max_failures is None else f" ({max_failures:,})"
    failed = batch.get("failed_so_far")
    count = "Too many changes" if not failed else f"{failed:,} {'change' if failed == 1 else 'changes'}"
    return (
        f"The run was stopped early: {count} failed, more than {role}_max_failures{limit} allows. The rest was not "
        f"changed. Fix the reasons and run again, or raise {role}_max_failures"
    )


def _canary_reason(failures: Sequence[Mapping[str, Any]], role: str) -> str:
    named = "; ".join(f"{_called(row)}: {_why(row)}" for row in failures[:3])
    more = f"; and {len(failures) - 3:,} more" if len(failures) > 3 else ""
    ids = ", ".join(str(row["id"]) for row in failures[:3])
    if role == "rekey":
        way_round = f"or leave it out with {role}_exclude_ids: [{ids}], and run again"
    else:
        way_round = f"and run again; to go on without it, set {role}_canary to 0"
    noun = "the canary change" if len(failures) == 1 else f"{len(failures):,} canary changes"
    return (
        f"The run was stopped early: {noun} ({role}_canary) failed. {named}{more}. The rest was not changed. Fix "
        f"the cause, e.g. remove the lock, {way_round}"
    )


def _why(row: Mapping[str, Any]) -> str:
    error = row["error"]
    if not isinstance(error, Mapping):
        return readable(error, _LONGEST_REASON)
    text = readable(error.get("message") or error.get("code") or "failed", _LONGEST_REASON).rstrip(".")
    first, *more = str(error.get("hint") or "").strip().split("\n")
    # Lists, such as IAM statements with their OCIDs, are too long for a terminal.
    hint = f"{first.rstrip(':.')}; the files of the run list them" if more else first
    hint = readable(hint, _LONGEST_REASON).rstrip(".")
    return f"{text}. {hint}" if hint else text


def verdict(
    last_plan: Mapping[str, Any],
    discovery: Mapping[str, Any],
    *,
    stopped: bool | str,
    check_mode: bool,
    folder: str,
    latest: str = "",
    retirement: Sequence[Mapping[str, Any]] = (),
    objections: Sequence[str] = (),
    failures: Sequence[Mapping[str, Any]] = (),
    put_back: int = 0,
) -> Verdict:
    """How a run ended.

    ``last_plan`` is the last plan that was made, after the last discovery, ``discovery`` the result of that. Without a
    plan, it is the result of the module that changed what it was given.
    ``stopped``: the run stopped early; a text is the sentence of ``stop_reason``. ``latest`` is the link to the newest
    report. ``retirement`` has the verdicts of a report on keys, each with ``kms_key_id``, ``verdict`` and ``uses``.
    ``objections`` are what ``plan_objections`` has against carrying out the last plan, as sentences. ``failures`` are
    resources that failed, as ``stop_reason`` takes them; not all, if they are many. ``put_back`` counts policies and
    replicas which an interrupted run had taken away, and this one made again without a plan.
    """
    counts = last_plan["summary"]
    is_call = "total" in counts
    if is_call:
        counts = _counts_of_call(counts, check_mode=check_mode)
    incomplete = not discovery.get("complete", True)
    # Without a last look, what is there now is not known. Its failure is a fault that somebody else names.
    is_unknown = incomplete or (not is_call and not discovery)
    faults = _lost(counts.get("unsettled", 0), folder)
    failed = counts["failed_earlier"]
    if is_call and failures and (failed or counts["blocked"]):
        faults.append(
            _failed_lines(failed or counts["blocked"], failures, folder, "failed" if failed else "can't be changed")
        )
    elif is_call and last_plan.get("msg") and (failed or counts["blocked"]):
        faults.append(last_plan["msg"])  # it names the first of those that failed, with the reasons
    elif is_call and counts["blocked"]:
        faults.append(f"{resources(counts['blocked'])} can't be changed. The files in {folder} have the reasons")
    elif failed and not (isinstance(stopped, str) and not failures):  # of a canary the stop reason says it
        faults.append(_failed_lines(failed, failures, folder))
    if stopped and not check_mode:
        faults.append(
            stopped
            if isinstance(stopped, str)
            else "The run was stopped early, because too many changes failed. The rest was not changed. Run again"
        )
    elif objections:
        faults += objections
    elif counts["planned"] and not check_mode:
        verb = "needs" if counts["planned"] == 1 else "need"
        faults.append(
            f"{resources(counts['planned'])} still {verb} a change after all rounds, e.g. created or modified during "
            f"the run. The last plan in {folder} lists them. Run again"
        )
    if incomplete:
        faults.append(f"This result is incomplete: {discovery.get('msg', '')}")
    place = f"{'Plan and report' if check_mode else 'The report'}: {folder}{f' (link: {latest})' if latest else ''}"
    summed_up = _dry_run_line(counts, is_unknown) if check_mode else _run_line(counts, is_unknown, put_back)
    return {"faults": faults, "line": f"{summed_up}. {place}", "keys": _key_lines(retirement)}


def _failed_lines(count: int, failures: Sequence[Mapping[str, Any]], folder: str, verb: str = "failed") -> str:
    """Some of those that failed, with the reasons, a line for each."""
    if not failures:
        return f"{resources(count)} failed. The report in {folder} lists them with the reasons"
    shown = failures[:_MOST_FAILURES]
    lines = [f"  {_called(row)}: {_why(row)}" for row in shown]
    more = count - len(shown)
    return "\n".join(
        [f"{resources(count)} {verb}:", *lines, *([f"  and {more:,} more in {folder}"] if more > 0 else [])]
    )


def _called(row: Mapping[str, Any]) -> str:
    """A resource by its name, or by its OCID where it has none."""
    return name_words(row.get("display_name")) or str(row["id"])


def _counts_of_call(counts: Mapping[str, int], *, check_mode: bool) -> dict[str, int]:
    """The counts of a module that changes what it is given, or of several such calls, as those of a plan.

    ``not_tried`` are resources of calls that were not made any more, ``left_alone`` those that no call was given.
    """
    changed, failed = counts["changed"], counts["failed"]
    return {
        "planned": changed if check_mode else counts.get("not_tried", 0),
        "unchanged": counts["unchanged"],
        "changed_earlier": 0 if check_mode else changed,
        "failed_earlier": 0 if check_mode else failed,
        "blocked": failed if check_mode else 0,
        "left_alone": counts.get("left_alone", 0),
    }


def _dry_run_line(counts: Mapping[str, int], incomplete: bool) -> str:
    found = [f"{resources(counts['planned'])} would be changed", *_other_counts(counts, incomplete)]
    return f"Dry run, nothing was changed: {', '.join(found)}"


def _run_line(counts: Mapping[str, int], incomplete: bool, put_back: int) -> str:
    changed, failed = counts["changed_earlier"], counts["failed_earlier"]
    found = [f"{resources(changed)} changed" if changed else "No key changed" if put_back else "Nothing changed"]
    found += [f"{put_back:,} put back that an interrupted run had taken away"] if put_back else []
    found += [f"{failed:,} failed"] if failed else []
    found += [f"{counts['planned']:,} not changed yet"] if counts["planned"] else []
    others = {
        **counts,
        "blocked": counts["blocked"] - counts.get("blocked_by_failure", 0),
        "unchanged": counts["unchanged"] - counts.get("unchanged_by_run", 0),
    }
    return ", ".join([*found, *_other_counts(others, incomplete)])


def _other_counts(counts: Mapping[str, int], incomplete: bool) -> list[str]:
    """What is neither changed nor failed; what is zero is left out, but never that something is unknown."""
    named = (
        ("unchanged", "already right"),
        ("blocked", "blocked"),
        ("left_alone", "skipped"),
        ("excluded", "excluded"),
        ("not_approved", "not approved"),
        ("unsettled", "not settled"),
    )
    found = [f"{counts[name]:,} {words}" for name, words in named if counts.get(name)]
    not_seen = counts.get("not_seen", 0)
    if not_seen or incomplete:
        found.append(f"{not_seen:,} not seen" if not_seen else "an unknown number not seen")
    return found


def _not_seen_words(count: int) -> str:
    return {0: "Something", 1: "1 place or resource"}.get(count, f"{count:,} places or resources")


def _key_lines(retirement: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of each key that was to be left: what still uses it. Never that it is not needed any more."""
    lines = [_key_line(row) for row in retirement[:_MOST_KEYS]]
    if len(retirement) > _MOST_KEYS:
        lines.append(f"... and {len(retirement) - _MOST_KEYS:,} more keys; see the report")
    return lines


def _key_line(row: Mapping[str, Any]) -> str:
    key, uses = name_words(row.get("display_name")) or str(row["kms_key_id"]), row.get("uses") or 0
    if row["verdict"] == "in_use":
        verb = "uses" if uses == 1 else "use"
        return f"Key {key}: IN USE. {resources(uses)} in Block Volume still {verb} it. Don't disable or delete it"
    if row["verdict"] == "no_use_found_in_block_volume":
        return (
            f"Key {key}: no use found in Block Volume. Other services were not searched; see 'not_searched' in the "
            "report before you disable it"
        )
    return f"Key {key}: UNKNOWN. No use was found, but not everything was searched; the report says what. Keep the key"


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
