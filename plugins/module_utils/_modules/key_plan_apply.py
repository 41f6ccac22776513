# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an AnsibleModule's options to a plan carried out, or one batch of it, and back to a small result."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection
from .._api.settings import resolve_connection
from .._common.cancellation import CancellationToken
from .._common.errors import InputError
from .._common.kept_folder import expect_kept
from .._common.progress import ProgressLog
from .._documents.plan_file import PlanFile, read_plan
from .._planning.batch_results import read_previous_batches
from .change_runtime import ChangeRuntime
from .connection import hide_secrets
from .errors import IN_THE_JOURNAL, fail_module_on_error
from .output import invocation
from .plan_batches import BatchRunner, RunContext, check_run_files, run_settings
from .plan_rounds import apply_plan
from .plan_targets import slices_of
from .progress import live_progress
from .signals import cancelled_by_signals


def run_key_plan_apply(module: AnsibleModule) -> NoReturn:
    """Carry out a plan, or one batch of it, and end the module."""
    runtime = ChangeRuntime.default()
    with fail_module_on_error(module, IN_THE_JOURNAL), cancelled_by_signals(runtime.clock) as cancellation:
        result, is_failure = _apply_live(module, runtime, cancellation)
    if is_failure:
        module.fail_json(invocation=invocation(module), **result)
    module.exit_json(invocation=invocation(module), **result)


def _apply_live(
    module: AnsibleModule, runtime: ChangeRuntime, cancellation: CancellationToken
) -> tuple[dict[str, Any], bool]:
    with live_progress(module, runtime.clock) as log:
        return _apply(module, runtime, cancellation, log)


def _apply(
    module: AnsibleModule,
    runtime: ChangeRuntime,
    cancellation: CancellationToken,
    log: ProgressLog,
) -> tuple[dict[str, Any], bool]:
    """The result, and whether the task failed."""
    options = module.params
    path = Path(os.path.expanduser(options["plan_file"]))
    plan = read_plan(path)
    number = options["batch"]
    if number is not None:
        slices_of(plan, number, path)
    if not module.check_mode and plan.dry_run:
        raise InputError(f"{str(path)!r} is the plan of a dry run. Make a plan outside of check mode to carry it out")
    context = RunContext(module, runtime, _connect(module, runtime, plan), cancellation, log)
    if not module.check_mode:
        expect_kept(path.parent, "The journal", os.environ)
    check_run_files(options, path, plan.batches if number is None else [number])
    if number is None:
        return apply_plan(context, path, plan)
    batch = BatchRunner(context, path, plan, [number], read_previous_batches(path.parent)).run(number)
    result = batch.result()
    return result, bool(result["summary"]["failed"] or batch.recovered.unsettled)


def _connect(module: AnsibleModule, runtime: ChangeRuntime, plan: PlanFile) -> Connection:
    settings = resolve_connection(module.params, os.environ)
    module.no_log_values.update(settings.secrets)
    concurrency = run_settings(module.params, plan, check_mode=module.check_mode).concurrency
    connection = runtime.connect(settings, concurrency)
    hide_secrets(module, connection)
    if connection.tenancy and plan.tenancy != connection.tenancy:
        raise InputError(f"The plan is of tenancy {plan.tenancy}, but the credentials are for {connection.tenancy}")
    return connection
