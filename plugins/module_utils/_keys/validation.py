# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Whether a key can be used in a region, or left there. Where it lives is found by ``_vaults.py``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import Any

from .._api.client import Connection
from .._api.pagination import every_page
from .._common.clock import Clock
from .._common.concurrency import SingleFlightCache
from .._common.errors import ApiError, ServiceError
from .lookup import KeyFinder, KeyLocation, KeyNotFound, known

_USABLE_STATE = "ENABLED"
# A key in one of these states can be neither assigned nor left (oci_semantics.md fact 22).
_DEAD_STATES = frozenset({"DISABLING", "DISABLED", "SCHEDULING_DELETION", "PENDING_DELETION", "DELETING", "DELETED"})
_REVIVE = {
    "DISABLING": "enable it first",
    "DISABLED": "enable it first",
    "SCHEDULING_DELETION": "cancel its deletion first",
    "PENDING_DELETION": "cancel its deletion first",
}


@dataclass(frozen=True)
class KeyReport:
    """What could be learned about one key in one region. ``problems`` and ``warnings`` are in words.

    ``found`` is False where the key could not be read there at all; the reasons are among the problems, and the rest
    is what was learned all the same. ``is_replica`` tells that the key was made in another region.
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


class KeyValidator:
    """Looks keys up, each once per region and run, and never faster than Vault allows.

    ``exact_versions`` counts every version of a key; otherwise counting ends with the page that has a second one.
    """

    def __init__(self, connection: Connection, clock: Clock, *, exact_versions: bool = False) -> None:
        self._finder = KeyFinder(connection, clock)
        self._exact_versions = exact_versions
        self._wanted: SingleFlightCache[KeyReport] = SingleFlightCache()
        self._left: SingleFlightCache[KeyReport] = SingleFlightCache()

    @property
    def compartments(self) -> dict[str, str]:
        """The compartments of the keys that were looked up so far, where they became known."""
        reports = [*self._wanted.values(), *self._left.values()]
        return {report.id: report.compartment_id for report in reports if report.compartment_id}

    @property
    def refused_credentials(self) -> ServiceError | None:
        """The 401, if there was one and nothing that was asked so far was answered by any other verdict."""
        return self._finder.refused_credentials

    def check_assignable(self, kms_key_id: str, region: str) -> KeyReport:
        """Whether a key can be assigned in a region: GetVault, GetKey and ListKeyVersions."""
        return self._wanted.get((kms_key_id, region), lambda: self._check_assignable(kms_key_id, region))

    def check_removable(self, kms_key_id: str, region: str) -> KeyReport:
        """Whether a resource can leave a key. A key that may not be read is no problem: the service will judge."""
        return self._left.get((kms_key_id, region), lambda: self._check_removable(kms_key_id, region))

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
            deletion = _moment(found.key, "time_of_deletion")
            when = f", and is going to be deleted at {deletion}" if deletion else ""
            advice = _REVIVE.get(state)
            problems.append(f"is {state}, not ENABLED{when}" + (f": {advice}" if advice else ""))
        if algorithm != "AES":
            problems.append(f"is a key for {algorithm or 'what it does not tell'}, but Block Volume needs an AES key")
        versions: int | None = None
        at_least = ""
        try:
            versions, at_least = self._count_versions(kms_key_id, found.endpoint)
        except ApiError as error:
            warnings.append(f"its versions could not be counted ({error})")
        if versions is not None and versions > 1:
            warnings.append(
                f"has {at_least}{versions} versions, and Block Volume documents support for keys with a single "
                "version only"
            )
        return self._report(found, region, tuple(problems), tuple(warnings), versions)

    def _check_removable(self, kms_key_id: str, region: str) -> KeyReport:
        found = self._finder.find(kms_key_id, region, search_home_region=False)
        if isinstance(found, KeyNotFound):
            return KeyReport(id=kms_key_id, region=region, found=False, warnings=(found.problem,))
        state = found.key.lifecycle_state
        problems: tuple[str, ...] = ()
        if state in _DEAD_STATES:
            problems = (f"is {state}, and can't be left: {_REVIVE.get(state, 'restore it first')}",)
        return self._report(found, region, problems, (), None)

    def _count_versions(self, kms_key_id: str, endpoint: str) -> tuple[int, str]:
        """Versions that are not deleted, and "at least " where those on further pages were not counted."""
        count = 0
        ask = partial(self._finder.read, endpoint, "list_key_versions", kms_key_id, limit=100)
        for response in every_page(ask, "key versions"):
            count += len([version for version in response.data if version.lifecycle_state != "DELETED"])
            if count > 1 and response.next_page is not None and not self._exact_versions:
                return count, "at least "
        return count, ""

    def _report(
        self,
        found: KeyLocation,
        region: str,
        problems: tuple[str, ...],
        warnings: tuple[str, ...],
        versions: int | None,
    ) -> KeyReport:
        key = found.key
        is_primary = known(key, "is_primary")
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
            time_of_deletion=_moment(key, "time_of_deletion"),
            algorithm=_algorithm(key),
            protection_mode=key.protection_mode,
            vault_id=key.vault_id,
            vault_compartment_id=found.vault_compartment_id,
            management_endpoint=found.endpoint,
            time_created=_moment(key, "time_created"),
            current_key_version=known(key, "current_key_version"),
            versions=versions,
            is_auto_rotation_enabled=known(key, "is_auto_rotation_enabled"),
            is_replica=home not in (None, region) if is_primary is None else not is_primary,
        )


def _moment(key: Any, name: str) -> str | None:
    """A time that OCI tells of a key, in UTC as RFC 3339 to the second."""
    time = known(key, name)
    if not isinstance(time, datetime):
        return None
    return time.astimezone(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")


def _algorithm(key: Any) -> str | None:
    return getattr(key.key_shape, "algorithm", None)
