# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the details of an instance configuration hand on keys: which volumes they create, and with which key. Pure.

Details are those of ``InstanceConfiguration.instanceDetails``, as the service wrote them (oci_semantics.md section
1.11). A volume is created from an image, or by ``createDetails``; a boot or block volume that exists already is used as
it is, and has no key here.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Details = Mapping[str, Any]

ONE, _SEVERAL = "compute", "instance_options"
INSTANCE_TYPES = (ONE, _SEVERAL)


class UnknownDetailsError(Exception):
    """Details of which nobody can say what they create: as a predicate, "has an instanceType that is not known"."""


class KeyPlace(NamedTuple):
    """A volume that every instance of the configuration is born with, and its key; None: the Oracle-managed one.

    ``path`` leads to the object that has, or could have, the member ``kmsKeyId``.
    """

    path: tuple[str | int, ...]
    resource_type: str
    kms_key_id: str | None

    @property
    def name(self) -> str:
        """The place as a person would write it: "blockVolumes[0].createDetails"."""
        return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path).lstrip(".")


def key_places(details: Details | None) -> tuple[KeyPlace, ...]:
    """Every place of a key, the boot volume's first; empty if the details create no volume.

    Raises UnknownDetailsError if there are no details, as for GPU memory clusters, or of a type that is not known.
    """
    if not details:
        raise UnknownDetailsError("shows no instanceDetails")
    kind = details.get("instanceType")
    if kind == ONE:
        return tuple(_places_of_one(details, ()))
    if kind == _SEVERAL:
        options = enumerate(details.get("options") or ())
        return tuple(place for number, one in options for place in _places_of_one(one, ("options", number)))
    raise UnknownDetailsError("has an instanceType that is not known")


def missing_sources(details: Details | None) -> tuple[str, ...]:
    """Why instances may be launched with other volumes than the places say, as predicates; empty if they can't.

    What they boot from may be named when they are launched. Raises UnknownDetailsError as above.
    """
    key_places(details)
    details = details or {}
    launches = [details] if details["instanceType"] == ONE else details.get("options") or ()
    if not launches:
        return ("has no options",)
    missing = any(not (one.get("launchDetails") or {}).get("sourceDetails") for one in launches)
    return ("does not name what instances boot from, so whoever launches one does",) if missing else ()


def keys_of(details: Details | None) -> tuple[str | None, ...]:
    """The keys that volumes are created with, each once; None stands for the Oracle-managed one. Raises as above."""
    return tuple(dict.fromkeys(place.kms_key_id for place in key_places(details)))


def with_key(details: Details, kms_key_id: str | None) -> dict[str, Any]:
    """The same details, with this key in each place, and all else as it is. None: no place names a key.

    Raises as above.
    """
    places = key_places(details)
    changed: dict[str, Any] = copy.deepcopy(dict(details))
    for place in places:
        holder: Any = changed
        for part in place.path:
            holder = holder[part]
        if kms_key_id is None:
            holder.pop("kmsKeyId", None)
        else:
            holder["kmsKeyId"] = kms_key_id
    return changed


def _places_of_one(details: Details, path: tuple[str | int, ...]) -> Iterator[KeyPlace]:
    source = (details.get("launchDetails") or {}).get("sourceDetails") or {}
    if source.get("sourceType") == "image":
        yield KeyPlace((*path, "launchDetails", "sourceDetails"), "boot_volume", source.get("kmsKeyId") or None)
    elif source.get("sourceType") not in (None, "bootVolume"):
        raise UnknownDetailsError("has a sourceType that is not known")
    for number, volume in enumerate(details.get("blockVolumes") or ()):
        created = volume.get("createDetails")
        if created is not None:
            yield KeyPlace((*path, "blockVolumes", number, "createDetails"), "volume", created.get("kmsKeyId") or None)
