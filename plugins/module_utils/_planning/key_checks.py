# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validating every key of a plan: those to assign, each in its region, and those that resources are moved off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from .._api.client import Connection
from .._api.iam import refused_credentials
from .._common.concurrency import map_concurrently
from .._common.errors import InputError
from .._documents.plan_file import PlanEntry
from .._documents.subject import Subject, subject
from .._keys.validation import KeyReport, KeyValidator
from .._model.resource_types import ASSIGNMENT, INSTANCE_POOL, NODE_POOL, REPLICA

# Bound by Vault's rate limit (oci_semantics.md section 9).
_CONCURRENCY = 8

KeyInRegion = tuple[str, str]
"""A key and the region in which it is used."""


@dataclass(frozen=True)
class KeyChecks:
    """What Vault says of the keys of a plan: of those desired, and of those that resources are on now."""

    desired: Mapping[KeyInRegion, KeyReport] = field(default_factory=dict)
    current: Mapping[KeyInRegion, KeyReport] = field(default_factory=dict)

    @property
    def reports(self) -> list[KeyReport]:
        return list({**self.current, **self.desired}.values())

    @property
    def has_external(self) -> bool:
        return any(report.is_external for report in self.reports)

    def warnings(self) -> list[str]:
        return [
            f"In {region}, {key} {warning}."
            for (key, region), report in self.desired.items()
            for warning in report.warnings
        ]


def check_keys(
    connection: Connection, validator: KeyValidator, desired: Iterable[KeyInRegion], entries: Sequence[PlanEntry]
) -> KeyChecks:
    """Look up the desired keys, and the current keys of the entries. A policy assignment can be moved off any key,
    and so can a pool.

    Raises InputError where OCI does not accept the credentials at all.
    """
    wanted_keys = sorted(set(desired))
    current_keys = sorted({use for entry in entries for use in _current_key(entry)})
    lookups = [partial(validator.check_assignable, *use) for use in wanted_keys]
    lookups += [partial(validator.check_removable, *use) for use in current_keys]
    reports = map_concurrently(lambda look_up: look_up(), lookups, _CONCURRENCY)
    found = KeyChecks(
        dict(zip(wanted_keys, reports)),
        dict(zip(current_keys, reports[len(wanted_keys) :])),
    )
    refused = validator.refused_credentials
    if refused is not None:
        raise refused_credentials(connection, refused.code, refused.message)
    return found


def _current_key(entry: PlanEntry) -> list[KeyInRegion]:
    key = entry["kms_key_id"]
    return (
        []
        if entry["type"] in (ASSIGNMENT, REPLICA, NODE_POOL, INSTANCE_POOL) or key is None
        else [(key, entry["region"])]
    )


def wanted_problems(key_checks: KeyChecks, *, multi_version_key_fails: bool) -> dict[KeyInRegion, str]:
    """Why desired keys can't be used, by key and region."""
    found: dict[KeyInRegion, str] = {}
    for (key, region), report in key_checks.desired.items():
        problems = list(report.problems)
        if multi_version_key_fails and report.versions != 1:
            problems += [f"{warning} ('multi_version_key: fail')" for warning in report.warnings]
        if problems:
            found[key, region] = " ".join(f"In {region}, {key} {problem}." for problem in problems)
    return found


def expect_usable(key_checks: KeyChecks, *, multi_version_key_fails: bool) -> None:
    """Raise InputError unless every desired key can be used in its region."""
    problems = wanted_problems(key_checks, multi_version_key_fails=multi_version_key_fails)
    if problems:
        raise InputError(
            " ".join(
                [
                    "Nothing was changed, because a key can't be used.",
                    *problems.values(),
                    "Correct this, or give another key.",
                ]
            )
        )


def blocked_by_current_key(key_checks: KeyChecks, entries: Iterable[PlanEntry]) -> dict[Subject, str]:
    """The subjects of the entries that can't be moved off their current key, and why (oci_semantics.md fact 22)."""
    reasons = {}
    for entry in entries:
        for use in _current_key(entry):
            problems = key_checks.current[use].problems if use in key_checks.current else ()
            if problems:
                reasons[subject(entry)] = f"its current key {use[0]} {'; it '.join(problems)}"
    return reasons
