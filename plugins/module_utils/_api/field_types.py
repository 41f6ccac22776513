# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of values that fields of a response may have. Each converter takes a JSON value, never null. Pure.

Converters raise UnexpectedValueError with a predicate, whose subject is the value. They guess nothing: a number is no
text, a boolean is no number, and a text is neither. Texts come out readable: characters that a terminal would obey, or
that are invisible, are written as escapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from .._common.text import all_visible, visible
from .._common.timestamps import parse_rfc3339
from .strict_json import UnexpectedValueError

Converter = Callable[[Any], Any]

# Ten times the longest string that the services used here may return.
_MAX_STRING_LENGTH = 16 * 1024
# The deepest nesting of values that no record describes, such as those of tags.
_MAX_DEPTH = 8
# The same of what is carried along: an image filter's tags in an option of a configuration are at 9.
_MAX_CARRIED_DEPTH = 16
_MAX_INTEGER = 2**63
# The longest OCID that the API accepts, and the form of all OCIDs, that of the tenancies of 2016 included.
_MAX_OCID_LENGTH = 255
_OCID = re.compile(r"[0-9A-Za-z_-]+[.:](?:[0-9A-Za-z_-]*[.:]){3,}[0-9A-Za-z_-]+")
# RFC 3339 section 5.6. Python before 3.11 reads only three or six digits of a second.
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")


def text(value: Any) -> str:
    """Any text, also an empty one."""
    if not isinstance(value, str):
        raise UnexpectedValueError("is not a string")
    if len(value) > _MAX_STRING_LENGTH:
        raise UnexpectedValueError("is too long")
    return value if value.isascii() and value.isprintable() else visible(value)


def word(value: Any) -> str:
    """A text that is not empty, such as a lifecycle state."""
    if not text(value).strip():
        raise UnexpectedValueError("is empty")
    return text(value)


def ocid(value: Any) -> str:
    """An OCID, of whatever type. What is one in form is harmless in a path and in a message."""
    if not isinstance(value, str):
        raise UnexpectedValueError("is not a string")
    if len(value) > _MAX_OCID_LENGTH or _OCID.fullmatch(value) is None:
        raise UnexpectedValueError("is not an OCID")
    return value


def ocid_if_any(value: Any) -> str | None:
    """An OCID; None for an empty text, which for a key means the Oracle-managed one (oci_semantics.md fact 9)."""
    return None if isinstance(value, str) and not value else ocid(value)


def key_if_any(value: Any) -> str | None:
    """The OCID of a master encryption key; None for an empty text, as above."""
    key = ocid_if_any(value)
    if key is not None and not key.lower().startswith("ocid1.key."):
        raise UnexpectedValueError("is not the OCID of a key")
    return key


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise UnexpectedValueError("is not a boolean")
    return value


def integer(value: Any) -> int:
    """A whole number, also one that is written as 50.0, as JSON has only one kind of number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise UnexpectedValueError("is not a number")
    if value != int(value) or abs(value) > _MAX_INTEGER:
        raise UnexpectedValueError("is not a whole number")
    return int(value)


def time(value: Any) -> datetime:
    """A time in UTC, of what RFC 3339 allows and nothing else."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise UnexpectedValueError("is not a timestamp")
    day, clock, fraction, zone = found.groups()
    try:
        return parse_rfc3339(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{zone}").astimezone(timezone.utc)
    except (ValueError, OverflowError):  # the 31st of February, the year 0, 1 January of the year 1 in Asia
        raise UnexpectedValueError("is not a timestamp") from None


def tags(value: Any) -> dict[str, str]:
    """Free-form tags: texts by name."""
    return _by_name(value, text)


def defined_tags(value: Any) -> dict[str, dict[str, Any]]:
    """Defined tags: by namespace, and by name any value."""
    return _by_name(value, lambda namespace: _by_name(namespace, anything))


def anything(value: Any) -> Any:
    """A value that no documentation describes."""
    if _is_deeper(value, _MAX_DEPTH):
        raise UnexpectedValueError("is nested too deeply")
    return all_visible(value)


def by_name(value: Any) -> dict[str, Any]:
    """An object whose members no documentation describes."""
    return _by_name(value, anything)


def untouched(check: Converter) -> Converter:
    """A converter of what has to be handed back as it came, once ``check`` has found nothing odd in it.

    Its texts are not made readable, so none of them may be shown.
    """

    def convert(value: Any) -> Any:
        check(value)
        if _is_deeper(value, _MAX_CARRIED_DEPTH):
            raise UnexpectedValueError("is nested too deeply")
        return value

    return convert


def ocids(value: Any) -> list[str]:
    return _each(value, ocid)


def list_of(convert: Converter) -> Converter:
    """A converter of lists whose items are not null."""
    return lambda value: _each(value, convert)


def _each(value: Any, convert: Converter) -> list[Any]:
    if not isinstance(value, list):
        raise UnexpectedValueError("is not a list")
    try:
        return [convert(item) for item in value]
    except UnexpectedValueError as unexpected:
        raise UnexpectedValueError(f"has an item that {unexpected}") from unexpected


def _by_name(value: Any, convert: Converter) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnexpectedValueError("is not an object")
    try:
        return {text(name): None if item is None else convert(item) for name, item in value.items()}
    except UnexpectedValueError as unexpected:
        raise UnexpectedValueError(f"has a value that {unexpected}") from unexpected


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _is_deeper(item, levels - 1) for item in inner)
