# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Where a key lives: its vault, the host that serves it in a region, and why it could not be found there.

The order of trust is that of oci_semantics.md section 7: the vault's own management endpoint, the vault found by
Search; where neither is to be had, the host derived from the key's OCID.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .._api.client import Connection, Response, Service
from .._api.iam import place_of
from .._api.pagination import every_page
from .._common.clock import Clock
from .._common.concurrency import FixedRateLimiter, SingleFlightCache
from .._common.errors import (
    ApiError,
    InputError,
    ServiceError,
    TransportError,
)
from .._model.ocid import parse

# Vault may refuse more than ten calls a second of a tenancy (oci_semantics.md section 9); others need their share.
_CALLS_PER_SECOND = 4

# Times that the hosts guessed for a vault are asked, since one answer may be lost to a passing fault.
_DERIVED_ENDPOINT_ROUNDS = 3


@dataclass(frozen=True)
class KeyLocation:
    """A key as GetKey gave it, and the management endpoint that did."""

    key: Any
    endpoint: str
    vault_compartment_id: str | None


@dataclass(frozen=True)
class KeyNotFound:
    """Why a key could not be read in a region, and what is known of it all the same."""

    problem: str
    vault_id: str | None
    compartment_id: str | None
    vault_compartment_id: str | None
    endpoint: str | None


@dataclass(frozen=True)
class _SearchResult:
    """What Search tells of a key."""

    vault_id: str
    compartment_id: str | None


@dataclass(frozen=True)
class _Vault:
    """What could be learned about a vault for one region.

    ``replicas`` are the statuses of its replicas by region, where its home was asked and told.
    """

    endpoint: str | None = None
    compartment_id: str | None = None
    replicas: Mapping[str, str] | None = None
    faults: tuple[ApiError, ...] = ()


@dataclass
class _KeyLookup:
    """What was tried to find a key in a region, and what came of it.

    ``known_by`` says who told that the key exists. ``guesses`` are failures of hosts that need not exist.
    """

    id: str
    region: str
    home: str | None
    vault_id: str | None = None
    compartment_id: str | None = None
    known_by: str | None = None
    vault: _Vault = field(default_factory=_Vault)
    searches: list[ApiError] = field(default_factory=list)
    reads: list[ApiError] = field(default_factory=list)
    guesses: list[ApiError] = field(default_factory=list)

    @property
    def is_refused(self) -> bool:
        """A host of the vault answered, and not with the key."""
        return any(_is_definite(error) for error in self.reads)

    @property
    def is_elsewhere(self) -> bool:
        """The vault's home told of its replicas, and none is in this region, nor on its way from or to it."""
        return self.vault.replicas is not None and self.region not in self.vault.replicas

    def missing(self) -> KeyNotFound:
        return KeyNotFound(
            problem=self._why(),
            vault_id=self.vault_id,
            compartment_id=self.compartment_id,
            vault_compartment_id=self.vault.compartment_id,
            endpoint=self.vault.endpoint,
        )

    def _why(self) -> str:
        """The best founded reason comes first. OCI answers 404 for what is not there and for what is not allowed."""
        replica = (self.vault.replicas or {}).get(self.region)
        if self.is_elsewhere or (replica not in (None, "CREATED") and not self.is_refused):
            return self._elsewhere(replica)
        errors = [*self.reads, *self.vault.faults, *self.searches]
        unauthenticated = next((error for error in errors if _status(error) == 401), None)
        if unauthenticated is not None:
            return (
                f"could not be looked up: {unauthenticated} Other calls with these credentials were accepted; is "
                f"{self.region} a region that the tenancy is subscribed to?"
            )
        refusal = next((error for error in reversed(self.reads) if _is_definite(error)), None)
        if refusal is not None and self.known_by is not None:
            return (
                f"exists, as {self.known_by} tells, but may not be read ({_fault(refusal)}). Grant: Allow group "
                f"<your group> to read keys in {place_of(self.compartment_id, 'key')}; {_VALIDATE_KEY_HINT}"
            )
        if refusal is not None:
            return _unknown(_fault(refusal))
        vault_refusal = next((error for error in self.vault.faults if _is_definite(error)), None)
        if vault_refusal is not None and not self.reads:
            return (
                f"could not be found: its vault {self.vault_id} is not in {self.region}, or may not be read "
                f"({_fault(vault_refusal)}). Give a key that exists there, or grant: Allow group <your group> to read "
                f"vaults in {place_of(self.vault.compartment_id, 'vault')}; {_VALIDATE_KEY_HINT}"
            )
        passing = next((error for error in errors if _passes(error)), None)
        if passing is not None:
            return f"could not be looked up: {passing}"
        if self.vault_id is not None:
            return f"could not be looked up: its vault {self.vault_id} tells no endpoint there"
        reasons = map(_fault, [*self.searches, *self.guesses])
        return _unknown("; ".join(dict.fromkeys(reasons)) or "its vault could not be found")

    def _elsewhere(self, replica: str | None) -> str:
        if replica is not None:
            doing = {"CREATING": "is still being made", "DELETING": "is being deleted"}.get(replica, f"is {replica}")
            return f"is not there: the replica of its vault {self.vault_id} in {self.region} {doing}"
        replicas = self.vault.replicas or {}
        there = sorted(region for region, status in replicas.items() if status == "CREATED")
        places = ", ".join([self.home or "its home", *there])
        return (
            f"does not exist there: its vault {self.vault_id} is in {places}, and not replicated to {self.region}. "
            "Give a key that exists there, or replicate the vault"
        )


