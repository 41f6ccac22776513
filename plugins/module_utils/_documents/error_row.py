# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a change failed, as result files, batch files and journals have it, and why a place could not be read."""

from __future__ import annotations

from typing import TypedDict

from .._model.rows import UnreadableRow
from .json_reader import JsonNode


class ErrorRow(TypedDict):
    """Why a change failed."""

    code: str | None
    message: str | None
    status: int | None
    opc_request_id: str | None
    hint: str | None


def parse_error(node: JsonNode) -> ErrorRow:
    return {
        "code": node.get("code").text_or_none(),
        "message": node.get("message").text_or_none(),
        "opc_request_id": node.get("opc_request_id").text_or_none(),
        "hint": node.get("hint").text_or_none(),
        "status": node.get("status").count_or_none(),
    }


def parse_unreadable(node: JsonNode) -> list[UnreadableRow]:
    return [
        {
            "region": place.get("region").text_or_none(),
            "compartment_id": place.get("compartment_id").text_or_none(),
            "resource_type": place.get("resource_type").text_or_none(),
            "code": place.get("code").text_or_none(),
            "status": place.get("status").count_or_none(),
            "message": place.get("message").text_or_none(),
            "hint": place.get("hint").text_or_none(),
        }
        for place in node.items()
    ]
