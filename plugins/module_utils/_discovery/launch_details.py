# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which volumes instance configurations and node pools create, and on which keys, as rows of a discovery. Pure.

What is not known is said in words, the end of a sentence about the configuration, and never taken for no volumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._common.errors import InputError
from .._common.text import readable
from .._model.instance_details import Details, KeyPlace, UnknownDetailsError, key_places, missing_sources
from .._model.new_volumes import CreatedVolumeRow
from .._model.ocid import expect_realm, expect_type, parse

_NAME_LENGTH = 255

_NO_DETAILS = "it shows no nodeConfigDetails"


def created_volumes(details: Details | None, realm: str) -> tuple[list[CreatedVolumeRow], str | None]:
    """The volumes that each instance is created with, and why there may be others, or others' keys.

    ``details`` are ``instanceDetails``; ``realm`` is that of the configuration: its keys can't be of another one.
    """
    try:
        places = key_places(details)
    except UnknownDetailsError as unknown:
        return [], f"it {unknown}"
    found: list[CreatedVolumeRow] = []
    reasons = [f"it {reason}" for reason in missing_sources(details)]
    for place in places:
        try:
            row = _row(place.resource_type, _at(details, place), realm)
        except InputError as error:
            reasons.append(_no_key(error))
        else:
            found += [row] if row not in found else []
    return found, "; ".join(dict.fromkeys(reasons)) or None


def node_volume(details: Mapping[str, Any] | None, realm: str) -> tuple[list[CreatedVolumeRow], str | None]:
    """The boot volume of a node pool's nodes by its ``nodeConfigDetails``, and why its key is not known.

    Pools of the old form have no such details (oci_semantics.md section 1.11).
    """
    if details is None:
        return [], _NO_DETAILS
    try:
        return [_row("boot_volume", details, realm)], None
    except InputError as error:
        return [], _no_key(error)


def _at(details: Any, place: KeyPlace) -> Mapping[str, Any]:
    for part in place.path:
        details = details[part]
    found: Mapping[str, Any] = details
    return found


def _row(kind: str, details: Mapping[str, Any], realm: str) -> CreatedVolumeRow:
    """Raises InputError for what can't be a key."""
    name = details.get("displayName") if kind == "volume" else None
    return {
        "type": kind,
        "display_name": readable(name, _NAME_LENGTH) if name else None,
        "kms_key_id": _key(details.get("kmsKeyId"), realm),
        "copies_kms_key_id": _key(details.get("xrcKmsKeyId"), realm),
    }


def _key(value: Any, realm: str) -> str | None:
    """A key; None, and an empty text, are the Oracle-managed one (oci_semantics.md fact 9)."""
    if value is None or value == "":
        return None
    key = parse(str(value))
    expect_type(key, "key")
    expect_realm(key, realm, "it")
    return key.value


def _no_key(error: InputError) -> str:
    return f"a key that it names can't be one: {error}"
