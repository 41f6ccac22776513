# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Vetting every key of a plan: those to assign, each in its region, and those that are left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .._api.client import Connection
from .._api.iam import refused_credentials
from .._common.errors import InputError
from .._keys.validation import KeyReport, KeyVetting
from .._model.resource_types import ASSIGNMENT
from .plan import Entry, subject

# Vault's share of calls is the bound (oci_semantics.md section 9).
_SIDE_BY_SIDE = 8

_Use = tuple[str, str]
"""A key and the region in which it is used."""


@dataclass(frozen=True)
class Vetted:
    """What is known of the keys of a plan, by key and region."""

    wanted: Mapping[_Use, KeyReport] = field(default_factory=dict)
    left: Mapping[_Use, KeyReport] = field(default_factory=dict)

    @property
    def reports(self) -> list[KeyReport]:
        return list({**self.left, **self.wanted}.values())

    @property
    def has_external(self) -> bool:
        return any(report.is_external for report in self.reports)

    def warnings(self) -> list[str]:
        return [
            f"In {region}, {key} {warning}."
            for (key, region), report in self.wanted.items()
            for warning in report.warnings
        ]


def vet(connection: Connection, vetting: KeyVetting, wanted: Iterable[_Use], entries: Sequence[Entry]) -> Vetted:
    """Look up the wanted keys, and those that the entries leave. An assignment leaves no key behind that has to be
    usable. Raises InputError where OCI does not accept the credentials at all.
    """
    to_assign = sorted(set(wanted))
    to_leave = sorted({use for entry in entries for use in _left_by(entry)})
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        assigned = [pool.submit(vetting.wanted, *use) for use in to_assign]
        left = [pool.submit(vetting.left, *use) for use in to_leave]
        found = Vetted(
            dict(zip(to_assign, [future.result() for future in assigned])),
            dict(zip(to_leave, [future.result() for future in left])),
        )
    refused = vetting.refused_credentials
    if refused is not None:
        raise refused_credentials(connection.describe_principal(), refused.code, refused.message)
    return found


def _left_by(entry: Mapping[str, Any]) -> list[_Use]:
    if entry["type"] == ASSIGNMENT or not entry["kms_key_id"]:
        return []
    return [(entry["kms_key_id"], entry["region"])]


def wanted_problems(vetted: Vetted, *, multi_version_key_fails: bool) -> dict[_Use, str]:
    """Why wanted keys can't be used, by key and region."""
    found: dict[_Use, str] = {}
    for (key, region), report in vetted.wanted.items():
        problems = list(report.problems)
        if multi_version_key_fails and report.versions != 1:
            problems += [f"{warning} ('multi_version_key: fail')" for warning in report.warnings]
        if problems:
            found[key, region] = " ".join(f"In {region}, {key} {problem}." for problem in problems)
    return found


def expect_usable(vetted: Vetted, *, multi_version_key_fails: bool) -> None:
    """Raise InputError unless every wanted key can be used in its region."""
    problems = wanted_problems(vetted, multi_version_key_fails=multi_version_key_fails)
    if problems:
        raise InputError(" ".join(["Nothing was changed, because a key can't be used.", *problems.values()]))


def held_by_their_key(vetted: Vetted, entries: Iterable[Entry]) -> dict[tuple[str, str], str]:
    """The subjects of the entries whose present key can't be left, and why (oci_semantics.md fact 22)."""
    reasons = {}
    for entry in entries:
        for use in _left_by(entry):
            problems = vetted.left[use].problems if use in vetted.left else ()
            if problems:
                reasons[subject(entry)] = f"its present key {use[0]} {'; it '.join(problems)}"
    return reasons
