# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of keys in options, replaced by OCIDs before anything else is done with the options.

Without a name among them, nothing is asked of OCI. Blanks stay blanks: what they mean, the options say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .._api.client import Connection
from .._api.settings import how_to_set
from .._common.clock import Clock
from .._common.errors import ApiError, InputError
from .._model.names import is_name

if TYPE_CHECKING:
    from .._keys.names import KeyNames


class NamedKeys:
    """The keys that the options of one call name. ``found`` has the OCIDs with the names that were given."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self.found: dict[str, str] = {}

    @cached_property
    def _keys(self) -> KeyNames:
        # Only here, since most calls give OCIDs: the file takes 4 ms of a start.
        from .._keys.names import KeyNames

        return KeyNames(self._connection, self._clock)

    def key(self, given: Any, regions: Sequence[str] | None, option: str) -> Any:
        """A key that is used in these regions, and has to be the same one in all of them.

        None: in any region, and the name has to be that of a single key in all of them.
        """
        if not is_name(given):
            return given
        if regions is None:
            found = self._anywhere(given, self.subscribed_regions(), option)
        else:
            found = {region: self._key_in(given, region, option) for region in regions}
        if len(set(found.values())) > 1:
            described = ", ".join(f"{key} in {region}" for region, key in found.items())
            raise InputError(
                f"'{option}': {given.strip()!r} is not the same key in all regions: {described}. Run a task for each "
                "region, or give the OCIDs"
            )
        if not found:
            raise InputError(
                f"'{option}': no region is known in which to look for the key {given.strip()!r}. Give its OCID, or set "
                "'region'"
            )
        return next(iter(found.values()))

    def keys_by_region(self, options: Mapping[str, Any], option: str = "kms_key_ids") -> dict[str, Any]:
        """The options, with the names of keys in this dictionary by region replaced."""
        given = options[option]
        if not isinstance(given, Mapping) or not any(map(is_name, given.values())):
            return dict(options)
        found = {}
        for name, value in given.items():
            region = self._connection.regions.expect(str(name), f"'{option}' names") if is_name(value) else ""
            found[name] = self._key_in(value, region, option) if region else value
        return {**options, option: found}

    def keys(
        self, options: Mapping[str, Any], regions: Callable[[], Sequence[str]], option: str = "kms_key_ids"
    ) -> dict[str, Any]:
        """The options, with the names of keys in this list replaced: by the keys of the name in whichever region."""
        given = options[option]
        if not any(map(is_name, given or ())):
            return dict(options)
        found: dict[Any, None] = {}
        for value in given:
            keys = self._anywhere(value, regions(), option).values() if is_name(value) else [value]
            found.update(dict.fromkeys(keys))
        return {**options, option: list(found)}

    def _anywhere(self, given: str, regions: Sequence[str], option: str) -> dict[str, str]:
        """The key of this name in each of the regions that has one. Raises InputError if none of them has."""
        found: dict[str, str] = {}
        unknown: InputError | None = None
        for region in regions:
            try:
                found[region] = self._key_in(given, region, option)
            except InputError as error:
                unknown = error
                if not self._keys.is_unknown(given, region):
                    raise
        if unknown is not None and not found:
            raise unknown
        return found

    def subscribed_regions(self) -> list[str]:
        """Every region that the tenancy is subscribed to and that is READY: ListRegionSubscriptions. Left out are those
        of another realm, which have no key of the tenancy.
        """
        region, tenancy = self._connection.region, self._connection.tenancy
        for name, value in (("region", region), ("tenancy", tenancy)):
            if value is None:
                raise InputError(f"No {name} is set, to look for a key by its name: {how_to_set(name)}")
        try:
            rows = self._connection.identity(str(region)).read("list_region_subscriptions", tenancy).data
        except ApiError as error:
            raise InputError(
                f"The regions of the tenancy can't be listed, to look for a key by its name: {error}. Give the key's "
                "OCID, or grant: Allow group <your group> to inspect tenancies in tenancy"
            ) from error
        ready = [str(row.region_name) for row in rows if row.status == "READY"]
        return [name for name in ready if self._connection.foreign_realm(name) is None]

    def _key_in(self, given: str, region: str, option: str) -> str:
        return str(self._noted(given, lambda: self._keys.find(given, region, f"'{option}'")))

    def _noted(self, given: Any, find: Callable[[], str]) -> Any:
        if not is_name(given):
            return given
        ocid = find()
        self.found[ocid] = given.strip()
        return ocid
