# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the modules that change keys, and their validation. Pure: raises InputError for invalid values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._changes.request import RunSettings, Target
from .._common.errors import InputError
from .._common.values import is_blank
from .._model.names import is_name
from .._model.ocid import expect_realm, expect_region, expect_type, parse
from .._model.regions import RegionTable
from .._model.resource import DesiredState
from .._resources.registry import kinds_by_ocid_type
from .options import KEY_CHECK_OPTIONS

CHANGE_OPTIONS: dict[str, dict[str, Any]] = {
    "kms_key_id": {"type": "str", "no_log": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    **KEY_CHECK_OPTIONS,
    "concurrency": {"type": "int", "default": 64},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 1200},
    "journal": {"type": "path"},
}
"""Argument spec entries of the modules that change something."""


# The collection's own limit: beyond it, threads of one Python process only wait for each other.
_MOST_CONCURRENCY = 256


def parse_run_settings(options: Mapping[str, Any], *, check_mode: bool) -> RunSettings:
    """The shared options, validated."""
    concurrency, wait_timeout = options["concurrency"], options["wait_timeout"]
    if not 1 <= concurrency <= _MOST_CONCURRENCY:
        raise InputError(f"'concurrency' is {concurrency}, but must be from 1 to {_MOST_CONCURRENCY}")
    if wait_timeout < 1:
        raise InputError(f"'wait_timeout' is {wait_timeout}, but must be at least 1 second")
    if options["multi_version_key"] == "fail" and not options["validate_key"]:
        raise InputError(
            "'multi_version_key: fail' and 'validate_key: false' can't be combined: the versions are only known if the "
            "key is looked up. Remove one of them."
        )
    return RunSettings(
        check_mode=check_mode,
        validate_key=options["validate_key"],
        multi_version_key_fails=options["multi_version_key"] == "fail",
        concurrency=concurrency,
        wait=options["wait"],
        wait_timeout=float(wait_timeout),
        include_locked=bool(options.get("include_locked")),
    )


def desired_key(options: Mapping[str, Any]) -> DesiredState:
    """The desired key, which may still be a name.

    A blank never means the Oracle-managed key: that is the explicit ``state: absent``.
    """
    given = options["kms_key_id"]
    kms_key_id = None if is_blank(given) else str(given).strip()
    regenerate = bool(options.get("regenerate"))
    policy_id = _policy(options)
    if options["state"] == "unassigned":
        for name, value in (("kms_key_id", kms_key_id), ("policy_id", policy_id)):
            if value is not None:
                raise InputError(
                    f"'{name}' is {value} together with 'state: unassigned', which removes the backup policy. "
                    f"Remove '{name}', or use 'state: present'."
                )
        return DesiredState(kms_key_id=None, unassigned=True)
    if options["state"] == "absent":
        if kms_key_id is not None:
            raise InputError(
                f"'kms_key_id' is {kms_key_id} together with 'state: absent', which removes the customer-managed key. "
                "Remove 'kms_key_id', or use 'state: present' to assign it."
            )
        if regenerate:
            raise InputError(
                "'regenerate: true' and 'state: absent' can't be combined: there is no customer-managed key to create "
                "a new data key under. Remove one of them."
            )
        return DesiredState(kms_key_id=None, policy_id=policy_id)
    if kms_key_id is None:
        raise InputError(
            "'kms_key_id' is empty, but 'state: present' requires the key to assign. To return to the Oracle-managed "
            "key, use 'state: absent'."
        )
    if not is_name(kms_key_id):
        expect_type(parse(kms_key_id), "key")
    return DesiredState(kms_key_id=kms_key_id, regenerate=regenerate, policy_id=policy_id)


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
    desired: DesiredState,
    regions: RegionTable,
    own_region: str | None,
    tenancy: str | None,
) -> list[Target]:
    """The resources that option ``ids`` names, each once and without blanks.

    Each must be of one of these kinds, and of the realm of the tenancy and of the key. An OCID that names no region is
    served by ``own_region``, the region of the connection options.
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
    if realm is not None and desired.kms_key_id is not None and not is_name(desired.kms_key_id):
        expect_realm(parse(desired.kms_key_id), realm, f"the {_plural(ids)}" if found else whose)
    return list(found.values())


def _plural(ids: str) -> str:
    """The plural of what an option such as ``volume_ids`` names: "volumes"."""
    return ids[: -len("_ids")] + "s"
