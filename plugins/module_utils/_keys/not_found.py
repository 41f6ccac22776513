# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a key could not be found in a region: the attempts, and the reason that they amount to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._api.failures import ForeignEndpointError
from .._api.iam import place_of
from .._common.errors import ApiError, ServiceError, TransportError

_BLOCKED_HINT = ". If this machine may not reach Vault, set 'validate_key: false' where you assign the key"
_VALIDATE_KEY_HINT = "or set 'validate_key: false' where you assign it if you may use the key but not read it"


@dataclass(frozen=True)
class KeyNotFound:
    """Why a key could not be read in a region, and what is known about it nevertheless.

    ``problem`` is a predicate whose subject is the key: "does not exist there: ...".
    """

    problem: str
    vault_id: str | None
    compartment_id: str | None
    vault_compartment_id: str | None
    endpoint: str | None


@dataclass(frozen=True)
class Vault:
    """What is known about a vault for one region.

    ``replicas`` are the statuses of its replicas by region, or None if its home region was not asked or did not answer.
    """

    endpoint: str | None = None
    compartment_id: str | None = None
    replicas: Mapping[str, str] | None = None
    faults: tuple[ApiError, ...] = ()


@dataclass
class KeyLookup:
    """The attempts to find a key in a region, and their results.

    ``known_by`` is the source that says that the key exists. ``guesses`` are failures of hosts that may not exist.
    """

    id: str
    region: str
    home: str | None
    vault_id: str | None = None
    compartment_id: str | None = None
    known_by: str | None = None
    vault: Vault = field(default_factory=Vault)
    searches: list[ApiError] = field(default_factory=list)
    reads: list[ApiError] = field(default_factory=list)
    guesses: list[ApiError] = field(default_factory=list)

    @property
    def was_denied(self) -> bool:
        """A host of the vault responded, but not with the key."""
        return any(is_definite(error) for error in self.reads)

    @property
    def is_elsewhere(self) -> bool:
        """The vault's home region listed its replicas, and there is none in this region, in whatever state."""
        return self.vault.replicas is not None and self.region not in self.vault.replicas

    def not_found(self) -> KeyNotFound:
        """The outcome when all attempts failed."""
        return KeyNotFound(
            problem=self._why(),
            vault_id=self.vault_id,
            compartment_id=self.compartment_id,
            vault_compartment_id=self.vault.compartment_id,
            endpoint=self.vault.endpoint,
        )

    def _why(self) -> str:
        """The most certain reason. OCI returns 404 both if a key does not exist and if it may not be read."""
        replica = (self.vault.replicas or {}).get(self.region)
        if self.is_elsewhere or (replica not in (None, "CREATED") and not self.was_denied):
            return self._elsewhere(replica)
        foreign = next((error for error in self.reads if isinstance(error, ForeignEndpointError)), None)
        if foreign is not None:
            whose = f"vault {self.vault_id}: " if self.vault_id else ""
            return f"could not be looked up: {whose}{foreign}"
        errors = [*self.reads, *self.vault.faults, *self.searches]
        unauthenticated = next((error for error in errors if _status(error) == 401), None)
        if unauthenticated is not None:
            return (
                f"could not be looked up: {unauthenticated} Other calls with these credentials were accepted. Check "
                f"that the tenancy is subscribed to {self.region}"
            )
        denial = next((error for error in reversed(self.reads) if is_definite(error)), None)
        if denial is not None and self.known_by is not None:
            return (
                f"exists according to {self.known_by}, but can't be read ({_short(denial)}). Grant: Allow group "
                f"<your group> to read keys in {place_of(self.compartment_id, 'key')}; {_VALIDATE_KEY_HINT}"
            )
        if denial is not None:
            return _unknown(_short(denial))
        vault_denial = next((error for error in self.vault.faults if is_definite(error)), None)
        if vault_denial is not None and not self.reads:
            return (
                f"could not be found: vault {self.vault_id} is not in {self.region}, or can't be read "
                f"({_short(vault_denial)}). Use a key that exists there, or grant: Allow group <your group> to read "
                f"vaults in {place_of(self.vault.compartment_id, 'vault')}; {_VALIDATE_KEY_HINT}"
            )
        temporary = next((error for error in errors if is_temporary(error)), None)
        if temporary is not None:
            blocked = isinstance(temporary, TransportError) and not temporary.was_sent
            return f"could not be looked up: {temporary}{_BLOCKED_HINT if blocked else ''}"
        if self.vault_id is not None:
            return f"could not be looked up: vault {self.vault_id} has no management endpoint in that region"
        reasons = map(_short, [*self.searches, *self.guesses])
        return _unknown("; ".join(dict.fromkeys(reasons)) or "its vault could not be found")

    def _elsewhere(self, replica: str | None) -> str:
        if replica is not None:
            words = {"CREATING": "is still being created", "DELETING": "is being deleted"}.get(replica, f"is {replica}")
            return f"is not there: the replica of vault {self.vault_id} in {self.region} {words}"
        replicas = self.vault.replicas or {}
        there = sorted(region for region, status in replicas.items() if status == "CREATED")
        places = ", ".join([self.home or "its home region", *there])
        return (
            f"does not exist there: vault {self.vault_id} is in {places} and is not replicated to {self.region}. "
            "Use a key that exists there, or replicate the vault"
        )


def is_temporary(error: ApiError) -> bool:
    """Whether the same call may succeed later."""
    return not isinstance(error, ServiceError) or error.is_throttled or error.is_server_error


def is_definite(error: ApiError) -> bool:
    """Whether the error is about the requested resource, not about the service's state or the credentials."""
    return not is_temporary(error) and _status(error) != 401


def _unknown(reason: str) -> str:
    return (
        f"does not exist, or can't be read ({reason}). Use a key that exists there, or grant: Allow group <your "
        f"group> to read keys in compartment <the key's compartment>, and to read vaults there; {_VALIDATE_KEY_HINT}"
    )


def _status(error: ApiError) -> int | None:
    return error.status if isinstance(error, ServiceError) else None


def _short(error: ApiError) -> str:
    return f"{error.status} {error.code}" if isinstance(error, ServiceError) else str(error)
