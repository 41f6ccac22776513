# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an AnsibleModule's options to the five steps, and back to result, diff and failure."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection
from .._api.settings import (
    CONNECTION_OPTIONS,
    resolve_connection,
)
from .._changes.engine import KeyAssigner, Report
from .._changes.progress import ChangeProgress, PlannedLines
from .._changes.request import RunSettings, Target
from .._changes.results import (
    diff,
    message,
    outcome_entry,
    selected,
    summary,
)
from .._common.cancellation import CancellationToken
from .._common.errors import InputError
from .._common.kept_folder import expect_kept
from .._common.progress import ProgressLog
from .._common.quantities import duration
from .._documents.journal import (
    Journal,
    default_journal_path,
)
from .._documents.own_files import write_result
from .._documents.run_locks import lock_places
from .._keys.validation import KeyValidator
from .._model.accountability import Accountability
from .._model.names import is_name
from .._model.resource import DesiredState
from .call_files import input_files
from .change_options import (
    CHANGE_OPTIONS,
    desired_key,
    parse_run_settings,
    targets,
)
from .change_runtime import ChangeRuntime
from .checked_files import CHECKED_ELSEWHERE, check_files
from .connection import hide_secrets
from .errors import IN_THE_JOURNAL, fail_module_on_error
from .interrupted import find_interrupted, with_default_journal
from .key_names import NamedKeys
from .options import (
    RESULT_OPTIONS,
    writable_file,
)
from .output import invocation, warn, warn_of
from .progress import PROGRESS_OPTIONS, live_progress
from .put_back import PutBack, lost_note, put_back, with_interrupted, with_quiet_times
from .signals import cancelled_by_signals

# Maximum number of resources in the diff of a short result; ``result_file`` has all.
_MOST_IN_SHORT_DIFF = 50


def change_spec(**options: dict[str, Any] | None) -> dict[str, Any]:
    """The argument spec of a module that changes keys: the shared options, and its own, which may replace them.

    None leaves a shared option out.
    """
    spec = {**CHANGE_OPTIONS, **RESULT_OPTIONS, **PROGRESS_OPTIONS, **CONNECTION_OPTIONS, **options}
    return {name: option for name, option in spec.items() if option is not None}


Run = Callable[[Sequence[Target], DesiredState], Report]
"""The five steps, over these resources and to this state."""


