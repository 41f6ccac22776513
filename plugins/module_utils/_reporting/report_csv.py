# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CSV of a report: its columns, and cells that are harmless where a spreadsheet opens them. Pure."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._common.text import visible

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
    """The resources of a report as a table, with the names of their compartments and keys."""
    compartments = {row["id"]: row["name"] for row in report["evidence"]["scanned"]["compartments"]}
    keys = {key["id"]: key["display_name"] for key in report["keys"]}
    rows = (
        {
            **resource,
            "compartment": compartments.get(resource["compartment_id"]),
            "key": keys.get(resource["kms_key_id"]),
        }
        for resource in report["resources"]
    )
    return csv_table(CSV_COLUMNS, ([row.get(name) for name in CSV_COLUMNS] for row in rows))
