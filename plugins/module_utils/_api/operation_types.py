# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operation of OCI is, and a request for one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from .._model.regions import RegionTable
from .record_types import RecordType


@dataclass(frozen=True)
class Relation:
    """What has to be equal: a field of each record, and an argument of the question or a member of its body.

    It is not looked at where the question did not have the argument, or had ``lifted_by``. With ``may_lack``, the
    record need not have the field. ``or_types`` are OCID types of which the field may be another value.
    """

    field: str
    argument: str
    lifted_by: str = ""
    may_lack: bool = False
    or_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One operation; ``name`` is "UpdateVolumeKmsKey". ``arguments`` are those given by position, the OCID in the
    ``path`` first; ``query`` and ``headers`` have names of the wire.

    ``record`` is the type of the answer, or of each row of it where ``is_list``; None if there is no body. The rows of
    Search are in a member ``items``. ``ocid_types`` are the types that a record's ``id`` may have; empty: any.
    """

    service: str
    method: str
    path: str
    name: str = ""
    arguments: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    has_body: bool = False
    record: RecordType | None = None
    is_list: bool = False
    items: str | None = None
    ocid_types: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()


class ServiceRegion(NamedTuple):
    """The region whose service is asked, by its long name, among the regions that are known."""

    name: str
    known: RegionTable

    @property
    def realm(self) -> str:
        return self.known.realms[self.name]


class Request(NamedTuple):
    """One call, ready to be signed. ``asked`` has the arguments by their names in Python, and the members of the body.

    ``headers`` are those of the operation only, in lower case. ``here`` is None where the region is not known.
    """

    operation: Operation
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    asked: Mapping[str, Any]
    here: ServiceRegion | None = None


@cache
def in_python(name: str) -> str:
    """``compartmentId`` and ``if-match`` are ``compartment_id`` and ``if_match`` in Python."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).replace("-", "_")
