# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that say where to discover resources: compartments and regions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._api.settings import how_to_set
from .._common.errors import InputError
from .._model.ocid import expect_realm, expect_type, parse
from .._model.regions import RegionTable
from .options import listed

DISCOVERY_OPTIONS: dict[str, dict[str, Any]] = {
    "compartment_ids": {"type": "list", "elements": "str"},
    "recursive": {"type": "bool", "default": True},
    "regions": {"type": "list", "elements": "str"},
    "read_each": {"type": "bool", "default": False},
}
"""Argument spec entries: the scope of the discovery."""


def compartments_asked(options: Mapping[str, Any], tenancy: str | None) -> list[str]:
    """The compartments to discover; an empty list is the whole tenancy. Raises InputError."""
    remedy = "Name compartments, or leave 'compartment_ids' out for the whole tenancy."
    found = []
    for value in listed(options, "compartment_ids", remedy) or []:
        ocid = parse(value)
        expect_type(ocid, "compartment", "tenancy")
        if tenancy:
            expect_realm(ocid, parse(tenancy).realm, "the tenancy")
            if ocid.type == "tenancy" and ocid.value != tenancy:
                raise InputError(f"'compartment_ids' names the tenancy {ocid}, but the credentials are for {tenancy}")
        found.append(ocid.value)
    return found


def regions_asked(
    options: Mapping[str, Any], regions: RegionTable, own_region: str | None, tenancy: str | None
) -> list[str] | None:
    """The regions to discover, by default that of the connection options; None is every subscribed region.

    Raises InputError.
    """
    remedy = "Name regions, or leave 'regions' out for the region of the connection options."
    given = listed(options, "regions", remedy)
    if given is None:
        if own_region is None:
            raise InputError(f"No region is set: option regions, {how_to_set('region')}")
        return [own_region]
    if "all" in (name.lower() for name in given):
        if len(given) > 1:
            raise InputError(f"'regions' names all and others: {', '.join(given)}. Name regions, or only all.")
        return None
    names = list(dict.fromkeys(regions.expect(name, "'regions' names") for name in given))
    if tenancy:
        for name in names:
            expect_realm(parse(tenancy), regions.realms[name], name)
    return names
