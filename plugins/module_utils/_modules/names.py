# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of compartments and keys in options, replaced by OCIDs before anything else is done with the options."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from .._discovery.compartment_names import find_compartment
from .._discovery.tenancy import Tenancy
from .._model.names import is_name
from .key_names import NamedKeys


class Names(NamedKeys):
    """The compartments and keys that the options of one call name."""

    @cached_property
    def tenancy(self) -> Tenancy:
        """The tenancy, with the compartments that were listed for names."""
        return Tenancy(self._connection)

    @property
    def listed_tenancy(self) -> Tenancy | None:
        """The tenancy, if compartments were listed for names."""
        return self.tenancy if "tenancy" in vars(self) else None

    def compartments(self, options: Mapping[str, Any], option: str = "compartment_ids") -> dict[str, Any]:
        """The options, with the names of compartments in this one replaced."""
        given = options[option]
        if not any(map(is_name, given or ())):
            return dict(options)
        return {**options, option: [self._compartment(value, option) for value in given]}

    def _compartment(self, given: Any, option: str) -> Any:
        return self._noted(given, lambda: find_compartment(self.tenancy, given, f"'{option}'"))
