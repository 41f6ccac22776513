# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""From an AnsibleModule's options to a plan in a file, and back to a small result. Nothing is ever changed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection, ReadRetry, connect
from .._api.settings import (
    CONNECTION_OPTIONS,
    resolve_connection,
)
from .._common.clock import Clock
from .._common.errors import InputError
from .._common.values import is_blank
from .._documents.json_reader import read_json
from .._keys.results import key_entry, summary
from .._keys.validation import KeyVetting
from .._planning.batch_results import Earlier, read_batches
from .._planning.key_checks import Vetted
from .._planning.plan import FORMAT, VERSION, Plan, batches
from .._planning.plan_file import (
    pack,
    write_or_refuse,
    write_plan,
)
from .._planning.text import count_rows, plan_lines
from . import runtime as _world
from .errors import (
    NOTHING_WAS_CHANGED,
    failures_told,
)
from .options import writable_file
from .output import invocation

# Calls at a time to one service of a region, and how often they are tried, as for a look at what there is.
_SIDE_BY_SIDE = 16
_RETRY = ReadRetry(attempts=6)

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
    "include_replicated": {"type": "bool", "default": False},
    "include_locked": {"type": "bool", "default": False},
    "batch_size": {"type": "int", "default": 500},
    "canary": {"type": "int", "default": 1},
    "run_id": {"type": "str"},
    "validate_key": {"type": "bool", "default": True},
    "multi_version_key": {"type": "str", "choices": ["warn", "fail"], "default": "warn", "no_log": False},
    **CONNECTION_OPTIONS,
}
"""Argument spec entries of the modules that plan."""


@dataclass
class Planning:
    """What a module that plans has to hand when it is asked for the plan."""

    module: AnsibleModule
    connection: Connection
    vetting: KeyVetting
    folder: Path
    clock: Clock
    told: dict[str, Any]
    """What the result has, however the module ends."""

    @cached_property
    def earlier(self) -> Earlier:
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
class Made:
    """A plan, what was learned of its keys, and what is to be told besides in its file and in the result."""

    plan: Plan
    vetted: Vetted
    tenancy: str
    facts: Mapping[str, Any]
    warnings: tuple[str, ...] = ()


def write_key_plan(module: AnsibleModule, make: Callable[[Planning], Made]) -> NoReturn:
    """Make a plan, write it to its file, and end the module."""
    world = _world.World()
    told: dict[str, Any] = {}
    with failures_told(module, told=told):
        try:
            result = _write(module, make, world, told)
        except OSError as error:
            raise InputError(f"The plan could not be made: {error}. {NOTHING_WAS_CHANGED}") from error
    module.exit_json(invocation=invocation(module), **told, **result)


def _write(
    module: AnsibleModule, make: Callable[[Planning], Made], world: _world.World, told: dict[str, Any]
) -> dict[str, Any]:
    options = module.params
    plan_file = writable_file("plan_file", options["plan_file"])
    keys_file = writable_file("keys_file", options["keys_file"])
    if plan_file is None:
        raise InputError("'plan_file' is empty. Name the file to which the plan is written")
    if options["batch_size"] < 1 or options["canary"] < 0:
        raise InputError("'batch_size' has to be at least 1, and 'canary' at least 0")
    settings = resolve_connection(options, os.environ)
    module.no_log_values.update(settings.secrets)
    connection = connect(settings, concurrency=_SIDE_BY_SIDE, retry=world.retry or _RETRY, timeout=world.timeout)
    module.no_log_values.update(connection.secrets)
    vetting = KeyVetting(connection, world.clock, exact_versions=True)
    planning = Planning(module, connection, vetting, plan_file.parent, world.clock, told)
    made = make(planning)
    plan, earlier = made.plan, planning.earlier
    canary = 0 if earlier.last else options["canary"]
    parts = batches(plan.entries, options["batch_size"], canary)
    if keys_file is not None:
        _write_keys(keys_file, made.vetted, connection, is_first=not earlier.last)
    run_id = options["run_id"]
    write_plan(
        plan_file,
        plan,
        parts,
        earlier.last + 1,
        run_id=uuid.uuid4().hex if is_blank(run_id) else run_id,
        time_created=world.clock.timestamp(),
        tenancy=made.tenancy,
        dry_run=module.check_mode,
        slow=made.vetted.has_external,
        canary_batch=1 if canary and parts else None,
        **made.facts,
    )
    for warning in dict.fromkeys([*made.vetted.warnings(), *made.warnings]):
        module.warn(warning)
    as_value = _as_value(made) if module.check_mode else None
    lines = plan_lines(plan, dry_run=module.check_mode)
    note = _NOT_A_VALUE if module.check_mode and as_value is None else None
    counts = count_rows(plan.entries)
    return {
        "changed": False,
        "plan_file": str(plan_file),
        "digest": plan.digest,
        "summary": _summary(plan, earlier),
        "counts": counts[:_MOST_COUNTS],
        "first_batch": earlier.last + 1,
        "batch_count": len(parts),
        "lines": [*lines, note] if note else lines,
        "plan": as_value,
        "plan_note": note,
        "msg": lines[0],
    }


def _as_value(made: Made) -> str | None:
    """The plan as text that an approval can be made of, if it is small. Names of resources don't stand in it as they
    are, since it is handed on by templates."""
    value = {
        "format": FORMAT,
        "version": VERSION,
        "tenancy": made.tenancy,
        "dry_run": True,
        "digest": made.plan.digest,
        "entries": made.plan.entries,
    }
    packed = pack(value)
    return packed if len(packed) <= _MOST_AS_VALUE else None


def _summary(plan: Plan, earlier: Earlier) -> dict[str, int]:
    rows = ("blocked", "left_alone", "excluded", "not_approved")
    return {
        "planned": len(plan.entries),
        "unchanged": plan.unchanged,
        **{name: len(getattr(plan, name)) for name in rows},
        "not_selected": plan.not_selected,
        "changed_earlier": earlier.changed,
        "failed_earlier": len(earlier.failed),
    }


def _write_keys(path: Path, vetted: Vetted, connection: Connection, *, is_first: bool) -> None:
    """The keys as kms_key_info tells them. A later plan of a run keeps what an earlier one told of keys left since."""
    entries = [key_entry(report, connection.auth_type) for report in vetted.reports]
    if not is_first and path.exists():
        told = {(entry["id"], entry["region"]) for entry in entries}
        earlier = read_json(path).get("keys").items()
        entries += [
            dict(node.mapping()) for node in earlier if (node.get("id").text(), node.get("region").text()) not in told
        ]
    write_or_refuse(path, {"changed": False, "summary": summary(entries), "keys": entries})