@dataclass(frozen=True)
class Request:
    """How a module gets the desired state from its options, and completes it with what only OCI knows."""

    desired: Callable[[Mapping[str, Any]], DesiredState] = desired_key
    prepare: Callable[[Connection, DesiredState, Sequence[Target]], DesiredState] = (
        lambda _connection, desired, _targets: desired
    )
    key_regions: Callable[[Connection, DesiredState], Sequence[str] | None] | None = None
    """The regions in which a key that is named is used, None for all; by default those of the resources."""
    planned_lines: PlannedLines | None = None
    """What is shown of what is going to change, before it is; nothing by default."""
    other_ids: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Further options that name resources, each with the names of the kinds that are allowed in it."""
    run: Callable[[Run, Sequence[Target], DesiredState, bool], Report] = lambda run, targets, desired, _check_mode: run(
        targets, desired
    )
    """How the five steps are run; the last argument is whether it is check mode."""
    begin: Callable[[Mapping[str, Any]], None] = lambda _options: None
    """Makes the place for the files of the call, before anything else. Raises InputError."""
    end: Callable[[Mapping[str, Any]], None] = lambda _options: None
    """Takes note that the call has left its files."""


def change_keys(
    module: AnsibleModule, ids: str, *types: str, request: Request | None = None, runtime: ChangeRuntime | None = None
) -> NoReturn:
    """Put the resources that option ``ids`` names on the desired key, and end the module.

    ``types`` are the names of the kinds that are allowed.
    """
    runtime, request = runtime or ChangeRuntime.default(), request or Request()
    with fail_module_on_error(module, IN_THE_JOURNAL):
        request.begin(module.params)
        result_file = writable_file("result_file", module.params["result_file"])
        with cancelled_by_signals(runtime.clock) as cancellation, live_progress(module, runtime.clock) as log:
            desired, report, recovered = _run(module, ids, types, request, result_file, runtime, cancellation, log)
    _end(module, desired, report, recovered, result_file, request)


def _run(
    module: AnsibleModule,
    ids: str,
    types: tuple[str, ...],
    request: Request,
    result_file: Path | None,
    runtime: ChangeRuntime,
    cancellation: CancellationToken,
    log: ProgressLog,
) -> tuple[DesiredState, Report, PutBack]:
    settings = resolve_connection(module.params, os.environ)
    module.no_log_values.update(settings.secrets)
    run_settings = parse_run_settings(module.params, check_mode=module.check_mode)
    desired = request.desired(module.params)
    journal_path = writable_file("journal", module.params["journal"]) or default_journal_path(os.environ)
    if not module.check_mode:
        expect_kept(journal_path.parent, "The journal", os.environ)
    check_files(
        module.params,
        {"result_file": result_file, "journal": journal_path},
        input_files(module.params, "progress_file"),
        formats={"journal": CHECKED_ELSEWHERE},
    )
    connection = runtime.connect(settings, run_settings.concurrency)
    hide_secrets(module, connection)
    resources = [
        target
        for option, kinds in {ids: types, **request.other_ids}.items()
        for target in targets(
            module.params,
            option,
            kinds,
            desired=desired,
            regions=connection.regions,
            own_region=connection.region,
            tenancy=connection.tenancy,
        )
    ]
    journal = Journal(
        journal_path,
        runtime.clock,
        connection.tenancy,
        Accountability(connection.describe_principal(), connection.auth_type),
    )
    validator = KeyValidator(connection, runtime.clock)

    def assigner(settings: RunSettings) -> KeyAssigner:
        return KeyAssigner(
            connection,
            journal,
            settings,
            clock=runtime.clock,
            timings=runtime.timings,
            cancellation=cancellation,
            live=ChangeProgress(log, planned_lines=request.planned_lines),
            lock_places=lock_places(journal_path, os.environ),
            validator=validator,
        )

    warnings: list[str] = []
    journals = with_default_journal([journal_path])
    interrupted = find_interrupted([journal_path], connection.tenancy, warnings)
    try:
        desired = _without_names(desired, connection, resources, request, NamedKeys(connection, runtime.clock), log)
        desired = request.prepare(connection, desired, resources)
        resources, others = with_interrupted(resources, interrupted)
        if not run_settings.check_mode:
            resources = with_quiet_times(resources, journals, runtime.clock.timestamp(), runtime.timings.late_commit)
        report = request.run(assigner(run_settings).run, resources, desired, run_settings.check_mode)
    except InputError as error:
        raise InputError(f"{error}{lost_note(interrupted)}") from error
    recovered = put_back(others, connection, journal, run_settings, assigner)
    return desired, report, replace(recovered, warnings=[*warnings, *recovered.warnings])


def _without_names(
    desired: DesiredState,
    connection: Connection,
    resources: Sequence[Target],
    request: Request,
    names: NamedKeys,
    log: ProgressLog,
) -> DesiredState:
    """The desired state, with OCIDs instead of names."""

    with log.during(lambda seconds: f"looking up names, for {duration(seconds)}"):
        if is_name(desired.kms_key_id):
            regions: Sequence[str] | None = list(dict.fromkeys(each.region for each in resources))
            if request.key_regions is not None:
                regions = request.key_regions(connection, desired)
            elif not regions:
                regions = [*filter(None, [connection.region])]
            desired = replace(desired, kms_key_id=names.key(desired.kms_key_id, regions, "kms_key_id"))
    return desired


def _end(
    module: AnsibleModule,
    desired: DesiredState,
    report: Report,
    recovered: PutBack,
    result_file: Path | None,
    request: Request,
) -> NoReturn:
    entries = [outcome_entry(outcome, desired, module.check_mode) for outcome in report.outcomes]
    result: dict[str, Any] = {
        "changed": recovered.changed or any(outcome.changed for outcome in report.outcomes),
        "summary": summary(report.outcomes),
        "msg": "\n".join([message(report.outcomes, check_mode=module.check_mode), *recovered.problems]),
    }
    if recovered.outcomes:
        result["recovered"] = recovered.entries(check_mode=module.check_mode)
    is_short = module.params["result"] == "summary"
    warnings = list(dict.fromkeys([*report.warnings, *recovered.warnings]))
    warn(module, warnings, "'result_file'", all_of_them=not is_short)
    if result_file is not None:
        try:
            write_result(result_file, {**result, "warnings": warnings, "resources": entries})
            request.end(module.params)
        except OSError as error:
            warn_of(module, f"'result_file' {str(result_file)!r} could not be written: {error}")
    result["resources"] = selected(entries, module.params["result"])
    if module._diff:
        limit = _MOST_IN_SHORT_DIFF if is_short else None
        result["diff"] = diff(report.outcomes, desired, check_mode=module.check_mode, limit=limit)
    if result["summary"]["failed"] or recovered.unsettled:
        module.fail_json(invocation=invocation(module), **result)
    module.exit_json(invocation=invocation(module), **result)
