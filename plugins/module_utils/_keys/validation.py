# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validates keys: whether a key can be assigned in a region, or removed there. ``lookup.py`` finds the key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from .._api.client import Connection
from .._api.pagination import complete_rows, every_page
from .._common.clock import Clock
from .._common.concurrency import SingleFlightCache
from .._common.errors import ApiError, ServiceError
from .._common.text import quote
from .._common.timestamps import rfc3339
from .lookup import KeyFinder, KeyLocation, known
from .not_found import KeyNotFound

_USABLE_STATE = "ENABLED"
# A key in one of these states can be neither assigned nor removed (oci_semantics.md fact 22).
_UNUSABLE_STATES = frozenset(
    {"DISABLING", "DISABLED", "SCHEDULING_DELETION", "PENDING_DELETION", "DELETING", "DELETED"}
)
_REMEDIES = {
    "DISABLING": "Enable the key first",
    "DISABLED": "Enable the key first",
    "SCHEDULING_DELETION": "Cancel its deletion first",
    "PENDING_DELETION": "Cancel its deletion first",
}


@dataclass(frozen=True)
class KeyReport:
    """What is known about one key in one region.

    ``problems`` and ``warnings`` are predicates whose subject is the key: "is DISABLED, not ENABLED. Enable the key
    first". ``found`` is False if the key could not be read there at all; the problems say why, and the other fields are
    what is known nevertheless. ``is_replica`` says that the key was created in another region.
    """

    id: str
    region: str
    found: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    display_name: str | None = None
    compartment_id: str | None = None
    lifecycle_state: str | None = None
    time_of_deletion: str | None = None
    algorithm: str | None = None
    protection_mode: str | None = None
    vault_id: str | None = None
    vault_compartment_id: str | None = None
    management_endpoint: str | None = None
    time_created: str | None = None
    current_key_version: str | None = None
    time_current_version_created: str | None = None
    versions: int | None = None
    is_auto_rotation_enabled: bool | None = None
    is_replica: bool | None = None

    @property
    def usable(self) -> bool:
        return self.found and not self.problems

    @property
    def is_external(self) -> bool:
        """The key is kept outside OCI, where each use of it is slow (oci_semantics.md fact 28)."""
        return self.protection_mode == "EXTERNAL"


@dataclass(frozen=True)
class _Versions:
    """How many versions a key has, and when its current one was created. None: not read."""

    count: int | None = None
    at_least: str = ""
    """ "at least " if further pages were not counted."""
    time_current_created: str | None = None


