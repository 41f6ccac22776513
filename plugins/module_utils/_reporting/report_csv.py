# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CSV of a report: its columns, and cells that are harmless where a spreadsheet opens them. Pure."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._common.text import visible
from .._model.rows import key_region
from .excuses import excused_by
from .failures import UNKNOWN, Failures
from .owners import owner_of
from .scope import compartment_paths

# A spreadsheet treats a cell that begins with one of these as a formula, also in their wide and small forms.
_FORMULA = tuple("=+-@")
# What a spreadsheet may skip before it.
_SKIPPED = " \u3000\"'"

CSV_COLUMNS = (
    "region",
    "type",
    "id",
    "display_name",
    "compartment_id",
    "compartment",
    "lifecycle_state",
    "encryption",
    "kms_key_id",
    "key",
    "time_created",
    "group_id",
    "asset_id",
    "policy_id",
    "destination_region",
    "source_id",
    "locked",
    "managed_by_paas",
    "read_by",
    "owner",
    "size_in_gbs",
    "key_state",
    "cis_not_met",
    "not_met",
    "unknown",
    "exceptions",
    "attached",
    "instances",
    "instance_ids",
    "freeform_tags",
    "defined_tags",
)


def cell(value: Any) -> str:
    """A value as a cell of a CSV table: never a formula when a spreadsheet opens it, wherever it splits it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ";".join(map(_disarmed, visible(str(value)).split(";")))


def _disarmed(text: str) -> str:
    """A part of a cell. Spreadsheets in many countries split a file at semicolons, taking quotation marks for text."""
    start = unicodedata.normalize("NFKC", text.lstrip(_SKIPPED)[:1])
    return f"'{text}" if start.startswith(_FORMULA) else text


def csv_table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A CSV table (RFC 4180) with every cell in quotation marks, and with the heads in the first line."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(heads)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def csv_text(report: Mapping[str, Any]) -> str:
    """The resources of a report as a table, with what else is known of their compartments, owners and keys.

    ``cis_not_met`` has the recommendations of the benchmark that a resource or its key does not meet, ``not_met`` these
    and the other checks, ``unknown`` those of which it is not known. A key that was not read has the state UNKNOWN.
    ``exceptions`` has the tickets of those that excuse the resource. ``attached`` is empty if nobody looked.
    """
    table = _Table(report)
    rows = map(table.row, report["resources"])
    return csv_table(CSV_COLUMNS, ([row.get(name) for name in CSV_COLUMNS] for row in rows))


class _Table:
    def __init__(self, report: Mapping[str, Any]) -> None:
        self._paths = compartment_paths(report["evidence"]["scanned"])
        self._owner_tag = report["owners"]["owner_tag"]
        self._keys = {key["id"]: key["display_name"] for key in report["keys"]}
        self._states = {(key["id"], key["region"]): key["lifecycle_state"] for key in report["keys"]}
        self._failures = Failures(report)
        self._excused = excused_by(report)

    def row(self, resource: Any) -> dict[str, Any]:
        not_met = self._failures.of(resource)
        state = self._states.get((resource["kms_key_id"], key_region(resource)))
        return {
            **resource,
            "compartment": self._paths.get(resource["compartment_id"]),
            "owner": None if self._owner_tag is None else owner_of(resource, self._owner_tag),
            "key": self._keys.get(resource["kms_key_id"]),
            "key_state": (state or "UNKNOWN") if resource["kms_key_id"] else None,
            "cis_not_met": " ".join(self._failures.recommendations(not_met)),
            "not_met": " ".join(not_met),
            "unknown": " ".join(self._failures.of(resource, UNKNOWN)),
            "exceptions": ", ".join(row["ticket"] for row in self._excused.get(resource["id"], ())),
            **_attachments(resource),
            "freeform_tags": _tags(resource["freeform_tags"]),
            "defined_tags": _tags(resource["defined_tags"]),
        }


def _attachments(resource: Mapping[str, Any]) -> dict[str, str]:
    attachments = resource.get("attachments")
    if not attachments:
        return {}
    instances = attachments["instances"]
    return {
        "attached": attachments["state"],
        "instances": ", ".join(one["display_name"] or "" for one in instances),
        "instance_ids": ", ".join(one["id"] for one in instances),
    }


def _tags(tags: Mapping[str, Any]) -> str:
    """Tags as JSON; nothing where there are none."""
    return json.dumps(tags, sort_keys=True, ensure_ascii=False) if tags else ""
