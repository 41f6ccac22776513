# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds a key: its vault, the host that serves it in a region, or why it could not be found there.

Uses, in the order of oci_semantics.md section 7, the management endpoint of the vault that Search found; if there is
none, the host derived from the key's OCID.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from .._api.client import Connection, Response
from .._api.pagination import every_row
from .._common.clock import Clock
from .._common.concurrency import SingleFlightCache
from .._common.errors import ApiError, InputError, ServiceError, TransportError
from .._model.ocid import parse
from .lookup_calls import LookupCalls
from .not_found import KeyLookup, KeyNotFound, Vault, is_temporary

# How often the derived hosts of a vault are asked, because a single call may fail temporarily.
_DERIVED_ENDPOINT_ROUNDS = 3


@dataclass(frozen=True)
class KeyLocation:
    """A key as GetKey returned it, and the management endpoint of its vault in the region.

    ``read_at`` is the endpoint that returned it. That is another one, of the vault's home region, where the vault's
    replica refuses to answer.
    """

    key: Any
    endpoint: str
    vault_compartment_id: str | None
    read_at: str

    @property
    def is_read_elsewhere(self) -> bool:
        return self.read_at != self.endpoint


@dataclass(frozen=True)
class _SearchResult:
    """What Search returned for a key."""

    vault_id: str
    compartment_id: str | None


