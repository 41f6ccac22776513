# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Split off in the prototype."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._api.settings import CONNECTION_OPTIONS, how_to_set
from .._common.errors import InputError
from .._common.values import is_blank
from .._model.ocid import expect_realm, expect_type, parse
from .._model.regions import RegionTable


def info_spec(**options: dict[str, Any]) -> dict[str, Any]:
    """The argument spec of a module that changes nothing: the shared options, and its own."""
    return {**options, **RESULT_OPTIONS, **CONNECTION_OPTIONS}


RESULT_OPTIONS: dict[str, dict[str, Any]] = {
    "result": {"type": "str", "choices": ["all", "changed", "summary"], "default": "all"},
    "result_file": {"type": "path"},
}
"""Argument spec entries of every module."""


def listed(options: Mapping[str, Any], name: str, remedy: str) -> list[str] | None:
    """The items of a list that narrows something down, blanks dropped, each once; None where it is not set.

    Set but empty is an error, since it must not do more than a list that names something. ``''`` arrives as a list with
    one blank item, and is not set.
    """
    given = options[name]
    if given is None or (len(given) == 1 and is_blank(given[0])):
        return None
    items = list(dict.fromkeys(str(item).strip() for item in given if not is_blank(item)))
    if not items:
        raise InputError(f"'{name}' is an empty list, which names nothing. {remedy}")
    return items


def compartments_asked(options: Mapping[str, Any], tenancy: str | None) -> list[str]:
    """The compartments to look into; none stands for the whole tenancy."""
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
    """None for every region that the tenancy is subscribed to; by default the region of the connection options."""
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


def writable_file(option: str, given: Any) -> Path | None:
    """A file that is going to be written, judged before anything else is done."""
    if is_blank(given):
        return None
    path = Path(os.path.expanduser(str(given)))
    if path.is_dir():
        raise InputError(f"'{option}' is {str(path)!r}, which is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise InputError(f"'{option}' is {str(path)!r}, but there is no folder {str(path.parent)!r}; create it first")
    return path
