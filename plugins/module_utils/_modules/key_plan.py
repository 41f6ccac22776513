# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""From an AnsibleModule's options to a plan in a file, and back to a small result. Nothing is ever changed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection
from .._api.settings import CONNECTION_OPTIONS
from .._common.clock import Clock
from .._common.errors import InputError
from .._common.values import is_blank
from .._documents.json_reader import read_json
from .._keys.results import key_entry, summary
from .._keys.validation import KeyValidator
from .._planning.batch_results import PreviousBatches, read_batches
from .._planning.key_checks import KeyChecks
from .._planning.plan import FORMAT, VERSION, Plan, batches
from .._planning.plan_file import (
    pack,
    write_or_refuse,
    write_plan,
)
from .._planning.text import count_rows, plan_lines
from .connection import connect_to_read
from .errors import (
    NOTHING_WAS_CHANGED,
    fail_module_on_error,
)
from .options import KEY_CHECK_OPTIONS, writable_file
from .output import invocation
from .runtime import Runtime

# Calls at a time to one service of a region, and how often they are tried, as for a look at what there is.
_SIDE_BY_SIDE = 16
_ATTEMPTS = 6

# Rows of counts that the result of a task lists at most; the file has all of them.
_MOST_COUNTS = 40

# A plan of so many characters still travels well as an artifact of a workflow.
_MOST_AS_VALUE = 25_000
_NOT_A_VALUE = (
    "The plan is too long to be handed on as a value, so only its path and its digest are: a job that is approved by "
    "it has to be able to read the file"
)

PLAN_OPTIONS: dict[str, dict[str, Any]] = {
    "plan_file": {"type": "path", "required": True},
    "keys_file": {"type": "path", "no_log": False},
    "new_discovery_file": {"type": "path", "aliases": ["found_file"]},
    "include_replicated": {"type": "bool", "default": False},
    "include_locked": {"type": "bool", "default": False},
    "batch_size": {"type": "int", "default": 500},
    "canary": {"type": "int", "default": 1},
    "run_id": {"type": "str"},
    **KEY_CHECK_OPTIONS,
    **CONNECTION_OPTIONS,
}
"""Argument spec entries of the modules that plan."""


@dataclass
class PlanContext:
    """What a module that plans has to hand when it is asked for the plan."""

    module: AnsibleModule
    connection: Connection
    validator: KeyValidator
    folder: Path
    clock: Clock
    partial_result: dict[str, Any]
    """Added to the result whether the module succeeds or fails."""

    @cached_property
    def previous(self) -> PreviousBatches:
        """What earlier batches of the same run did, by the files in its folder. Raises InputError."""
        return read_batches(self.folder)

    @property
    def options(self) -> Mapping[str, Any]:
        return dict(self.module.params)

    @property
    def multi_version_key_fails(self) -> bool:
        return bool(self.options["multi_version_key"] == "fail")

    def expect_tenancy(self, tenancy: str, name: str) -> None:
        """Raise InputError where a file is of another tenancy than the one that the credentials are of."""
        own = self.connection.tenancy
        if own and tenancy != own:
            raise InputError(f"{name} is of tenancy {tenancy}, but the credentials are of {own}")


@dataclass(frozen=True)
class PlanResult:
    """A plan, what was learned of its keys, and what is to be told besides in its file and in the result."""

    plan: Plan
    key_checks: KeyChecks
    tenancy: str
    facts: Mapping[str, Any]
    warnings: tuple[str, ...] = ()


def write_key_plan(module: AnsibleModule, make: Callable[[PlanContext], PlanResult]) -> NoReturn:
    """Make a plan, write it to its file, and end the module."""
    runtime = Runtime.default()
    partial_result: dict[str, Any] = {}
    with fail_module_on_error(module, extra_result=partial_result):
        try:
            result = _write(module, make, runtime, partial_result)
        except OSError as error:
            raise InputError(f"The plan could not be made: {error}. {NOTHING_WAS_CHANGED}") from error
    module.exit_json(invocation=invocation(module), **partial_result, **result)