class KeyFinder:
    """Reads keys where they are used. Asks each vault once per region, and stays within the rate limit of Vault."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._calls = LookupCalls(connection, clock)
        self._searches: SingleFlightCache[_SearchResult | ApiError | None] = SingleFlightCache()
        self._vaults: SingleFlightCache[Vault] = SingleFlightCache()

    @property
    def refused_credentials(self) -> ServiceError | None:
        """The 401, if there was one and no call so far showed that the credentials are accepted."""
        return self._calls.refused_credentials

    def find(self, kms_key_id: str, region: str, *, search_home_region: bool = True) -> KeyLocation | KeyNotFound:
        """The key as its vault in this region returns it, with ``search_home_region`` also by way of its home."""
        lookup = KeyLookup(kms_key_id, region, self.home(kms_key_id))
        found = self._follow(lookup)
        if found is None and lookup.was_denied:
            found = self._for_replica(lookup)
        elif found is None and search_home_region and lookup.vault_id is None:
            found = self._by_home_region(lookup)
        return found or lookup.not_found()

    def home(self, kms_key_id: str) -> str | None:
        """The region where a key was created, according to its OCID; None if the OCID does not say."""
        try:
            return parse(kms_key_id).region(self._connection.regions)
        except InputError:
            return None

    def read(self, endpoint: str, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Call an operation at the management endpoint of a vault. Raises ApiError."""
        return self._calls.keys(endpoint, operation, *args, **kwargs)

    def _follow(self, lookup: KeyLookup) -> KeyLocation | None:
        found = self._by_search(lookup)
        if found is None and lookup.vault.endpoint is None and not lookup.is_elsewhere:
            found = self._by_derived_endpoint(lookup)
        return found

    def _by_search(self, lookup: KeyLookup) -> KeyLocation | None:
        """By Search in the region where the key is used, then in the one where its OCID says it was created."""
        for place in dict.fromkeys((lookup.region, lookup.home or lookup.region)):
            result = self._searches.get((lookup.id, place), partial(self._search, lookup.id, place))
            if isinstance(result, ApiError):
                lookup.searches.append(result)
            elif result is not None:
                lookup.vault_id, lookup.compartment_id = result.vault_id, result.compartment_id
                lookup.known_by = "Search"
                return self._at_vault(lookup, result.vault_id)
        return None

    def _search(self, kms_key_id: str, region: str) -> _SearchResult | ApiError | None:
        query = f"query key resources return allAdditionalFields where identifier = '{kms_key_id}'"
        details = {"type": "Structured", "query": query, "matchingContextType": "NONE"}
        try:
            response = self._calls.search(region, details)
        except ApiError as error:
            return error
        for item in response.data:
            vault_id = (item.additional_details or {}).get("vaultId")
            if item.identifier == kms_key_id and isinstance(vault_id, str):
                return _SearchResult(vault_id, known(item, "compartment_id"))
        return None

    def _by_home_region(self, lookup: KeyLookup) -> KeyLocation | None:
        """By reading the key in its home region, which returns its vault."""
        at_home = self._read_at_home(lookup)
        if at_home is None:
            return None
        lookup.known_by = f"{lookup.home}, where it was created"
        found = self._at_vault(lookup, at_home.key.vault_id)
        return found or (_as_in_home_region(lookup, at_home) if lookup.was_denied else None)

    def _for_replica(self, lookup: KeyLookup) -> KeyLocation | None:
        """By its home region, whose state it has everywhere, where the replica of its vault refuses to answer.

        Oracle documents that management operations can't be performed on a replica; whether GetKey is one of them is
        not known (oci_semantics.md section 1.7). That the vault is in the region has to be known by other means.
        """
        at_home = self._read_at_home(lookup)
        if at_home is None:
            return None
        if lookup.vault.endpoint is None:
            vault_id = at_home.key.vault_id
            lookup.vault = self._vaults.get((vault_id, lookup.region), lambda: self._look_up(vault_id, lookup))
        return _as_in_home_region(lookup, at_home)

    def _read_at_home(self, lookup: KeyLookup) -> KeyLocation | None:
        """The key as its home region returns it, unless that is the region of the lookup."""
        if lookup.home is None or lookup.home == lookup.region:
            return None
        lookup_at_home = KeyLookup(lookup.id, lookup.home, lookup.home)
        at_home = self._follow(lookup_at_home)
        if at_home is None:
            lookup.reads.extend(lookup_at_home.reads)
            return None
        lookup.vault_id, lookup.compartment_id = at_home.key.vault_id, at_home.key.compartment_id
        return at_home

    def _at_vault(self, lookup: KeyLookup, vault_id: str) -> KeyLocation | None:
        vault = self._vaults.get((vault_id, lookup.region), lambda: self._look_up(vault_id, lookup))
        lookup.vault = vault
        if vault.endpoint is None:
            return None
        try:
            key = self.read(vault.endpoint, "get_key", lookup.id).data
            _expect_vault(key, vault_id)
        except ApiError as error:
            lookup.reads.append(error)
            return None
        return KeyLocation(key, vault.endpoint, vault.compartment_id, vault.endpoint)

    def _look_up(self, vault_id: str, lookup: KeyLookup) -> Vault:
        """GetVault where the key is used; for a vault created elsewhere, its replica there as its home lists it."""
        try:
            vault = self._calls.vaults(lookup.region, "get_vault", vault_id).data
        except ApiError as error:
            fault = error
        else:
            return Vault(endpoint=known(vault, "management_endpoint"), compartment_id=known(vault, "compartment_id"))
        if lookup.home is None or lookup.home == lookup.region:
            return Vault(faults=(fault,))
        replicas: dict[str, str] = {}
        endpoint = None
        try:
            ask = partial(self._calls.vaults, lookup.home, "list_vault_replicas", vault_id)
            for replica in every_row(ask, "vault replicas"):
                replicas[replica.region] = replica.status
                if replica.region == lookup.region and replica.status == "CREATED":
                    endpoint = replica.management_endpoint or None
        except ApiError as error:
            return Vault(endpoint=endpoint, faults=(fault, error))
        return Vault(endpoint=endpoint, replicas=replicas, faults=(fault,))

    def _by_derived_endpoint(self, lookup: KeyLookup) -> KeyLocation | None:
        """By asking the hosts derived from the key's OCID. A host that does not exist gives no response."""
        prefix = _vault_prefix(lookup.id)
        endpoints = self._connection.management_endpoints(prefix, lookup.region) if prefix else ()
        for attempt in range(_DERIVED_ENDPOINT_ROUNDS):
            if attempt:
                self._clock.sleep(1.0)
            for endpoint in endpoints:
                try:
                    response = self._calls.key_at_derived_endpoint(endpoint, lookup.id)
                except TransportError as error:
                    (lookup.reads if error.was_sent else lookup.guesses).append(error)
                except ApiError as error:
                    lookup.reads.append(error)
                else:
                    return KeyLocation(response.data, endpoint, lookup.vault.compartment_id, endpoint)
            if any(not is_temporary(error) for error in lookup.reads):
                break
        return None


def _expect_vault(key: Any, vault_id: str) -> None:
    """Raise TransportError unless a key is one of the vault that was asked for it."""
    if key.vault_id != vault_id:
        raise TransportError(
            f"the key {key.id} is said to be of vault {key.vault_id}, but {vault_id} was asked for it",
            operation="GetKey",
            was_sent=True,
        )


def _as_in_home_region(lookup: KeyLookup, at_home: KeyLocation) -> KeyLocation | None:
    """The key in the lookup's region as its home region returned it; None if its vault is not known to be there."""
    endpoint = lookup.vault.endpoint
    if endpoint is None:
        return None
    compartment_id = lookup.vault.compartment_id or at_home.vault_compartment_id
    return KeyLocation(at_home.key, endpoint, compartment_id, at_home.read_at)


def known(model: object, name: str) -> Any:
    """A field of a record; None if it is empty, or if the installed SDK does not know it."""
    value = getattr(model, name, None)
    return None if value == "" else value


def _vault_prefix(kms_key_id: str) -> str:
    try:
        return parse(kms_key_id).future_use
    except InputError:
        return ""