class KeyValidator:
    """Validates each key once per region and run, within the rate limit of Vault.

    ``exact_versions`` counts all versions of a key; otherwise counting ends with the page that has a second one.
    """

    def __init__(self, connection: Connection, clock: Clock, *, exact_versions: bool = False) -> None:
        self._finder = KeyFinder(connection, clock)
        self._regions = connection.regions
        self._exact_versions = exact_versions
        self._assignable: SingleFlightCache[KeyReport] = SingleFlightCache()
        self._removable: SingleFlightCache[KeyReport] = SingleFlightCache()

    @property
    def compartments(self) -> dict[str, str]:
        """The compartment of each key validated so far, if it is known."""
        reports = [*self._assignable.values(), *self._removable.values()]
        return {report.id: report.compartment_id for report in reports if report.compartment_id}

    @property
    def refused_credentials(self) -> ServiceError | None:
        """The 401, if there was one and no call so far showed that the credentials are accepted."""
        return self._finder.refused_credentials

    def check_assignable(self, kms_key_id: str, region: str) -> KeyReport:
        """Whether a key can be assigned in a region: GetVault, GetKey and ListKeyVersions."""
        if self._regions.region(region) is None:
            problem = f"can't be looked up in the region {quote(region)}, which is not known here"
            return KeyReport(id=kms_key_id, region=region, found=False, problems=(problem,))
        return self._assignable.get((kms_key_id, region), lambda: self._check_assignable(kms_key_id, region))

    def check_removable(self, kms_key_id: str, region: str) -> KeyReport:
        """Whether a resource can be moved off a key. A key that can't be read is not a problem: OCI will decide."""
        return self._removable.get((kms_key_id, region), lambda: self._check_removable(kms_key_id, region))

    def _check_assignable(self, kms_key_id: str, region: str) -> KeyReport:
        found = self._finder.find(kms_key_id, region)
        if isinstance(found, KeyNotFound):
            return KeyReport(
                id=kms_key_id,
                region=region,
                found=False,
                problems=(found.problem,),
                compartment_id=found.compartment_id,
                vault_id=found.vault_id,
                vault_compartment_id=found.vault_compartment_id,
                management_endpoint=found.endpoint,
            )
        problems = []
        warnings = []
        state, algorithm = found.key.lifecycle_state, _algorithm(found.key)
        if state != _USABLE_STATE:
            deletion = _time(found.key, "time_of_deletion")
            when = f", and will be deleted at {deletion}" if deletion else ""
            remedy = _REMEDIES.get(state)
            problems.append(f"is {state}, not ENABLED{when}" + (f". {remedy}" if remedy else ""))
        if algorithm != "AES":
            problems.append(f"has {_algorithm_words(algorithm)}; Block Volume requires an AES key")
        versions = _Versions()
        try:
            versions = self._read_versions(found)
        except ApiError as error:
            warnings.append(f"its versions could not be counted ({error})")
        if versions.count is not None and versions.count > 1:
            warnings.append(
                f"has {versions.at_least}{versions.count} versions; Block Volume documents support only for keys with "
                "a single version"
            )
        return self._report(found, region, tuple(problems), tuple(warnings), versions)

    def _check_removable(self, kms_key_id: str, region: str) -> KeyReport:
        found = self._finder.find(kms_key_id, region, search_home_region=False)
        if isinstance(found, KeyNotFound):
            return KeyReport(id=kms_key_id, region=region, found=False, warnings=(found.problem,))
        state = found.key.lifecycle_state
        problems: tuple[str, ...] = ()
        if state in _UNUSABLE_STATES:
            remedy = _REMEDIES.get(state, "Restore the key first")
            problems = (f"is {state}; OCI refuses to move a resource off it. {remedy}",)
        return self._report(found, region, problems, (), _Versions())

    def _read_versions(self, found: KeyLocation) -> _Versions:
        """The versions that are not deleted, by ListKeyVersions. Raises ApiError."""
        count = 0
        current = known(found.key, "current_key_version")
        time_created: str | None = None
        ask = partial(self._finder.read, found.read_at, "list_key_versions", found.key.id, limit=100)
        for response in every_page(ask, "key versions"):
            versions = complete_rows(response, "key versions")
            count += len([version for version in versions if version.lifecycle_state != "DELETED"])
            for version in versions:
                if current is not None and known(version, "id") == current:
                    time_created = _time(version, "time_created")
            if count > 1 and response.next_page is not None and not self._exact_versions:
                return _Versions(count, "at least ", time_created)
        return _Versions(count, "", time_created)

    def _report(
        self,
        found: KeyLocation,
        region: str,
        problems: tuple[str, ...],
        warnings: tuple[str, ...],
        versions: _Versions,
    ) -> KeyReport:
        key = found.key
        # A record of the home region says of itself that it is the primary one.
        is_primary = None if found.is_read_elsewhere else known(key, "is_primary")
        home = self._finder.home(key.id)
        return KeyReport(
            id=key.id,
            region=region,
            found=True,
            problems=problems,
            warnings=warnings,
            display_name=known(key, "display_name"),
            compartment_id=key.compartment_id,
            lifecycle_state=key.lifecycle_state,
            time_of_deletion=_time(key, "time_of_deletion"),
            algorithm=_algorithm(key),
            protection_mode=key.protection_mode,
            vault_id=key.vault_id,
            vault_compartment_id=found.vault_compartment_id,
            management_endpoint=found.endpoint,
            time_created=_time(key, "time_created"),
            current_key_version=known(key, "current_key_version"),
            time_current_version_created=versions.time_current_created,
            versions=versions.count,
            is_auto_rotation_enabled=known(key, "is_auto_rotation_enabled"),
            is_replica=home not in (None, region) if is_primary is None else not is_primary,
        )


def _time(key: Any, name: str) -> str | None:
    """A timestamp of a key, to the second."""
    time = known(key, name)
    return rfc3339(time, "seconds") if isinstance(time, datetime) else None


def _algorithm_words(algorithm: str | None) -> str:
    return f"algorithm {algorithm}" if algorithm else "an unknown algorithm"


def _algorithm(key: Any) -> str | None:
    return getattr(key.key_shape, "algorithm", None)
