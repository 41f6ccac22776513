# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys by their names: ``vault/key``, or the key's name where it is unique in the region.

One search of a region lists all its keys, whatever their number of names; ListVaults and ListKeys would take a call for
each compartment, and for each vault and compartment. Search may lag and leaves out what the caller may not inspect
(oci_semantics.md fact 24), so it never shows that a key does not exist, and what it finds is read at its vault before
it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .._api.client import Connection
from .._api.pagination import every_page
from .._common.clock import Clock
from .._common.errors import ApiError, InputError, TransportError
from .._common.text import quote
from .._model.names import candidates, close_to, did_you_mean, guess, likeness
from .._model.ocid import parse
from .lookup import KeyFinder, known
from .lookup_calls import LookupCalls
from .not_found import KeyNotFound

_QUERY = "query key resources return allAdditionalFields"
_PAGE_SIZE = 1000
_GONE = "DELETED"


@dataclass(frozen=True)
class NamedKey:
    """A key as Search shows it."""

    id: str
    name: str
    vault_id: str | None
    state: str | None


class KeyNames:
    """Finds keys by their names. Each region is searched once, and only if a name is looked for in it."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._calls = LookupCalls(connection, clock)
        self._finder = KeyFinder(connection, clock)
        self._keys: dict[str, list[NamedKey]] = {}
        self._vaults: dict[str, str] = {}

    def is_unknown(self, given: str, region: str) -> bool:
        """Whether a region that was searched shows nothing that ends as this name does."""
        name = given.strip()
        keys = self._keys.get(region)
        return keys is not None and not any(key.name and f"/{name}".endswith(f"/{key.name}") for key in keys)

    def find(self, given: str, region: str, option: str) -> str:
        """The OCID of the key of this name in a region. ``option`` is where it was given, for messages.

        Raises InputError if the name is not known, is not unique, or can't be looked up.
        """
        name = given.strip()
        keys = self._keys_in(region, name, option)
        matching = [key for key in keys if key.name == name]
        matching += [key for key in keys if self._is_in_named_vault(key, name, region, option)]
        if not matching:
            meant = self._similar(keys, name, region, option)
            raise InputError(
                f"{option}: no key with the name {quote(name)} was found in {region}{meant}. "
                "Give '<vault>/<key>', the name of a key, or its OCID; a new key and a replica need the OCID"
            )
        if len(matching) > 1:
            described = [self._describe(key, region, option) for key in matching]
            raise InputError(
                f"{option}: {quote(name)} is the name of {len(matching)} keys in {region}: {candidates(described)}. "
                "Give '<vault>/<key>', or the OCID of one of them"
            )
        return self._verified(matching[0], region, option)

    def _verified(self, key: NamedKey, region: str, option: str) -> str:
        """The OCID, once the key's vault says that the key has this name: Search may be behind."""
        found = self._finder.find(key.id, region)
        if isinstance(found, KeyNotFound):  # what is wrong is said when the key is validated
            return key.id
        now = known(found.key, "display_name")
        if now != key.name:
            raise InputError(
                f"{option}: the key {quote(key.name)} in {region} is called {quote(now)} now. Give its new name, "
                f"or its OCID, {key.id}"
            )
        return key.id

    def _is_in_named_vault(self, key: NamedKey, name: str, region: str, option: str) -> bool:
        if not key.name or not name.endswith(f"/{key.name}") or key.vault_id is None:
            return False
        return self._vault_name(key.vault_id, region, option) == name[: -len(key.name) - 1]

    def _vault_name(self, vault_id: str, region: str, option: str) -> str:
        """GetVault where the vault was created, which its OCID says; elsewhere only replicas of it are."""
        if vault_id not in self._vaults:
            home = parse(vault_id).region(self._connection.regions) or region
            try:
                vault = self._calls.vaults(home, "get_vault", vault_id).data
            except ApiError as error:
                raise InputError(
                    f"{option}: the name of the vault {vault_id} can't be read: {error}. Give the key's OCID, or "
                    "grant: Allow group <your group> to read vaults in tenancy"
                ) from error
            self._vaults[vault_id] = str(known(vault, "display_name") or "")
        return self._vaults[vault_id]

    def _vault_name_if_readable(self, vault_id: str | None, region: str, option: str) -> str:
        try:
            return self._vault_name(vault_id, region, option) if vault_id else ""
        except InputError:
            return ""

    def _describe(self, key: NamedKey, region: str, option: str) -> str:
        vault = self._vault_name_if_readable(key.vault_id, region, option)
        state = f", {key.state}" if key.state and key.state != "ENABLED" else ""
        return f"{vault}/{key.name} ({key.id}{state})" if vault else f"{key.name} ({key.id}{state})"

    def _similar(self, keys: Sequence[NamedKey], name: str, region: str, option: str) -> str:
        """Keys that exist and could have been meant: a part of the name is that of the key, or of its vault."""
        if "/" not in name:
            return guess(name, [key.name for key in keys if key.name])
        vaults = {key.vault_id: self._vault_name_if_readable(key.vault_id, region, option) for key in keys}
        named = [(vaults[key.vault_id], key.name) for key in keys if key.name and vaults[key.vault_id]]
        vault, _slash, last = name.rpartition("/")
        close_vaults, close_keys = (
            close_to(vault, [each for each, _key in named]),
            close_to(last, [key for _each, key in named]),
        )
        fitting = [f"{each}/{key}" for each, key in named if key in close_keys or each in close_vaults]
        return did_you_mean(sorted(fitting, key=lambda each: -likeness(each, name))[:2])

    def _keys_in(self, region: str, name: str, option: str) -> list[NamedKey]:
        if region not in self._keys:
            try:
                self._keys[region] = self._search(region)
            except ApiError as error:
                raise InputError(
                    f"{option}: the keys of {region} can't be searched for {quote(name)}: {error}. Give the key's OCID"
                ) from error
        return self._keys[region]

    def _search(self, region: str) -> list[NamedKey]:
        """Raises ApiError, also if not every key that Search shows can be read: a name may be that of one of these."""
        details = {"type": "Structured", "query": _QUERY, "matchingContextType": "NONE"}
        rows: dict[NamedKey, None] = {}
        for response in every_page(partial(self._calls.search, region, details, limit=_PAGE_SIZE), "keys"):
            if response.unreadable:
                raise TransportError(
                    f"{len(response.unreadable)} of its rows can't be read: one {response.unreadable[0].reason}",
                    operation="SearchResources",
                    was_sent=True,
                )
            rows.update(dict.fromkeys(map(_named_key, response.data)))
        return [row for row in rows if (row.state or "").upper() != _GONE]


def _named_key(item: Any) -> NamedKey:
    return NamedKey(
        item.identifier,
        str(known(item, "display_name") or ""),
        _text((item.additional_details or {}).get("vaultId")),
        _text(known(item, "lifecycle_state")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
