# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks of a report: recommendations of the benchmark, and what it leaves out. Pure.

Each subject of a check is met, not met or unknown, and nothing unknown is ever counted as met. The state of a check is
``not_met`` if one subject is not met, ``unknown`` if one is unknown or if not everything was searched, ``excepted`` if
all others are excused by an exception, ``met`` if all are met, and ``not_applicable`` if there is nothing that it is
about. An exception excuses what is not met, never what is unknown, and no key that can't be used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._documents.keys_file import ReportedKeyRow
from .._model.report_demands import MAX_KEY_AGE_DAYS
from .._model.resource_types import ASSIGNMENT, REPLICA, RESOURCE_TYPES
from .._model.rows import ResourceRow, key_region
from .benchmark import BENCHMARK, BENCHMARK_VERSION
from .key_use import NOT_READABLE, USABLE, KeyUse, days_between

MET = "met"
NOT_MET = "not_met"
UNKNOWN = "unknown"
NOT_APPLICABLE = "not_applicable"
EXCEPTED = "excepted"

KEY_AGE = "4.16"
SINGLE_VERSION = "single_version_keys"
USABLE_KEYS = "usable_keys"
PROTECTION = "protection"
NEW_VOLUMES = "new_volumes"

_AGE_NOTE = (
    "The age is that of the current version of the key, whose key material protects what is encrypted now. The "
    "benchmark asks for a new version each year, but Block Volume documents support only for keys with a single "
    "version. Both are met by a new key each year, to which the resources are moved."
)
_VERSIONS_NOTE = "Block Volume documents support only for keys with a single version."
_NOT_LOOKED_NOTE = (
    "Not looked at: instance configurations, instance pools and node pools, whose keys new volumes get "
    "(encryption_report_new_volumes)."
)
_NEW_VOLUMES_NOTE = (
    "Of instance pools, by their configurations, and of node pools. Configurations that no pool uses are listed only."
)
_NOT_SEARCHED_NOTE = (
    "Not searched: security zones and policies that may demand keys, storage classes, and what tools launch by "
    "themselves. What backup policies give to new copies is a check of its own."
)
_NOT_DEMANDED = "No protection level is demanded (required_protection)."


@dataclass(frozen=True)
class Demands:
    """What is demanded of keys. ``required_protection`` is HSM, EXTERNAL or SOFTWARE, or None for any."""

    max_key_age_days: int = MAX_KEY_AGE_DAYS
    required_protection: str | None = None


@dataclass(frozen=True)
class Evidence:
    """What the checks judge. ``search_complete`` is false where resources may have been missed.

    ``now`` None: the clock is wrong, so no age is known.
    """

    resources: Sequence[ResourceRow]
    uses: Sequence[KeyUse]
    resource_types: Sequence[str]
    search_complete: bool
    now: str | None
    excused: Collection[str] = frozenset()
    """The OCIDs of resources that an exception excuses."""
    new_volumes: Mapping[str, str] | None = None
    """The state of each pool that creates volumes; None if nobody looked."""
    new_volumes_complete: bool = False
    """Whether everything was read that they are judged by."""


def findings(evidence: Evidence, demands: Demands) -> dict[str, Any]:
    """The section ``violations``: the recommendations that are about keys of Block Volume, and checks beyond them."""
    resource_checks = _ResourceChecks(evidence)
    return {
        "benchmark": BENCHMARK,
        "benchmark_version": BENCHMARK_VERSION,
        "max_key_age_days": demands.max_key_age_days,
        "required_protection": demands.required_protection,
        "checks": [
            _key_check(
                KEY_AGE,
                f"Key material of keys in use is at most {demands.max_key_age_days:,} days old",
                evidence,
                lambda use: _age_state(use, evidence.now, demands.max_key_age_days),
                _AGE_NOTE,
            ),
            *(
                resource_checks.check(
                    row.recommendation,
                    f"{row.plural.capitalize()} are encrypted with customer-managed keys",
                    [row.name],
                )
                for row in RESOURCE_TYPES
                if row.recommendation
            ),
        ],
        "beyond": [
            _key_check(USABLE_KEYS, "Keys in use can be used", evidence, _usable_state),
            resource_checks.check(
                "backups",
                "Backups of volumes and boot volumes are on customer-managed keys",
                RESOURCE_TYPES.backups.names,
            ),
            resource_checks.check(
                "policy_copies",
                "Copies that backup policies make in another region get customer-managed keys",
                [ASSIGNMENT],
            ),
            resource_checks.check("replicas", "Replicas of volumes are on customer-managed keys", [REPLICA]),
            _protection_check(evidence, demands.required_protection),
            _key_check(
                SINGLE_VERSION, "Keys in use have a single version", evidence, _single_version_state, _VERSIONS_NOTE
            ),
            _new_volumes_check(evidence),
        ],
    }


