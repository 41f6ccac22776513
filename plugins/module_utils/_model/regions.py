# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The regions of OCI: their codes, long names and realms (oci_semantics.md section 7). Pure."""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Mapping

from .._common.errors import InputError
from .._common.text import either, quote
from .oci_regions import REALMS


class RegionTable:
    """The regions that are known. All names are in lower case.

    ``long_names`` maps a short code to a long name (``iad`` to ``us-ashburn-1``), ``realms`` a long name to its realm
    (``us-ashburn-1`` to ``oc1``), ``domains`` a realm to its second-level domain (``oc1`` to ``oraclecloud.com``).
    ``more`` is called once, when a region is asked for that is not among them, and returns a table that may have it.
    """

    def __init__(
        self,
        long_names: Mapping[str, str],
        realms: Mapping[str, str],
        domains: Mapping[str, str],
        more: Callable[[], RegionTable | None] | None = None,
    ) -> None:
        self.long_names = dict(long_names)
        self.realms = dict(realms)
        self.domains = dict(domains)
        self._more = more
        self._lock = threading.Lock()

    def region(self, part: str) -> str | None:
        """The long name for a short code or a long name in any case, or None if the region is unknown."""
        name = part.strip().lower()
        found = self._find(name)
        if found is None and self._more is not None:
            self._learn()
            found = self._find(name)
        return found

    def at_hand(self, part: str) -> str | None:
        """The same without asking another table, which takes time: None also if only that one has it."""
        return self._find(part.strip().lower())

    def expect(self, name: str, what: str) -> str:
        """The long name of the region ``name``. An error begins with ``what``, e.g. "'region' is".

        Raises InputError, with similar names, if the region is unknown.
        """
        long_name = self.region(name)
        if long_name is None:
            raise InputError(f"{what} {quote(name)}, which is not a known region{self._remedy(name)}")
        return long_name

    def domain(self, region: str) -> str:
        """The second-level domain of a region, given by its long name."""
        return self.domains[self.realms[region]]

    def _find(self, name: str) -> str | None:
        long_name = self.long_names.get(name, name)
        return long_name if long_name in self.realms else None

    def _learn(self) -> None:
        """Add what the other table has. Nothing that is known changes."""
        with self._lock:
            table = self._more() if self._more is not None else None
            if table is not None:
                self.domains = {**table.domains, **self.domains}
                self.realms = {**table.realms, **self.realms}
                self.long_names = {**table.long_names, **self.long_names}
            self._more = None

    def _remedy(self, name: str) -> str:
        known = [*self.realms, *self.long_names]
        close = difflib.get_close_matches(name.strip().lower(), known, n=3, cutoff=0.6)
        guess = f" (did you mean {either(close)}?)" if close else ""
        return (
            f"{guess}. If it is newer than the installed SDK, add it with the environment variable"
            " OCI_REGION_METADATA or in ~/.oci/regions-config.json"
        )


def released_regions(more: Callable[[], RegionTable | None] | None = None) -> RegionTable:
    """The regions that OCI had when this was released, and those of ``more`` once another one is asked for."""
    long_names: dict[str, str] = {}
    realms: dict[str, str] = {}
    for realm, (_domain, regions) in REALMS.items():
        for region in regions.split():
            code, _colon, name = region.partition(":")
            long_names[code], realms[name] = name, realm
    return RegionTable(long_names, realms, {realm: domain for realm, (domain, _regions) in REALMS.items()}, more)