def _write(
    module: AnsibleModule, make: Callable[[PlanContext], PlanResult], runtime: Runtime, partial_result: dict[str, Any]
) -> dict[str, Any]:
    options = module.params
    plan_file = writable_file("plan_file", options["plan_file"])
    keys_file = writable_file("keys_file", options["keys_file"])
    if plan_file is None:
        raise InputError("'plan_file' is empty. Name the file to which the plan is written")
    if options["batch_size"] < 1 or options["canary"] < 0:
        raise InputError("'batch_size' has to be at least 1, and 'canary' at least 0")
    connection = connect_to_read(module, runtime, concurrency=_SIDE_BY_SIDE, attempts=_ATTEMPTS)
    validator = KeyValidator(connection, runtime.clock, exact_versions=True)
    context = PlanContext(module, connection, validator, plan_file.parent, runtime.clock, partial_result)
    result = make(context)
    plan, previous = result.plan, context.previous
    canary = 0 if previous.last else options["canary"]
    parts = batches(plan.entries, options["batch_size"], canary)
    if keys_file is not None:
        _write_keys(keys_file, result.key_checks, connection, is_first=not previous.last)
    run_id = options["run_id"]
    write_plan(
        plan_file,
        plan,
        parts,
        previous.last + 1,
        run_id=uuid.uuid4().hex if is_blank(run_id) else run_id,
        time_created=runtime.clock.timestamp(),
        tenancy=result.tenancy,
        dry_run=module.check_mode,
        slow=result.key_checks.has_external,
        canary_batch=1 if canary and parts else None,
        **result.facts,
    )
    for warning in dict.fromkeys([*result.key_checks.warnings(), *result.warnings]):
        module.warn(warning)
    as_value = _as_value(result) if module.check_mode else None
    lines = plan_lines(plan, dry_run=module.check_mode)
    note = _NOT_A_VALUE if module.check_mode and as_value is None else None
    counts = count_rows(plan.entries)
    return {
        "changed": False,
        "plan_file": str(plan_file),
        "digest": plan.digest,
        "summary": _summary(plan, previous),
        "counts": counts[:_MOST_COUNTS],
        "first_batch": previous.last + 1,
        "batch_count": len(parts),
        "lines": [*lines, note] if note else lines,
        "plan": as_value,
        "plan_note": note,
        "msg": lines[0],
    }


def _as_value(result: PlanResult) -> str | None:
    """The plan as text that an approval can be made of, if it is small. Names of resources don't stand in it as they
    are, since it is handed on by templates."""
    value = {
        "format": FORMAT,
        "version": VERSION,
        "tenancy": result.tenancy,
        "dry_run": True,
        "digest": result.plan.digest,
        "entries": result.plan.entries,
    }
    packed = pack(value)
    return packed if len(packed) <= _MOST_AS_VALUE else None


def _summary(plan: Plan, previous: PreviousBatches) -> dict[str, int]:
    return {
        "planned": len(plan.entries),
        "unchanged": plan.unchanged,
        "blocked": len(plan.blocked),
        "left_alone": len(plan.skipped),
        "excluded": len(plan.excluded),
        "not_approved": len(plan.not_approved),
        "not_selected": plan.not_selected,
        "changed_earlier": previous.changed,
        "failed_earlier": len(previous.failed),
    }


def _write_keys(path: Path, key_checks: KeyChecks, connection: Connection, *, is_first: bool) -> None:
    """The keys as kms_key_info tells them. A later plan of a run keeps what an earlier one told of keys left since."""
    entries = [key_entry(report, connection.auth_type) for report in key_checks.reports]
    if not is_first and path.exists():
        told = {(entry["id"], entry["region"]) for entry in entries}
        previous = read_json(path).get("keys").items()
        entries += [
            dict(node.mapping()) for node in previous if (node.get("id").text(), node.get("region").text()) not in told
        ]
    write_or_refuse(path, {"changed": False, "summary": summary(entries), "keys": entries})
