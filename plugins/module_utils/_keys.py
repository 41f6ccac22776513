# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Where a key lives, and whether it can be used in a region.

The order of trust is that of oci_semantics.md section 7: the vault's own management endpoint, the vault found by
Search; where neither is to be had, the host derived from the key's OCID.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from ansible_collections.oci_keys.block_volume.plugins.module_utils._clock import Clock
from ansible_collections.oci_keys.block_volume.plugins.module_utils._connection import Answer, Connection, Service
from ansible_collections.oci_keys.block_volume.plugins.module_utils._errors import (
    ApiError,
    InputError,
    RefusedError,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._ocid import parse

_Value = TypeVar("_Value")

# Vault may refuse more than ten calls a second of a tenancy (oci_semantics.md section 9); others need their share.
_CALLS_PER_SECOND = 4

# Times that the hosts guessed for a vault are asked, since one answer may be lost to a passing fault.
_GUESS_ROUNDS = 3

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

    ``found`` is False where the key could not be read there at all; the reasons are among the problems.
    """

    id: str
    region: str
    found: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    compartment_id: str | None = None
    lifecycle_state: str | None = None
    algorithm: str | None = None
    protection_mode: str | None = None
    vault_id: str | None = None
    management_endpoint: str | None = None
    versions: int | None = None

    @property
    def usable(self) -> bool:
        return self.found and not self.problems

    @property
    def is_external(self) -> bool:
        """The key is kept outside OCI, where each use of it is slow (oci_semantics.md fact 28)."""
        return self.protection_mode == "EXTERNAL"


class KeyVetting:
    """Looks keys up, each once per region and run, and never faster than Vault allows."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._limit = _RateLimit(_CALLS_PER_SECOND, clock)
        self._wanted: _Once[KeyReport] = _Once()
        self._left: _Once[KeyReport] = _Once()
        self._vaults: _Once[str | None] = _Once()
        self._endpoints_of: _Once[str | None] = _Once()

    @property
    def compartments(self) -> dict[str, str]:
        """The compartments of the keys that were read so far."""
        reports = [*self._wanted.values(), *self._left.values()]
        return {report.id: report.compartment_id for report in reports if report.compartment_id}

    def wanted(self, kms_key_id: str, region: str) -> KeyReport:
        """Whether a key can be assigned in a region: GetVault, GetKey and ListKeyVersions."""
        return self._wanted.get((kms_key_id, region), lambda: self._vet_wanted(kms_key_id, region))

    def left(self, kms_key_id: str, region: str) -> KeyReport:
        """Whether a resource can leave a key. A key that may not be read is no problem: the service will judge."""
        return self._left.get((kms_key_id, region), lambda: self._vet_left(kms_key_id, region))

    def _vet_wanted(self, kms_key_id: str, region: str) -> KeyReport:
        located = self._locate(kms_key_id, region)
        if isinstance(located, KeyReport):
            return located
        key, endpoint = located
        problems = []
        warnings = []
        state, algorithm = key.lifecycle_state, key.key_shape.algorithm
        if state != _USABLE_STATE:
            advice = _REVIVE.get(state)
            problems.append(f"is {state}, not ENABLED" + (f": {advice}" if advice else ""))
        if algorithm != "AES":
            problems.append(f"is a key for {algorithm}, but Block Volume needs an AES key")
        versions: int | None = None
        try:
            versions = self._count_versions(kms_key_id, endpoint)
        except ApiError as error:
            warnings.append(f"its versions could not be counted ({error})")
        if versions is not None and versions > 1:
            warnings.append(
                f"has {versions} versions, and Block Volume documents support for keys with a single version only"
            )
        return _report(key, region, endpoint, tuple(problems), tuple(warnings), versions)

    def _vet_left(self, kms_key_id: str, region: str) -> KeyReport:
        located = self._locate(kms_key_id, region)
        if isinstance(located, KeyReport):
            return KeyReport(id=kms_key_id, region=region, found=False, warnings=located.problems)
        key, endpoint = located
        state = key.lifecycle_state
        problems: tuple[str, ...] = ()
        if state in _DEAD_STATES:
            problems = (f"is {state}, and can't be left: {_REVIVE.get(state, 'restore it first')}",)
        return _report(key, region, endpoint, problems, (), None)

    def _locate(self, kms_key_id: str, region: str) -> tuple[Any, str] | KeyReport:
        """The key and the endpoint that serves it in this region, or a report of why there is none."""
        faults: list[str] = []
        vault_id = self._vault_of(kms_key_id, region)
        endpoint = None
        if vault_id is not None:
            endpoint = self._endpoints_of.get(
                (vault_id, region), lambda: self._endpoint_of(vault_id, kms_key_id, region)
            )
            if endpoint is None:
                faults.append(f"its vault {vault_id} tells no endpoint there")
        if endpoint is not None:
            try:
                answer = self._vault_read(self._connection.vault_management(endpoint), "get_key", kms_key_id)
            except ApiError as error:
                faults.append(_fault(error))
            else:
                return answer.data, endpoint
        else:
            guessed = self._get_key_by_guess(kms_key_id, region, faults)
            if guessed is not None:
                return guessed
        reason = "; ".join(dict.fromkeys(faults)) or "its vault could not be found"
        problem = (
            f"does not exist, or may not be read ({reason}). Give a key that exists there, or "
            "grant: Allow group <your group> to read keys in compartment <the key's compartment>, and to read vaults "
            "there; or set 'validate_key: false' if you may use the key but not read it"
        )
        return KeyReport(id=kms_key_id, region=region, found=False, problems=(problem,))

    def _get_key_by_guess(self, kms_key_id: str, region: str, faults: list[str]) -> tuple[Any, str] | None:
        """The key, from one of the hosts that its OCID lets us guess. One that does not exist gives no answer."""
        prefix = _vault_prefix(kms_key_id)
        endpoints = self._connection.management_endpoints(prefix, region) if prefix else ()
        for attempt in range(_GUESS_ROUNDS):
            refused = False
            if attempt:
                self._clock.sleep(1.0)
            for endpoint in endpoints:
                service = self._connection.vault_management(endpoint)
                try:
                    self._limit.wait()
                    answer = service.read_once("get_key", kms_key_id)
                except RefusedError as error:
                    faults.append(_fault(error))
                    refused = refused or not (error.is_throttled or error.outcome_is_unknown)
                except ApiError as error:
                    faults.append(_fault(error))
                else:
                    return answer.data, endpoint
            if refused:
                break
        return None

    def _vault_of(self, kms_key_id: str, region: str) -> str | None:
        """The vault's OCID by Search, asked where the key is used, then where its OCID says that it was made."""
        home = self._home(kms_key_id)
        for place in dict.fromkeys((region, home or region)):
            vault_id = self._vaults.get((kms_key_id, place), partial(self._search, kms_key_id, place))
            if vault_id is not None:
                return vault_id
        return None

    def _home(self, kms_key_id: str) -> str | None:
        """The region that a key was made in, if its OCID tells. One that the API gave may be of an unknown form."""
        try:
            return parse(kms_key_id).region(self._connection.regions)
        except InputError:
            return None

    def _search(self, kms_key_id: str, region: str) -> str | None:
        query = f"query key resources return allAdditionalFields where identifier = '{kms_key_id}'"
        details = {"type": "Structured", "query": query, "matchingContextType": "NONE"}
        try:
            answer = self._connection.search(region).read("search_resources", details)
        except ApiError:
            return None
        for item in answer.data.items or ():
            vault_id = (item.additional_details or {}).get("vaultId")
            if item.identifier == kms_key_id and isinstance(vault_id, str):
                return vault_id
        return None

    def _endpoint_of(self, vault_id: str, kms_key_id: str, region: str) -> str | None:
        """GetVault where the key is used; for a vault made elsewhere, what its home says of its replica there."""
        try:
            answer = self._vault_read(self._connection.vaults(region), "get_vault", vault_id)
        except ApiError:
            pass
        else:
            endpoint = answer.data.management_endpoint
            return endpoint if isinstance(endpoint, str) else None
        home = self._home(kms_key_id)
        if home is None or home == region:
            return None
        try:
            answer = self._vault_read(self._connection.vaults(home), "list_vault_replicas", vault_id)
        except ApiError:
            return None
        for replica in answer.data:
            if replica.region == region and replica.status == "CREATED" and replica.management_endpoint:
                return str(replica.management_endpoint)
        return None

    def _count_versions(self, kms_key_id: str, endpoint: str) -> int:
        """Versions that are not deleted; paged through only until there are two, which is one too many."""
        service = self._connection.vault_management(endpoint)
        count = 0
        page: dict[str, str] = {}
        while True:
            answer = self._vault_read(service, "list_key_versions", kms_key_id, limit=100, **page)
            count += len([version for version in answer.data if version.lifecycle_state != "DELETED"])
            if answer.next_page is None or count > 1:
                return count
            page = {"page": answer.next_page}

    def _vault_read(self, service: Service, operation: str, *args: Any, **kwargs: Any) -> Answer:
        self._limit.wait()
        return service.read(operation, *args, **kwargs)


class _Once(Generic[_Value]):
    """Remembers what was looked up. Of several threads that want the same, one looks and the others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[tuple[str, str], threading.Lock] = {}
        self._known: dict[tuple[str, str], _Value] = {}

    def get(self, name: tuple[str, str], look: Callable[[], _Value]) -> _Value:
        with self._lock:
            once = self._locks.setdefault(name, threading.Lock())
        with once:
            if name not in self._known:
                value = look()
                with self._lock:
                    self._known[name] = value
            return self._known[name]

    def values(self) -> list[_Value]:
        with self._lock:
            return list(self._known.values())


class _RateLimit:
    """At most so many calls in any one second."""

    def __init__(self, calls: int, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: deque[float] = deque(maxlen=calls)

    def wait(self) -> None:
        with self._lock:
            if len(self._times) == self._times.maxlen:
                early = self._times[0] + 1.0 - self._clock.monotonic()
                if early > 0:
                    self._clock.sleep(early)
            self._times.append(self._clock.monotonic())


def _vault_prefix(kms_key_id: str) -> str:
    try:
        return parse(kms_key_id).future_use
    except InputError:
        return ""


def _fault(error: ApiError) -> str:
    if isinstance(error, RefusedError):
        return f"{error.status} {error.code}"
    return str(error)


def _report(
    key: Any,
    region: str,
    endpoint: str,
    problems: tuple[str, ...],
    warnings: tuple[str, ...],
    versions: int | None,
) -> KeyReport:
    return KeyReport(
        id=key.id,
        region=region,
        found=True,
        problems=problems,
        warnings=warnings,
        compartment_id=key.compartment_id,
        lifecycle_state=key.lifecycle_state,
        algorithm=key.key_shape.algorithm,
        protection_mode=key.protection_mode,
        vault_id=key.vault_id,
        management_endpoint=endpoint,
        versions=versions,
    )
