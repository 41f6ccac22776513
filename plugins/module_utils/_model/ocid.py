# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parses OCIDs: type, realm, region. Pure: no I/O, no SDK.

The syntax is ``ocid1.<type>.<realm>.[region][.future use].<unique id>``
(https://docs.oracle.com/en-us/iaas/Content/General/Concepts/identifiers.htm); see ``oci_semantics.md`` section 7.
The region inside an OCID is where a resource was made. A replicated key keeps its OCID in every region.

Tenancies made in 2016 have ids of an older form, ``ocidv1:tenancy:<realm>:<region>:<number>:<unique id>``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .._common.errors import InputError
from .._common.text import either, quote, shorten, with_article
from .regions import RegionTable
from .resource_types import ASSIGNMENT, RESOURCE_TYPES

MAX_LENGTH = 255
"""Longest OCID, in characters, that the API accepts."""

_MIN_PARTS, _MAX_PARTS = 5, 7
_SHAPE = "ocid1.<type>.<realm>.[region].<unique id>"
PREFIXES = ("ocid1.", "ocidv1:")
"""What OCIDs begin with: a version, and the separator of the parts."""

_FORBIDDEN = {".": re.compile(r"[^0-9A-Za-z_.-]"), ":": re.compile(r"[^0-9A-Za-z_:-]")}

_OTHER_WORDS: Mapping[str, str] = {
    "volumebackuppolicy": "backup policy",
    "blockvolumereplica": "block volume replica",
    "bootvolumereplica": "boot volume replica",
    "volumegroupreplica": "volume group replica",
    "key": "key",
    "keyversion": "key version",
    "vault": "vault",
    "vaultsecret": "secret",
    "tenancy": "tenancy",
    "compartment": "compartment",
    "user": "user",
    "group": "group",
    "dynamicgroup": "dynamic group",
    "policy": "IAM policy",
    "instance": "compute instance",
    "cluster": "cluster",
    "image": "image",
    "bucket": "bucket",
    "coreservicesworkrequest": "work request",
}
"""Other OCID types that a user of this collection may come across, in words; of replicas, which sort it is."""

_ALIASES: Mapping[str, str] = {
    # names of types, in documentation of OCI and in results, that are not in the table of resource types
    "block_volume": "volume",
    "backup_policy": "volumebackuppolicy",
    "backup_policy_assignment": ASSIGNMENT,
}

_SUGGESTED = (
    "backup_policy",
    "block_volume_replica",
    "boot_volume_replica",
    "volume_group_replica",
    "key",
    "key_version",
    "vault",
    "tenancy",
    "compartment",
    "user",
    "instance",
)
"""The names besides resource types that the error about an unknown one lists."""


@dataclass(frozen=True)
class Ocid:
    """A syntactically valid OCID. ``value`` is what the user wrote, without surrounding blanks."""

    value: str
    type: str
    realm: str
    region_part: str
    future_use: str
    unique: str

    def __str__(self) -> str:
        return self.value

    @property
    def words(self) -> str:
        """The type as a user would call it ("boot volume"); an unknown type as it stands."""
        return words_for(self.type)

    def region(self, regions: RegionTable) -> str | None:
        """The long name of the region that the OCID names, or None if it names none or an unknown one."""
        return regions.region(self.region_part) if self.region_part else None


def parse(value: object) -> Ocid:
    """Read an OCID; blanks around it are dropped.

    Raises InputError, with the value and the problem, if it is not a syntactically valid OCID.
    """
    if not isinstance(value, str):
        raise InputError(f"{quote(value)} is not an OCID: it is of type {type(value).__name__}, but text is expected")
    text = value.strip()
    if not text:
        raise InputError(f"{quote(value[:8])} is not an OCID: it is empty")
    if len(text) > MAX_LENGTH:
        raise InputError(
            f"{quote(text)} is not an OCID: it has {len(text)} characters, {MAX_LENGTH} at most are allowed"
        )
    separator = ":" if text.lower().startswith("ocidv1:") else "."
    bad = _FORBIDDEN[separator].search(text)
    if bad is not None and text.lower().startswith(PREFIXES):
        raise InputError(
            f"{quote(text)} is not an OCID: {quote(bad.group())} at position {bad.start() + 1} is not allowed in it"
            + (" (is it a placeholder that was not filled in?)" if bad.group() in "<>{}$" else ". Copy the OCID again")
        )
    parts = text.split(separator)
    if bad is not None or f"{parts[0]}{separator}" not in PREFIXES or len(parts) < _MIN_PARTS:
        raise InputError(f"{quote(text)} is not an OCID: it must look like {_SHAPE}")
    if len(parts) > _MAX_PARTS:
        raise InputError(f"{quote(text)} is not an OCID: it has {len(parts)} parts, but it must look like {_SHAPE}")
    kind, realm, region_part = parts[1:4]
    future_use, unique = parts[4:-1], parts[-1]
    for name, part in (("type", kind), ("realm", realm), ("unique id", unique)):
        if not part:
            raise InputError(f"{quote(text)} is not an OCID: its {name} is empty, it must look like {_SHAPE}")
    if not all(future_use):
        raise InputError(f"{quote(text)} is not an OCID: the part before its unique id is empty")
    return Ocid(
        value=text,
        type=kind.lower(),
        realm=realm.lower(),
        region_part=region_part.lower(),
        future_use=separator.join(future_use),
        unique=unique,
    )


def region_part(ocid: str) -> str:
    """The name that an OCID of an answer has for its region; empty where it is of a form that is not known."""
    try:
        return parse(ocid).region_part
    except InputError:
        return ""


def is_tenancy(ocid: str) -> bool:
    """Whether it is the OCID of a tenancy, which is its root compartment."""
    return ocid.startswith(tuple(f"{prefix}tenancy{prefix[-1]}" for prefix in PREFIXES))


def expect_type(ocid: Ocid, *types: str) -> None:
    """Raise InputError ("is a volume backup, but a key is expected") unless the OCID is of one of these OCID types."""
    if ocid.type in types:
        return
    desired = list(dict.fromkeys(with_article(words_for(kind)) for kind in types))
    raise InputError(f"{_show_bare(ocid)} is {with_article(ocid.words)}, but {either(desired)} is expected")


def expect_realm(ocid: Ocid, realm: str, whose: str) -> None:
    """Raise InputError unless the OCID is of the realm, which is that of ``whose`` ("the volumes", "the tenancy")."""
    if ocid.realm != realm.lower():
        raise InputError(f"{_show_bare(ocid)} belongs to realm {ocid.realm}, {whose} to {realm.lower()}")


def expect_region(ocid: Ocid, regions: RegionTable) -> str:
    """The long name of the region that the OCID names.

    Raises InputError if it names none, an unknown one, or one of another realm than its own.
    """
    if not ocid.region_part:
        raise InputError(f"{_show_bare(ocid)} names no region, so the region that serves it is unknown")
    region = regions.expect(ocid.region_part, f"{_show_bare(ocid)} names")
    realm = regions.realms[region]
    if realm != ocid.realm:
        raise InputError(
            f"{_show_bare(ocid)} contradicts itself: it names realm {ocid.realm}, but {region} is in realm {realm}"
        )
    return region


def words_for(ocid_type: str) -> str:
    """An OCID type as a user would call it ("boot volume"); an unknown one as it stands."""
    row = RESOURCE_TYPES.by_ocid_type.get(ocid_type)
    return _OTHER_WORDS.get(ocid_type) or (row.singular if row is not None else ocid_type)


def ocid_types(name: str) -> tuple[str, ...]:
    """The OCID types for the name of a type; both ``bootvolume`` and ``boot_volume`` are accepted.

    Raises InputError, with the known names, if there is no such type.
    """
    key = name.strip().lower()
    row = RESOURCE_TYPES.get(_ALIASES.get(key, key))
    if row is not None:
        return row.ocid_types
    known = {*_OTHER_WORDS, *RESOURCE_TYPES.ocid_types}
    plain = _ALIASES.get(key, key).replace("_", "")
    if plain in known:
        return (plain,)
    listed = [*RESOURCE_TYPES.names, *_SUGGESTED]
    close = difflib.get_close_matches(key, [*listed, *sorted(known), *_ALIASES], n=1)
    guess = f" (did you mean {close[0]!r}?)" if close else ""
    raise InputError(f"{quote(name)} is not a type of OCID{guess}. The types are {', '.join(listed)}")


def _show_bare(ocid: Ocid) -> str:
    return shorten(ocid.value)
