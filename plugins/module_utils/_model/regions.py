# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The regions of OCI: their codes, long names and realms (oci_semantics.md section 7). Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from .._common.errors import InputError
from .._common.text import either, quote


@dataclass(frozen=True)
class RegionTable:
    """The regions that are known: the SDK's tables and what the user adds to them.

    ``long_names`` maps a short code to a long name (``iad`` to ``us-ashburn-1``), ``realms`` a long name to its realm
    (``us-ashburn-1`` to ``oc1``), ``domains`` a realm to its second-level domain (``oc1`` to ``oraclecloud.com``).
    All keys are in lower case.
    """

    long_names: Mapping[str, str]
    realms: Mapping[str, str]
    domains: Mapping[str, str]

    def region(self, part: str) -> str | None:
        """The long name for a short code or a long name in any case, or None if the region is unknown."""
        name = part.strip().lower()
        long_name = self.long_names.get(name, name)
        return long_name if long_name in self.realms else None

    def expect(self, name: str, what: str) -> str:
        """The long name of the region ``name``. An error begins with ``what``, e.g. "'region' is".

        Raises InputError, with similar names, if the region is unknown.
        """
        long_name = self.region(name)
        if long_name is None:
            raise InputError(f"{what} {quote(name)}, which is not a known region{self._remedy(name)}")
        return long_name

    def _remedy(self, name: str) -> str:
        known = [*self.realms, *self.long_names]
        close = difflib.get_close_matches(name.strip().lower(), known, n=3, cutoff=0.6)
        guess = f" (did you mean {either(close)}?)" if close else ""
        return (
            f"{guess}. If it is newer than the installed SDK, add it with the environment variable"
            " OCI_REGION_METADATA or in ~/.oci/regions-config.json"
        )