class _ResourceChecks:
    """Checks of resources: that they are on customer-managed keys."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._searched = set(evidence.resource_types) | {resource["type"] for resource in evidence.resources}
        self._not_readable = {(use.kms_key_id, use.region) for use in evidence.uses if use.condition == NOT_READABLE}

    def check(self, name: str, title: str, types: Sequence[str]) -> dict[str, Any]:
        states = {row["id"]: self._state(row) for row in self._evidence.resources if row["type"] in types}
        return _outcome(
            name,
            title,
            "resources",
            states,
            is_assessed=not self._searched.isdisjoint(types),
            is_certain=self._evidence.search_complete and set(self._evidence.resource_types).issuperset(types),
        )

    def _state(self, row: ResourceRow) -> str:
        if row["encryption"] != "customer":
            return EXCEPTED if row["id"] in self._evidence.excused else NOT_MET
        return UNKNOWN if (row["kms_key_id"], key_region(row)) in self._not_readable else MET


def _protection_check(evidence: Evidence, demanded: str | None) -> dict[str, Any]:
    if demanded is None:
        title = "Keys in use have the demanded protection level"
        return {**_outcome(PROTECTION, title, "keys", {}, note=_NOT_DEMANDED), "assessed": False}

    def state(use: KeyUse) -> str:
        row = _read(use)
        if row is None or row["protection_mode"] is None:
            return UNKNOWN
        return MET if row["protection_mode"] == demanded else NOT_MET

    return _key_check(PROTECTION, f"Keys in use have the protection level {demanded}", evidence, state)


def _new_volumes_check(evidence: Evidence) -> dict[str, Any]:
    states = evidence.new_volumes
    note = _NOT_LOOKED_NOTE if states is None else _NEW_VOLUMES_NOTE
    return _outcome(
        NEW_VOLUMES,
        "New volumes get customer-managed keys that can be used",
        "pools",
        dict(states or {}),
        is_assessed=states is not None,
        is_certain=evidence.search_complete and evidence.new_volumes_complete,
        note=f"{note} {_NOT_SEARCHED_NOTE}",
    )


def _key_check(
    name: str, title: str, evidence: Evidence, state: Callable[[KeyUse], str], note: str | None = None
) -> dict[str, Any]:
    """A check of the keys in use; a key counts once, with the worst of its regions."""
    states: dict[str, str] = {}
    for use in evidence.uses:
        found = state(use)
        if found == NOT_MET and name != USABLE_KEYS and _is_excused(use, evidence):
            found = EXCEPTED
        states[use.kms_key_id] = worst([states.get(use.kms_key_id, MET), found])
    return _outcome(name, title, "keys", states, is_certain=evidence.search_complete, note=note)


def _is_excused(use: KeyUse, evidence: Evidence) -> bool:
    """Whether everything that is on a key is excused."""
    return all(row["id"] in evidence.excused for row in use.resources)


def worst(states: Iterable[str]) -> str:
    """The worst of some states; not applicable where there is none."""
    found = set(states)
    return next((state for state in (NOT_MET, UNKNOWN, EXCEPTED, MET) if state in found), NOT_APPLICABLE)


def _read(use: KeyUse) -> ReportedKeyRow | None:
    return None if use.condition == NOT_READABLE else use.row


def _usable_state(use: KeyUse) -> str:
    if use.condition == NOT_READABLE:
        return UNKNOWN
    return MET if use.condition == USABLE else NOT_MET


def _single_version_state(use: KeyUse) -> str:
    row = _read(use)
    if row is None or not row["versions"]:
        return UNKNOWN
    return MET if row["versions"] == 1 else NOT_MET


def _age_state(use: KeyUse, now: str | None, most: int) -> str:
    row = _read(use)
    age = None if row is None or now is None else material_age(row, now)
    if age is not None:
        return MET if age <= most else NOT_MET
    # Key material is never older than its key, so a young key is enough.
    key_age = None if row is None or now is None else days_between(row["time_created"], now)
    return MET if key_age is not None and 0 <= key_age <= most else UNKNOWN


def material_age(row: ReportedKeyRow, now: str) -> int | None:
    """The age in days of the current version of a key; None where it is unknown, or in the future."""
    age = days_between(row["time_current_version_created"], now)
    return age if age is not None and age >= 0 else None


def _outcome(
    name: str,
    title: str,
    of: str,
    states: dict[str, str],
    *,
    is_assessed: bool = True,
    is_certain: bool = True,
    note: str | None = None,
) -> dict[str, Any]:
    """A check from the state of each of its subjects. ``is_certain`` is false where there may be other subjects."""
    not_met, unknown, excepted = (
        sorted(each for each, state in states.items() if state == one) for one in (NOT_MET, UNKNOWN, EXCEPTED)
    )
    state = worst(states.values())
    if state in (MET, EXCEPTED, NOT_APPLICABLE) and not is_certain:
        state = UNKNOWN
    return {
        "id": name,
        "title": title,
        "of": of,
        "state": state,
        "assessed": is_assessed,
        "total": len(states),
        "compliant": len(states) - len(not_met) - len(unknown) - len(excepted),
        "findings": not_met,
        "unknown": unknown,
        "excepted": excepted,
        "note": note,
    }
