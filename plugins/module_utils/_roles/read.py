# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the variables of a role: each by itself, then all together. Pure."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.kept_folder import is_awx
from .._common.state_folder import expanded, state_folder
from .._common.text import shown
from .._common.values import is_blank
from .._model.regions import RegionTable
from .rules import Problems, Values, validate_realm, validate_together
from .values import (
    Variable,
    ocids,
    read_variables,
    regions,
)
from .variables import role_variables


def read_role(
    role: str,
    given: Mapping[str, Any],
    *,
    host: str = "localhost",
    shard_region: object = None,
    shard_compartment_id: object = None,
    table: RegionTable | None = None,
    environment: Mapping[str, str] | None = None,
    expect_kept: Callable[[Path, str, Mapping[str, str]], None] | None = None,
) -> tuple[Values, Problems]:
    """The values of a role's variables, by name without the role's prefix, and all problems found, as sentences.

    On a shard, its region and its compartment replace the role's own, and the compartments below are out of scope.
    ``given`` has the role's variables under their full names; one that the role does not have is a problem.
    ``expect_kept`` is given where the role is going to change something: it raises InputError for a report folder whose
    files do not outlive the run.
    """
    variables = role_variables(role, table)
    if is_awx(environment or {}):
        given = _with_none_chosen(role, given)
    values, problems = read_variables(role, given, variables)
    problems += _unknown(role, given, variables)
    if "report_dir" in values or "dir" in values:
        name = "report_dir" if "report_dir" in values else "dir"
        try:
            values[name] = os.path.abspath(expanded(values[name] or default_report_dir(environment or {})))
            if expect_kept is not None:
                expect_kept(Path(values[name]), "The report folder with the journal", environment or {})
        except InputError as error:
            problems.append(f"{role}_{name}: {error}")
    if not (is_blank(shard_region) and is_blank(shard_compartment_id)):
        problems += _apply_shard_scope(values, shard_region, shard_compartment_id, table)
    values["artifact"] = artifact_name(role, host)
    if not problems:
        validate_together(role, values, problems)
        _apply_approved_plan(role, given, values, problems)
    if not problems:
        validate_realm(role, values, problems)
    return values, list(map(shown, problems))


# What surveys ask by boxes to be ticked, all other lists being lines of text.
_TICKED = ("resource_types", "fail_on")


def _with_none_chosen(role: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What AWX hands on where no box of a survey was ticked, ``[]``, as the blank that all other questions give.

    Elsewhere an empty list stays an error: a filter must not be dropped because it came out empty.
    """
    ticked = [f"{role}_{name}" for name in _TICKED]
    return {name: None if name in ticked and value == [] else value for name, value in given.items()}


def default_report_dir(environment: Mapping[str, str]) -> str:
    """The default folder for reports, beside the journal, which survives reboots."""
    return str(state_folder(environment) / "reports")


def _unknown(role: str, given: Mapping[str, Any], variables: Mapping[str, Variable]) -> Problems:
    known = [f"{role}_{name}" for name in variables]
    problems = []
    for name in given:
        if name in known or _ARTIFACT.fullmatch(name):
            continue
        close = difflib.get_close_matches(name, known, n=1)
        guess = f"; did you mean {close[0]}?" if close else f". The variables are {', '.join(known)}"
        problems.append(f"{name} is not a variable of role {role}{guess}")
    return problems


# What a dry run passes on to the job that its approval starts: a variable per host, since slices of a job would
# overwrite each other's.
_ARTIFACT = re.compile(r"[a-z_]+_plan_of_[a-z0-9_]+")


def artifact_name(role: str, host: str) -> str:
    """The variable with the plan of a host. Its suffix distinguishes hosts with names such as a-b and a.b."""
    plain = re.sub(r"[^a-z0-9]", "_", host.lower())
    return f"{role}_plan_of_{plain}_{hashlib.sha256(host.encode()).hexdigest()[:6]}"


def _apply_approved_plan(role: str, given: Mapping[str, Any], values: Values, problems: Problems) -> None:
    """The plan that a dry run passed on, unless a file is named. Nothing was approved for a host without one."""
    values["approved_plan"] = None
    if "plan_file" not in values or values["plan_file"] is not None:
        return
    passed_on = [name for name in given if _ARTIFACT.fullmatch(name)]
    if not passed_on:
        if values["approval_required"]:
            problems.append(
                f"{role}_approval_required is true, but no dry run passed on a plan, and {role}_plan_file is not set, "
                "so nothing was approved. Run it in a workflow after a dry run, or name the approved plan"
            )
        return
    own = given.get(values["artifact"])
    if isinstance(own, Mapping) and is_blank(own.get("plan")) and is_blank(own.get("plan_file")):
        problems.append(f"{values['artifact']} has no plan and no plan_file, so nothing was approved for this host")
        return
    if not isinstance(own, Mapping):
        problems.append(
            f"A dry run passed on plans for other hosts ({', '.join(passed_on[:3])}), but none for this one, so "
            "nothing was approved for it"
        )
        return
    values["plan_digest"] = values["plan_digest"] or own.get("digest")
    # Text that is passed on has no signature.
    values["approved_plan"] = own.get("plan") if values.get("plan_signers") is None else None
    if is_blank(values["approved_plan"]):
        values["plan_file"] = own.get("plan_file")


def _apply_shard_scope(values: Values, region: object, compartment_id: object, table: RegionTable | None) -> Problems:
    problems: Problems = []
    for name, variable, value in (
        ("shard_region", regions(table), region),
        ("shard_compartment_id", ocids("compartment", "tenancy"), compartment_id),
    ):
        target = "regions" if name == "shard_region" else "compartment_ids"
        if is_blank(value):
            problems.append(f"{name} is not set. A shard needs both shard_region and shard_compartment_id")
            continue
        try:
            values[target] = variable(value)
        except InputError as error:
            problems.append(f"{name}: {error}")
    values["recursive"] = False
    return problems
