# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which volumes an instance configuration creates, and on which keys, by its ``instanceDetails``. Pure.

The details are JSON as Compute's API has it: InstanceConfigurationInstanceDetails, which is a ComputeInstanceDetails
or, as ``instance_options``, several of these. What is not known here is unknown, never without volumes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._common.errors import InputError
from .._common.text import readable
from .._model.new_volumes import CreatedVolumeRow
from .._model.ocid import expect_realm, expect_type, parse

_LENGTH, _NAME_LENGTH = 60, 255


class _UnknownError(Exception):
    """Why it is not known which volumes are created, as the end of a sentence."""


def created_volumes(details: Any, realm: str) -> tuple[list[CreatedVolumeRow], str | None]:
    """The volumes that each instance is created with, and why there may be others, or others' keys.

    ``realm`` is that of the configuration: its keys can't be of another one.
    """
    found: list[CreatedVolumeRow] = []
    reasons: list[str] = []
    try:
        launches = _launches(details)
    except _UnknownError as error:
        return [], str(error)
    for launch in launches:
        for volumes in (_boot_volume, _block_volumes):
            try:
                for one in volumes(launch, realm):
                    if one not in found:
                        found.append(one)
            except _UnknownError as error:
                reasons.append(str(error))
    return found, "; ".join(dict.fromkeys(reasons)) or None


def _launches(details: Any) -> Sequence[Mapping[str, Any]]:
    """What instances are launched with: one, or one for each option."""
    kind = _object(details, "it has no details of instances").get("instanceType")
    if kind == "compute":
        return [details]
    if kind == "instance_options":
        options = details.get("options")
        if isinstance(options, list) and options:
            return [_object(one, "one of its options is not known") for one in options]
        raise _UnknownError("it has no options")
    raise _UnknownError(f"its instances are of a type that is not known: {readable(kind, _LENGTH)}")


def _boot_volume(launch: Mapping[str, Any], realm: str) -> Iterator[CreatedVolumeRow]:
    """The boot volume, which an image is written to; a boot volume that is there already stays on its key."""
    missing = "it does not name what instances boot from, so whoever launches one does"
    source = _object(_object(launch.get("launchDetails"), missing).get("sourceDetails"), missing)
    kind = source.get("sourceType")
    if kind == "image":
        yield _row("boot_volume", None, source, realm)
    elif kind != "bootVolume":
        raise _UnknownError(f"its instances boot from what is not known: {readable(kind, _LENGTH)}")


def _block_volumes(launch: Mapping[str, Any], realm: str) -> Iterator[CreatedVolumeRow]:
    """The block volumes that are created; those that are attached only are there already."""
    volumes = launch.get("blockVolumes")
    if not isinstance(volumes, (list, type(None))):
        raise _UnknownError("its block volumes are of a form that is not known")
    for volume in volumes or ():
        details = _object(volume, "its block volumes are of a form that is not known").get("createDetails")
        if details is not None:
            details = _object(details, "its block volumes are of a form that is not known")
            yield _row("volume", readable(details.get("displayName") or "", _NAME_LENGTH) or None, details, realm)
        elif not volume.get("volumeId"):
            raise _UnknownError("one of its block volumes is neither created nor attached")


def _row(kind: str, name: str | None, details: Mapping[str, Any], realm: str) -> CreatedVolumeRow:
    return {
        "type": kind,
        "display_name": name,
        "kms_key_id": _key(details.get("kmsKeyId"), realm),
        "copies_kms_key_id": _key(details.get("xrcKmsKeyId"), realm),
    }


def node_volume(details: Mapping[str, Any] | None, realm: str) -> tuple[list[CreatedVolumeRow], str | None]:
    """The boot volume of a node pool's nodes by its ``nodeConfigDetails``, and why its key is not known."""
    try:
        return [_row("boot_volume", None, details or {}, realm)], None
    except _UnknownError as error:
        return [], str(error)


def _key(value: Any, realm: str) -> str | None:
    """A key; None, and an empty text, are the Oracle-managed one (oci_semantics.md fact 9)."""
    if value is None or value == "":
        return None
    try:
        key = parse(str(value))
        expect_type(key, "key")
        expect_realm(key, realm, "it")
    except InputError as error:
        raise _UnknownError(f"a key that it names can't be one: {error}") from error
    return key.value


def _object(value: Any, otherwise: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _UnknownError(otherwise)
    return value
