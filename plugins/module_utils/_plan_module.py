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
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oci_keys.block_volume.plugins.module_utils import _module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._batch_results import Earlier, read_batches
from ansible_collections.oci_keys.block_volume.plugins.module_utils._connection import Connection, ReadRetry, connect
from ansible_collections.oci_keys.block_volume.plugins.module_utils._echo import invocation
from ansible_collections.oci_keys.block_volume.plugins.module_utils._errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._failures import NOTHING_WAS_CHANGED, failures_told
from ansible_collections.oci_keys.block_volume.plugins.module_utils._key_info import key_entry, summary
from ansible_collections.oci_keys.block_volume.plugins.module_utils._key_plan import (
    FORMAT,
    ORDER,
    VERSION,
    Plan,
    Scope,
    approve,
    batches,
    key_region,
    make_plan,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys import KeyVetting
from ansible_collections.oci_keys.block_volume.plugins.module_utils._ocid import expect_realm, expect_type, parse
from ansible_collections.oci_keys.block_volume.plugins.module_utils._options import writable_file
from ansible_collections.oci_keys.block_volume.plugins.module_utils._plan_file import (
    Discovery,
    PlanFile,
    pack,
    read_discovery,
    read_plan,
    unpack_plan,
    write_or_refuse,
    write_plan,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._plan_vetting import (
    Vetted,
    expect_usable,
    held_by_their_key,
    vet,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._plan_words import count_rows, plan_lines
from ansible_collections.oci_keys.block_volume.plugins.module_utils._report_input import read_json
from ansible_collections.oci_keys.block_volume.plugins.module_utils._settings import (
    CONNECTION_OPTIONS,
    is_blank,
    resolve_connection,
)

# Vault's share of calls is the bound; more would only mean more retries at once when it refuses.
_SIDE_BY_SIDE = 8
_RETRY = ReadRetry(attempts=5)

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
    "batch_size": {"type": "int", "default": 250},
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
    earlier: Earlier

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
    world = _module.World()
    with failures_told(module):
        try:
            result = _write(module, make, world)
        except OSError as error:
            told = f"The plan could not be made: {error}. {NOTHING_WAS_CHANGED}"
            module.fail_json(invocation=invocation(module), msg=told)
    module.exit_json(invocation=invocation(module), **result)


def _write(module: AnsibleModule, make: Callable[[Planning], Made], world: _module.World) -> dict[str, Any]:
    options = module.params
    plan_file = writable_file("plan_file", options["plan_file"])
    keys_file = writable_file("keys_file", options["keys_file"])
    if plan_file is None:
        raise InputError("'plan_file' is empty. Name the file to which the plan is written")
    if options["batch_size"] < 1 or options["canary"] < 0:
        raise InputError("'batch_size' has to be at least 1, and 'canary' at least 0")
    earlier = read_batches(plan_file.parent)
    settings = resolve_connection(options, os.environ)
    module.no_log_values.update(settings.secrets)
    connection = connect(settings, concurrency=_SIDE_BY_SIDE, retry=world.retry or _RETRY, timeout=world.timeout)
    module.no_log_values.update(connection.secrets)
    vetting = KeyVetting(connection, world.clock, exact_versions=True)
    made = make(Planning(module, connection, vetting, earlier))
    plan = made.plan
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


def plan_assignment(planning: Planning) -> Made:
    """The plan of key_assignment_plan: from what was found to the keys that are wanted."""
    options = planning.options
    path = Path(os.path.expanduser(options["discovery_file"]))
    found = read_discovery(path)
    planning.expect_tenancy(found.tenancy, f"'discovery_file' {str(path)!r}")
    scope = _scope(planning, found)
    plan = make_plan(found.resources, scope)
    vetted = Vetted()
    if options["validate_key"]:
        vetted = vet(planning.connection, planning.vetting, _uses(scope, found), plan.entries)
        expect_usable(vetted, multi_version_key_fails=planning.multi_version_key_fails)
        plan.hold_back(held_by_their_key(vetted, plan.entries))
    approved = _approved(planning)
    if approved is not None:
        approve(plan, approved.entries)
    again = dict.fromkeys(planning.earlier.failed, "it failed earlier in this run, and is not tried again")
    plan.hold_back(again)
    _expect_digest(options["plan_digest"], plan, approved, is_first=not planning.earlier.last)
    facts = {"options": _told(options), "complete": found.complete, "approved_digest": approved and approved.digest}
    return Made(plan, vetted, found.tenancy, facts)


def _scope(planning: Planning, found: Discovery) -> Scope:
    options = planning.options
    keys: dict[str, str] | None = None
    if options["state"] == "present":
        keys = _keys(planning)
        missing = [region for region in found.regions if region not in keys]
        if missing:
            raise InputError(
                f"'kms_key_ids' has no key for {', '.join(missing)}, which is in scope. Give these regions a key, or "
                "leave them out of the scope"
            )
    elif options["kms_key_ids"]:
        raise InputError("'kms_key_ids' is set together with 'state: absent', which takes keys away")
    for name in ("from_kms_key_ids", "resource_types", "freeform_tags", "defined_tags"):
        if options[name] is not None and not options[name]:
            raise InputError(f"'{name}' is set, but empty, so nothing could be meant. Leave it out")
    return Scope(
        keys=keys,
        resource_types=options["resource_types"] or ORDER,
        from_kms_key_ids=options["from_kms_key_ids"],
        only_oracle_managed=options["only_oracle_managed"],
        exclude_ids=options["exclude_ids"] or (),
        freeform_tags=options["freeform_tags"],
        defined_tags=options["defined_tags"],
        created_before=None if is_blank(options["created_before"]) else options["created_before"],
        include_replicated=options["include_replicated"],
        include_locked=options["include_locked"],
    )


def _keys(planning: Planning) -> dict[str, str]:
    regions, tenancy = planning.connection.regions, planning.connection.tenancy
    keys: dict[str, str] = {}
    for name, value in (planning.options["kms_key_ids"] or {}).items():
        key = parse(value)
        expect_type(key, "key")
        if tenancy:
            expect_realm(key, parse(tenancy).realm, "the tenancy")
        region = regions.expect(str(name), "'kms_key_ids' names")
        if keys.setdefault(region, key.value) != key.value:
            raise InputError(f"'kms_key_ids' gives {region} two different keys")
    if not keys:
        raise InputError("'kms_key_ids' is empty. Give each region its key, or use 'state: absent'")
    return keys


def _uses(scope: Scope, found: Discovery) -> set[tuple[str, str]]:
    """Each wanted key in the regions where it is used; what is given for other regions is not looked at."""
    if scope.keys is None:
        return set()
    places = {*found.regions, *(key_region(row) for row in found.resources if row["type"] in scope.resource_types)}
    return {(scope.keys[place], place) for place in places if place in scope.keys}


def _approved(planning: Planning) -> PlanFile | None:
    """The plan that was approved, from its file or as a value, if there is one."""
    options = planning.options
    if not is_blank(options["approved_file"]):
        approved = read_plan(Path(os.path.expanduser(options["approved_file"])))
    elif not is_blank(options["approved_plan"]):
        approved = unpack_plan(options["approved_plan"], "approved_plan")
    else:
        return None
    planning.expect_tenancy(approved.tenancy, "The approved plan")
    return approved


def _expect_digest(given: str | None, plan: Plan, approved: PlanFile | None, *, is_first: bool) -> None:
    if is_blank(given) or given is None:
        return
    found = approved.digest if approved is not None else plan.digest
    if found != given.strip().lower() and (is_first or approved is not None):
        which = "the approved plan" if approved is not None else "the plan that is made now"
        raise InputError(
            f"'plan_digest' is {given}, but the digest of {which} is {found}. Nothing was changed: this is not "
            "what was approved. Make a dry run again, and have that approved"
        )


_TOLD = (
    "state",
    "kms_key_ids",
    "resource_types",
    "from_kms_key_ids",
    "only_oracle_managed",
    "exclude_ids",
    "freeform_tags",
    "defined_tags",
    "created_before",
    "include_replicated",
    "include_locked",
    "batch_size",
    "canary",
)


def _told(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the plan follows from, for its file."""
    return {name: options[name] for name in _TOLD}
