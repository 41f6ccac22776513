# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an answer belongs to its question: the one check that every record of every answer goes through. Pure.

An answer about another resource, a row of another compartment, a key that nobody asked for: whatever the reason, a
record like that says nothing about what was asked, so it is refused. What is compared stands with each operation
(``operation_table.py``); besides, a record's OCID has to be of a type that the operation has, and of the realm asked.
"""

from __future__ import annotations

from typing import Any

from .._common.text import either, shorten, visible, with_article
from .._model.ocid import words_for
from .operation_types import Operation, Request
from .strict_json import UnexpectedValueError

# What they have is of one region. A replicated key keeps its OCID in every region.
_LOCAL_SERVICES = frozenset({"block_volume", "compute_management", "container_engine"})


class AnswerCheck:
    """The check of the records of one answer."""

    def __init__(self, request: Request) -> None:
        operation = request.operation
        asked = request.asked
        self._operation = operation
        self._relations = [
            (relation, asked[relation.argument])
            for relation in operation.relations
            if asked.get(relation.argument) is not None and not asked.get(relation.lifted_by)
        ]
        here = request.here
        of_asked = next((realm for realm in map(_realm, asked.values()) if realm), "")
        self._realm = of_asked or (here.realm if here is not None else "")
        fields = tuple(operation.record.fields.values()) if operation.record is not None else ()
        self._ocid_fields = [field for field in fields if field.endswith("_id")] if self._realm else []
        self._list_fields = [field for field in fields if field.endswith("_ids")]
        self._region_fields = [field for field in fields if field == "destination_region"]
        self._source = asked.get(operation.arguments[0]) if _makes_another(operation) else None
        self._is_local = operation.service in _LOCAL_SERVICES and self._source is None
        self._here = here
        self._destination = asked.get("destinationRegion")

    def expect(self, record: Any) -> None:
        """Raise UnexpectedValueError, whose subject is the record, unless it belongs to the question."""
        for relation, asked in self._relations:
            found = getattr(record, relation.field)
            if found == asked or (found is None and relation.may_lack):
                continue
            if found is not None and _parts(found)[0] in relation.or_types:
                continue
            raise UnexpectedValueError(_difference(relation.field, found, asked))
        if self._operation.ocid_types:
            self._expect_id(record.id)
        for field in self._ocid_fields:
            found = getattr(record, field)
            # Splitting is enough for nearly all.
            if found and found.split(".", 3)[2:3] != [self._realm] and _parts(found)[1] not in ("", self._realm):
                raise UnexpectedValueError(
                    f"names the {_WORDS.get(field, field.replace('_', ' '))} {_shown(found)}, which is of realm"
                    f" {_parts(found)[1]}, not of {self._realm}"
                )
        for field in self._list_fields:
            for found in getattr(record, field) or ():
                self._expect_place(found, f"names the member {_shown(found)}")
        for field in self._region_fields:
            self._expect_region(getattr(record, field))

    def _expect_place(self, ocid: str, what: str) -> None:
        """That an OCID is of the realm asked and, where both are known, of the region asked."""
        _kind, realm, region = _parts(ocid)
        if self._realm and realm != self._realm:
            raise UnexpectedValueError(f"{what}, which is of realm {realm}, not of {self._realm}")
        if self._here is None or not self._is_local or not region:
            return
        there = self._here.known.at_hand(region)
        if there not in (None, self._here.name):
            raise UnexpectedValueError(f"{what}, which is of region {there}, not of {self._here.name}")

    def _expect_region(self, named: str | None) -> None:
        """That a region that the record names is of the service's realm. One that is not known may be a new one."""
        region = self._here.known.region(named) if named and self._here is not None else None
        if region is None or self._here is None:
            return
        realm = self._here.known.realms[region]
        if realm != self._here.realm:
            raise UnexpectedValueError(
                f"names the region {region}, which is of realm {realm}, not of {self._here.realm}"
            )

    def _expect_id(self, ocid: str) -> None:
        kind, _realm_part, region = _parts(ocid)
        types = self._operation.ocid_types
        if kind not in types:
            expected = either([with_article(words_for(each)) for each in types])
            raise UnexpectedValueError(f"has the id {_shown(ocid)}, which is not that of {expected}")
        self._expect_place(ocid, f"has the id {_shown(ocid)}")
        if self._source is None:
            return
        if ocid == self._source:
            raise UnexpectedValueError(f"is the source {_shown(ocid)} itself, not its copy")
        # A long name is compared with the one asked for; a short code, only with the source's own.
        there = str(self._destination)
        if region and (("-" in region and region != there) or region == _parts(self._source)[2]):
            raise UnexpectedValueError(f"has the id {_shown(ocid)}, which is of region {region}, not of {there}")


def _makes_another(operation: Operation) -> bool:
    return operation.name.startswith("Copy")


def _parts(ocid: str) -> tuple[str, str, str]:
    """Type, realm and region of an OCID, in lower case; also of the form of the tenancies of 2016."""
    separator = ":" if ocid.startswith("ocidv1:") else "."
    parts = [*ocid.lower().split(separator), "", "", ""]
    return (parts[1], parts[2], parts[3]) if parts[0] in ("ocid1", "ocidv1") else ("", "", "")


def _realm(value: Any) -> str:
    return _parts(value)[1] if isinstance(value, str) else ""


def _difference(field: str, found: Any, asked: Any) -> str:
    subject = "is about" if field == "id" else f"names the {_WORDS.get(field, field.replace('_', ' '))}"
    return f"{subject} {_shown(found)}, but {_shown(asked)} was asked for"


_WORDS = {
    "compartment_id": "compartment",
    "asset_id": "asset",
    "policy_id": "policy",
    "key_id": "key",
    "kms_key_id": "key",
    "instance_configuration_id": "instance configuration",
    "cluster_id": "cluster",
    "source_volume_backup_id": "source",
    "source_boot_volume_backup_id": "source",
    "source_volume_group_backup_id": "source",
}


def _shown(value: Any) -> str:
    return "none" if value is None else visible(shorten(str(value)))
