# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shapes of recorded answers of the real service: names and types of fields and headers, no values.

``recorded_shapes.json`` has one for each exchange: what was asked, status, headers, and the fields of the body. A list
has the fields of all its rows together. A field's types are joined by ``|``; ``absent`` where some rows lack it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).with_name("recorded_shapes.json")
HEADERS = ("content-type", "etag", "opc-limit", "opc-request-id")
"""The headers that are compared. Whether there is another page depends on how much there is."""

MAPS = frozenset({"definedTags", "freeformTags", "systemTags", "additionalDetails", "identityContext"})
"""Fields whose names are data."""

Shape = Any


def recordings() -> Path | None:
    """The folder with the recorded exchanges themselves, which the project does not ship."""
    folders = (parent / "shared" / "field" for parent in Path(__file__).resolve().parents)
    return next((folder for folder in folders if folder.is_dir()), None)


def shape_of_exchange(exchange: dict[str, Any]) -> dict[str, Any]:
    request, response = exchange["request"], exchange["response"]
    body = json.loads(response["body"]) if response["body"] else None
    is_refusal = isinstance(body, dict) and "code" in body
    return {
        "ask": f"{request['method']} {_question(request['uri'])}",
        "status": response["status"],
        **({"code": body["code"]} if is_refusal else {}),
        "headers": sorted(name for name in response["headers"] if name in HEADERS),
        "body": shape(body),
    }


def _question(uri: str) -> str:
    """The service, the path and the parameters; OCIDs as the names of their types."""
    text = re.sub(r"ocid1\.([a-z]+)\.[^/&?]*", r"{\1}", uri.removeprefix("https://"))
    host, _slash, rest = re.sub(r"page=[^&]*", "page={token}", text).partition("/")
    service = "management" if "-management." in host else host.partition(".")[0]
    return f"{service} /{rest.replace('/?', '?')}"


def shape(value: Any) -> Shape:
    if isinstance(value, dict):
        return {name: "map" if name in MAPS else shape(item) for name, item in sorted(value.items())}
    if isinstance(value, list):
        return [_together(map(shape, value))]
    if value is None or isinstance(value, bool):
        return "null" if value is None else "flag"
    return "text" if isinstance(value, str) else "number"


def _together(shapes: Iterable[Shape]) -> Shape:
    """The shape of several values as one."""
    found = list(shapes)
    records = [one for one in found if isinstance(one, dict)]
    if records:
        names = sorted({name for record in records for name in record})
        return {name: _together(record.get(name, "absent") for record in records) for name in names}
    lists = [one for one in found if isinstance(one, list)]
    if lists:
        return [_together(item for one in lists for item in one)]
    return "|".join(sorted({one for text in found for one in text.split("|")}))


def differences(recorded: Shape, simulated: Shape, where: str = "") -> list[str]:
    """What the simulator lacks or has as another type. It may have more: the recordings are old."""
    if isinstance(recorded, dict) and isinstance(simulated, dict):
        return [
            line
            for name, inner in recorded.items()
            for line in (
                differences(inner, simulated[name], f"{where}.{name}" if where else name)
                if name in simulated
                else [f"{where}.{name}" if where else name]
            )
        ]
    if isinstance(recorded, list) and isinstance(simulated, list):
        return differences(recorded[0], simulated[0], f"{where}[]")
    if isinstance(recorded, str) and isinstance(simulated, str):
        one, other = (set(types.split("|")) - {"null", "absent", ""} for types in (recorded, simulated))
        return [f"{where}: {simulated}, not {recorded}"] if one and other and not one & other else []
    # A field that may be null, or a list that was empty.
    return [] if {"null", ""} & {str(recorded), str(simulated)} else [f"{where}: of another sort"]
