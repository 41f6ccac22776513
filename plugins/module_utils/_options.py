# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The options that the modules share, and what they amount to. Pure: raises InputError for what can't be meant."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._ocid import (
    RegionTable,
    expect_realm,
    expect_region,
    expect_type,
    parse,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.registry import kinds_by_ocid_type
from ansible_collections.oci_keys.block_volume.plugins.module_utils._settings import how_to_set, is_blank
from ansible_collections.oci_keys.block_volume.plugins.module_utils._state import Wanted
from ansible_collections.oci_keys.block_volume.plugins.module_utils._terms import Target, Terms

CHANGE_OPTIONS: dict[str, dict[str, Any]] = {
    "kms_key_id": {"type": "str", "no_log": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "validate_key": {"type": "bool", "default": True},
    "multi_version_key": {"type": "str", "choices": ["warn", "fail"], "default": "warn", "no_log": False},
    "concurrency": {"type": "int", "default": 32},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1200},
    "journal": {"type": "path"},
}
"""Argument spec entries of the modules that change something."""

RESULT_OPTIONS: dict[str, dict[str, Any]] = {
    "result": {"type": "str", "choices": ["all", "changed", "summary"], "default": "all"},
    "result_file": {"type": "path"},
}
"""Argument spec entries of every module."""

# The collection's own bound: beyond it, threads of one Python process only wait for each other.
_MOST_CONCURRENCY = 256


def terms(options: Mapping[str, Any], *, check_mode: bool) -> Terms:
    """The shared options, judged."""
    concurrency, wait_timeout = options["concurrency"], options["wait_timeout"]
    if not 1 <= concurrency <= _MOST_CONCURRENCY:
        raise InputError(f"'concurrency' is {concurrency}, but has to be from 1 to {_MOST_CONCURRENCY}")
    if wait_timeout < 1:
        raise InputError(f"'wait_timeout' is {wait_timeout}, but has to be at least 1 second")
    if options["multi_version_key"] == "fail" and not options["validate_key"]:
        raise InputError("'multi_version_key: fail' needs the key to be looked up, which 'validate_key: false' forbids")
    return Terms(
        check_mode=check_mode,
        validate_key=options["validate_key"],
        multi_version_key_fails=options["multi_version_key"] == "fail",
        concurrency=concurrency,
        wait=options["wait"],
        wait_timeout=float(wait_timeout),
        include_locked=bool(options.get("include_locked")),
    )


def wanted_key(options: Mapping[str, Any]) -> Wanted:
    """The key asked for. A blank never means the Oracle-managed key: going back is the explicit ``state: absent``."""
    given = options["kms_key_id"]
    kms_key_id = None if is_blank(given) else str(given).strip()
    regenerate = bool(options.get("regenerate"))
    policy_id = _policy(options)
    if options["state"] == "unassigned":
        for name, value in (("kms_key_id", kms_key_id), ("policy_id", policy_id)):
            if value is not None:
                raise InputError(
                    f"'{name}' is {value} together with 'state: unassigned', which takes the backup policy away. "
                    "Leave it out, or use 'state: present'."
                )
        return Wanted(kms_key_id=None, unassigned=True)
    if options["state"] == "absent":
        if kms_key_id is not None:
            raise InputError(
                f"'kms_key_id' is {kms_key_id} together with 'state: absent', which takes the customer-managed key "
                "away. Leave the key out, or use 'state: present' to assign it."
            )
        if regenerate:
            raise InputError(
                "'regenerate: true' makes a new data key under a customer-managed key; 'state: absent' has none"
            )
        return Wanted(kms_key_id=None, policy_id=policy_id)
    if kms_key_id is None:
        raise InputError(
            "'kms_key_id' is empty, but 'state: present' needs the key to assign. To go back to the Oracle-managed "
            "key, use 'state: absent'."
        )
    expect_type(parse(kms_key_id), "key")
    return Wanted(kms_key_id=kms_key_id, regenerate=regenerate, policy_id=policy_id)


def _policy(options: Mapping[str, Any]) -> str | None:
    given = options.get("policy_id")
    if is_blank(given):
        return None
    policy = parse(given)
    expect_type(policy, "volumebackuppolicy")
    return policy.value


def targets(
    options: Mapping[str, Any],
    ids: str,
    types: Iterable[str],
    *,
    wanted: Wanted,
    regions: RegionTable,
    own_region: str | None,
    tenancy: str | None,
) -> list[Target]:
    """The resources that option ``ids`` names, each once, blanks dropped.

    Every one has to be of one of these result types, and of the realm of the tenancy and of the key. An OCID that
    names no region is served by ``own_region``, the region of the connection options.
    """
    kinds = kinds_by_ocid_type(types)
    realm, whose = (parse(tenancy).realm, "the tenancy") if tenancy else (None, "")
    found: dict[str, Target] = {}
    for value in options[ids] or ():
        if is_blank(value):
            continue
        ocid = parse(value)
        expect_type(ocid, *kinds)
        if realm is None:
            realm, whose = ocid.realm, f"the other {_plural(ids)}"
        expect_realm(ocid, realm, whose)
        if not ocid.region_part and own_region:
            expect_realm(ocid, regions.realms[own_region], "the region of the connection options")
            region = own_region
        else:
            region = expect_region(ocid, regions)
        found.setdefault(ocid.value, Target(id=ocid.value, kind=kinds[ocid.type], region=region))
    if realm is not None and wanted.kms_key_id is not None:
        expect_realm(parse(wanted.kms_key_id), realm, f"the {_plural(ids)}" if found else whose)
    return list(found.values())


def _plural(ids: str) -> str:
    """What an option such as ``volume_ids`` names, in words: "volumes"."""
    return ids[: -len("_ids")] + "s"


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
