# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What a service answers, read with distrust: not too much of it, of the shape that its operation documents, and
nothing in it that a terminal would obey. Pure.

The SDK reads a body of any size, takes one that is no JSON for text, makes an object without any value of it, and
leaves a list or a number where text should be.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._report_text import all_visible

MOST_BYTES = 32 * 1024 * 1024
"""The largest body that is read: ten times what a full page of resources with all the tags they may have takes."""

# Ten times what any text may have that the services answer here.
_LONGEST_TEXT = 16 * 1024
# Values that no model describes, such as those of tags, are nested no deeper than this.
_MOST_LEVELS = 8

_LIST = re.compile(r"list\[(.*)\]")
_MAPPING = re.compile(r"dict\([^,]*, (.*)\)")


class GarbageError(Exception):
    """A success whose body is not what the operation answers: no JSON, cut off, too long, or JSON of another shape."""


def bounded(stream: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
    """The ``stream`` of a response that gives up on a body that is too long, before all of it is in memory."""

    def chunks(*args: Any, **kwargs: Any) -> Iterator[bytes]:
        size = 0
        for chunk in stream(*args, **kwargs):
            size += len(chunk)
            if size > MOST_BYTES:
                raise GarbageError(f"the answer has more than {MOST_BYTES // 1024**2} MiB")
            yield chunk

    return chunks


def fault_of(data: bytes, response_type: str, models: Mapping[str, Any]) -> str | None:
    """Why a body is not what the SDK's ``response_type`` says, or None. ``models`` are the SDK's, by their names."""
    if not data.strip():
        return "it is empty"
    try:
        value = json.loads(data)
    except RecursionError:
        return "it is nested too deeply"
    except ValueError:  # UnicodeDecodeError is one, too
        return "it is not valid JSON"
    # GetVolumeKmsKey is documented to answer null where the key is Oracle-managed.
    if value is None and response_type.endswith("KmsKey"):
        return None
    fault = _fault(value, response_type, models)
    return f"it {fault}" if fault else None


def harmless(data: bytes) -> bytes:
    """The same JSON, with each character in its texts written out that can't be seen, or that a terminal would obey."""
    if data.isascii() and b"\\" not in data:
        return data
    return json.dumps(all_visible(json.loads(data))).encode()


def _fault(value: Any, kind: str, models: Mapping[str, Any]) -> str | None:
    """What is wrong with a value of a type as the SDK writes it, such as ``list[Volume]`` or ``dict(str, object)``."""
    many, by_name = _LIST.fullmatch(kind), _MAPPING.fullmatch(kind)
    if many:
        if not isinstance(value, list):
            return "is not a list"
        faults = (_fault(item, many.group(1), models) for item in value)
        return next((f"has an item that {fault}" for fault in faults if fault), None)
    if by_name:
        if not isinstance(value, dict):
            return "is not an object"
        faults = (_fault(item, by_name.group(1), models) for item in value.values() if item is not None)
        return next((f"has a value that {fault}" for fault in faults if fault), None)
    model = models.get(kind)
    fields = _fields(model) if isinstance(model, type) else {}
    if fields:
        return _fault_of_model(value, fields, models)
    return _fault_of_plain(value, kind)


def _fault_of_model(value: Any, fields: Mapping[str, str], models: Mapping[str, Any]) -> str | None:
    if not isinstance(value, dict):
        return "is not an object"
    if "id" in fields and not value.get("id"):
        return "has no id"
    if "items" in fields and not isinstance(value.get("items"), list):
        return "has no items"
    for name, kind in fields.items():
        given = value.get(name)
        fault = None if given is None else _fault(given, kind, models)
        if fault:
            return f"has a {name} that {fault}"
    return None


def _fault_of_plain(value: Any, kind: str) -> str | None:
    if kind == "object":
        return "is nested too deeply" if _is_deeper(value, _MOST_LEVELS) else None
    if kind == "str":
        return "is not text" if not isinstance(value, str) else "is too long" if len(value) > _LONGEST_TEXT else None
    if kind == "bool":
        return None if isinstance(value, bool) else "is neither true nor false"
    return "is not one value" if isinstance(value, (dict, list)) else None


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _is_deeper(item, levels - 1) for item in inner)


@functools.cache
def _fields(model: Any) -> Mapping[str, str]:
    """The types of a model's fields, by their names on the wire; none where it is no model."""
    try:
        made = model()
        return {made.attribute_map[name]: kind for name, kind in made.swagger_types.items()}
    except (TypeError, AttributeError):  # int, datetime and their like
        return {}