class KeyFinder:
    """Reads keys where they are used. Asks no vault twice for one region, and never faster than Vault allows."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._limit = FixedRateLimiter(_CALLS_PER_SECOND, clock)
        self._hits: SingleFlightCache[_SearchResult | ApiError | None] = SingleFlightCache()
        self._vaults: SingleFlightCache[_Vault] = SingleFlightCache()
        self._unreachable: dict[str, TransportError] = {}
        self._accepted = False
        self._unauthenticated: ServiceError | None = None

    @property
    def refused_credentials(self) -> ServiceError | None:
        """The 401, if there was one and nothing that was asked so far was answered by any other verdict."""
        return None if self._accepted else self._unauthenticated

    def find(self, kms_key_id: str, region: str, *, search_home_region: bool = True) -> KeyLocation | KeyNotFound:
        """The key as its vault in this region gives it. ``search_home_region`` allows the way by the key's home."""
        lookup = _KeyLookup(kms_key_id, region, self.home(kms_key_id))
        found = self._follow(lookup)
        if found is None and search_home_region and lookup.vault_id is None and not lookup.is_refused:
            found = self._by_home(lookup)
        return found or lookup.missing()

    def home(self, kms_key_id: str) -> str | None:
        """The region that a key was made in, if its OCID tells. One that the API gave may be of an unknown form."""
        try:
            return parse(kms_key_id).region(self._connection.regions)
        except InputError:
            return None

    def read(self, endpoint: str, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Ask the management endpoint of a vault."""
        return self._vault_read(self._connection.vault_management(endpoint), endpoint, operation, *args, **kwargs)

    def _follow(self, lookup: _KeyLookup) -> KeyLocation | None:
        found = self._by_search(lookup)
        if found is None and lookup.vault.endpoint is None and not lookup.is_elsewhere:
            found = self._by_derived_endpoint(lookup)
        return found

    def _by_search(self, lookup: _KeyLookup) -> KeyLocation | None:
        """By Search, asked where the key is used, then where its OCID says that it was made."""
        for place in dict.fromkeys((lookup.region, lookup.home or lookup.region)):
            hit = self._hits.get((lookup.id, place), partial(self._search, lookup.id, place))
            if isinstance(hit, ApiError):
                lookup.searches.append(hit)
            elif hit is not None:
                lookup.vault_id, lookup.compartment_id, lookup.known_by = hit.vault_id, hit.compartment_id, "Search"
                return self._at_vault(lookup, hit.vault_id)
        return None

    def _search(self, kms_key_id: str, region: str) -> _SearchResult | ApiError | None:
        query = f"query key resources return allAdditionalFields where identifier = '{kms_key_id}'"
        details = {"type": "Structured", "query": query, "matchingContextType": "NONE"}
        try:
            response = self._ask_search(region, details)
        except ApiError as error:
            return error
        for item in response.data.items or ():
            vault_id = (item.additional_details or {}).get("vaultId")
            if item.identifier == kms_key_id and isinstance(vault_id, str):
                return _SearchResult(vault_id, known(item, "compartment_id"))
        return None

    def _ask_search(self, region: str, details: dict[str, str]) -> Response:
        """Search is a short cut: asked twice at most, since there are other ways to find a vault."""
        where = f"search {region}"
        if where in self._unreachable:
            raise self._unreachable[where]
        ask = partial(self._connection.search(region).read_once, "search_resources", details)
        try:
            return self._noted(ask)
        except ApiError as error:
            if _is_definite(error):
                raise
        return self._noted_where(where, ask)

    def _by_home(self, lookup: _KeyLookup) -> KeyLocation | None:
        """A key that nobody has heard of in the region may be read at its home, and tells of its vault."""
        if lookup.home is None or lookup.home == lookup.region:
            return None
        trail_home = _KeyLookup(lookup.id, lookup.home, lookup.home)
        at_home = self._follow(trail_home)
        if at_home is None:
            lookup.reads.extend(trail_home.reads)
            return None
        lookup.vault_id, lookup.compartment_id = at_home.key.vault_id, at_home.key.compartment_id
        lookup.known_by = f"{lookup.home}, where it was made,"
        return self._at_vault(lookup, at_home.key.vault_id)

    def _at_vault(self, lookup: _KeyLookup, vault_id: str) -> KeyLocation | None:
        vault = self._vaults.get((vault_id, lookup.region), lambda: self._look_up(vault_id, lookup))
        lookup.vault = vault
        if vault.endpoint is None:
            return None
        try:
            response = self.read(vault.endpoint, "get_key", lookup.id)
        except ApiError as error:
            lookup.reads.append(error)
            return None
        return KeyLocation(response.data, vault.endpoint, vault.compartment_id)

    def _look_up(self, vault_id: str, lookup: _KeyLookup) -> _Vault:
        """GetVault where the key is used; for a vault made elsewhere, what its home says of its replica there."""
        try:
            vault = self._at_kms(lookup.region, "get_vault", vault_id).data
        except ApiError as error:
            fault = error
        else:
            return _Vault(endpoint=known(vault, "management_endpoint"), compartment_id=known(vault, "compartment_id"))
        if lookup.home is None or lookup.home == lookup.region:
            return _Vault(faults=(fault,))
        replicas: dict[str, str] = {}
        endpoint = None
        try:
            ask = partial(self._at_kms, lookup.home, "list_vault_replicas", vault_id)
            for replica in (row for response in every_page(ask, "vault replicas") for row in response.data):
                replicas[replica.region] = replica.status
                if replica.region == lookup.region and replica.status == "CREATED":
                    endpoint = replica.management_endpoint or None
        except ApiError as error:
            return _Vault(endpoint=endpoint, faults=(fault, error))
        return _Vault(endpoint=endpoint, replicas=replicas, faults=(fault,))

    def _by_derived_endpoint(self, lookup: _KeyLookup) -> KeyLocation | None:
        """The key, from one of the hosts that its OCID lets us guess. One that does not exist gives no answer."""
        prefix = _vault_prefix(lookup.id)
        endpoints = self._connection.management_endpoints(prefix, lookup.region) if prefix else ()
        for attempt in range(_DERIVED_ENDPOINT_ROUNDS):
            if attempt:
                self._clock.sleep(1.0)
            for endpoint in endpoints:
                service = self._connection.vault_management(endpoint)
                try:
                    self._limit.wait()
                    response = self._noted(partial(service.read_once, "get_key", lookup.id))
                except TransportError as error:
                    (lookup.reads if error.was_sent else lookup.guesses).append(error)
                except ApiError as error:
                    lookup.reads.append(error)
                else:
                    return KeyLocation(response.data, endpoint, lookup.vault.compartment_id)
            if any(not _passes(error) for error in lookup.reads):
                break
        return None

    def _at_kms(self, region: str, operation: str, *args: Any, **kwargs: Any) -> Response:
        return self._vault_read(self._connection.vaults(region), f"kms {region}", operation, *args, **kwargs)

    def _vault_read(self, service: Service, where: str, operation: str, *args: Any, **kwargs: Any) -> Response:
        if where not in self._unreachable:
            self._limit.wait()
        return self._ask(service, where, operation, *args, **kwargs)

    def _ask(self, service: Service, where: str, operation: str, *args: Any, **kwargs: Any) -> Response:
        """Read. A host that could not be connected to, after all retries, is not waited for again."""
        if where in self._unreachable:
            raise self._unreachable[where]
        return self._noted_where(where, partial(service.read, operation, *args, **kwargs))

    def _noted_where(self, where: str, ask: Callable[[], Response]) -> Response:
        try:
            return self._noted(ask)
        except TransportError as error:
            if not error.was_sent:
                self._unreachable[where] = error
            raise

    def _noted(self, ask: Callable[[], Response]) -> Response:
        """Note what an answer says about the credentials, which OCI judges before all else."""
        try:
            response = ask()
        except ServiceError as error:
            if error.status == 401:
                self._unauthenticated = error
            elif _is_definite(error):
                self._accepted = True
            raise
        self._accepted = True
        return response


def known(model: object, name: str) -> Any:
    """A field of an SDK model; None where it is empty, or where the installed SDK does not know it yet."""
    value = getattr(model, name, None)
    return None if value == "" else value


_VALIDATE_KEY_HINT = "or set 'validate_key: false' where you assign it, if you may use the key but not read it"


def _unknown(reason: str) -> str:
    return (
        f"does not exist, or may not be read ({reason}). Give a key that exists there, or grant: Allow group <your "
        f"group> to read keys in compartment <the key's compartment>, and to read vaults there; {_VALIDATE_KEY_HINT}"
    )


def _vault_prefix(kms_key_id: str) -> str:
    try:
        return parse(kms_key_id).future_use
    except InputError:
        return ""


def _status(error: ApiError) -> int | None:
    return error.status if isinstance(error, ServiceError) else None


def _passes(error: ApiError) -> bool:
    """Asked again another time, there may be another answer."""
    return not isinstance(error, ServiceError) or error.is_throttled or error.is_server_error


def _is_definite(error: ApiError) -> bool:
    """A verdict about what was asked for, not about who asks."""
    return not _passes(error) and _status(error) != 401


def _fault(error: ApiError) -> str:
    return f"{error.status} {error.code}" if isinstance(error, ServiceError) else str(error)
