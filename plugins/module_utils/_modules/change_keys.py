# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""From an AnsibleModule's options to the five steps, and back to result, diff and failure."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection, connect
from .._api.settings import (
    CONNECTION_OPTIONS,
    ConnectionSettings,
    resolve_connection,
)
from .._changes.engine import Fleet, Report
from .._changes.request import Target, Terms
from .._changes.results import (
    latest_state,
    message,
    resource_entry,
    selected,
    summary,
)
from .._common.clock import Stop
from .._common.errors import InputError
from .._common.files import write_private
from .._documents.journal import (
    Journal,
    default_journal_path,
)
from .._model.decisions import diff
from .._model.state import Outcome, Wanted
from .._resources.registry import GROUPS, KINDS
from . import runtime as _world
from .change_options import (
    CHANGE_OPTIONS,
    targets,
    terms,
    wanted_key,
)
from .errors import IN_THE_JOURNAL, failures_told
from .options import (
    RESULT_OPTIONS,
    writable_file,
)
from .output import invocation, warn
from .signals import stopped_by_signals

# Resources that the diff of a result that is to be small has at most; ``result_file`` has all.
_MOST_IN_SHORT_DIFF = 50


def change_spec(**options: dict[str, Any] | None) -> dict[str, Any]:
    """The argument spec of a module that changes keys: the shared options, and its own, which may replace them.

    None leaves a shared option out.
    """
    spec = {**CHANGE_OPTIONS, **RESULT_OPTIONS, **CONNECTION_OPTIONS, **options}
    return {name: option for name, option in spec.items() if option is not None}


@dataclass(frozen=True)
class Request:
    """What a module asks for: of ``options`` what is wanted, and what has to be known of OCI before it is begun."""

    wanted: Callable[[Mapping[str, Any]], Wanted] = wanted_key
    prepare: Callable[[Connection, Wanted, Sequence[Target]], Wanted] = lambda _connection, wanted, _targets: wanted


def change_keys(
    module: AnsibleModule, ids: str, *types: str, request: Request | None = None, world: _world.World | None = None
) -> NoReturn:
    """Bring the resources that option ``ids`` names onto the key asked for, and end the module.

    ``types`` are the names of the kinds that may be named.
    """
    world = world or _world.World()
    with failures_told(module, IN_THE_JOURNAL):
        result_file = writable_file("result_file", module.params["result_file"])
        with stopped_by_signals(world.clock) as stop:
            wanted, report = _run(module, ids, types, request or Request(), result_file, world, stop)
    _end(module, wanted, report, result_file)


def _run(
    module: AnsibleModule,
    ids: str,
    types: tuple[str, ...],
    request: Request,
    result_file: Path | None,
    world: _world.World,
    stop: Stop,
) -> tuple[Wanted, Report]:
    settings = resolve_connection(module.params, os.environ)
    module.no_log_values.update(settings.secrets)
    agreed = terms(module.params, check_mode=module.check_mode)
    wanted = request.wanted(module.params)
    journal = writable_file("journal", module.params["journal"]) or default_journal_path(os.environ)
    if result_file is not None and os.path.realpath(result_file) == os.path.realpath(journal):
        raise InputError(f"'result_file' and 'journal' are the same file, {str(journal)!r}; the journal would be lost")
    connection = connected(settings, agreed, world)
    module.no_log_values.update(connection.secrets)
    named = targets(
        module.params,
        ids,
        types,
        wanted=wanted,
        regions=connection.regions,
        own_region=connection.region,
        tenancy=connection.tenancy,
    )
    wanted = request.prepare(connection, wanted, named)
    noted = Journal(journal, world.clock, connection.tenancy)
    fleet = Fleet(connection, noted, agreed, clock=world.clock, timings=world.timings, stop=stop)
    return wanted, fleet.bring(named, wanted)


def connected(settings: ConnectionSettings, agreed: Terms, world: _world.World) -> Connection:
    return connect(
        settings, concurrency=agreed.concurrency, retry=world.retry, timeout=world.timeout, clock=world.clock
    )


def _end(module: AnsibleModule, wanted: Wanted, report: Report, result_file: Path | None) -> NoReturn:
    entries = [outcome_entry(outcome, wanted, module.check_mode) for outcome in report.outcomes]
    result: dict[str, Any] = {
        "changed": any(outcome.changed for outcome in report.outcomes),
        "summary": summary(report.outcomes),
        "msg": message(report.outcomes, check_mode=module.check_mode),
    }
    is_short = module.params["result"] == "summary"
    warnings = list(dict.fromkeys(report.warnings))
    warn(module, warnings, "'result_file'", all_of_them=not is_short)
    if result_file is not None:
        try:
            write_private(result_file, {**result, "warnings": warnings, "resources": entries})
        except OSError as error:
            module.warn(f"'result_file' {str(result_file)!r} could not be written: {error}")
    result["resources"] = selected(entries, module.params["result"])
    if module._diff:
        most = _MOST_IN_SHORT_DIFF if is_short else None
        result["diff"] = diff(report.outcomes, wanted, check_mode=module.check_mode, most=most)
    if result["summary"]["failed"]:
        module.fail_json(invocation=invocation(module), **result)
    module.exit_json(invocation=invocation(module), **result)


def outcome_entry(outcome: Outcome, wanted: Wanted, check_mode: bool) -> dict[str, Any]:
    kind = KINDS.get(outcome.kind) or GROUPS[outcome.kind]
    extra = kind.extra(outcome, latest_state(outcome, wanted, check_mode=check_mode))
    return resource_entry(outcome, wanted, check_mode=check_mode, extra=extra)
