# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decodes responses into records, which have the fields of the SDK's models. Pure.

Responses are not trusted: their size is limited, their shape has to be the one that the operation documents, and
characters in strings that a terminal would obey, or that are invisible, are written as escapes.

The SDK's own decoding does none of this. It reads a body of any size, and takes some 80 µs to create the model of a
volume, three quarters of the cost of a list of a hundred. A value that it does not know becomes
``UNKNOWN_ENUM_VALUE``. Given invalid JSON, it treats the body as a string and builds an empty model from it, or for
list types one empty model per character; it also passes a list through where a string is expected. An empty body
becomes an empty list.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from .._common.text import all_visible, visible
from .._common.timestamps import parse_rfc3339

_Converter = Callable[[Any], Any]
# The empty fields of a record, and for each field's name in JSON its attribute's name and its converter.
_Fields = tuple[dict[str, None], dict[str, tuple[str, _Converter]]]
_CONTAINER = re.compile(r"(list)\[(.*)\]|(dict)\([^,]*, (.*)\)")

MAX_BYTES = 32 * 1024 * 1024
"""The largest body that is read: ten times a full page of resources with as many tags as they may have."""

# Ten times the longest string that the services used here may return.
_MAX_STRING_LENGTH = 16 * 1024
# The deepest nesting of values that no model describes, such as those of tags.
_MAX_DEPTH = 8


class InvalidResponseError(Exception):
    """A success whose body is invalid: not JSON, truncated, too large, or of another shape than documented."""


class _UnexpectedValueError(Exception):
    """What is wrong with a value, as the predicate of a sentence whose subject is the value."""


def bounded(stream: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
    """Wrap the ``stream`` of a response: raises InvalidResponseError for a body that is too large, before all of it is
    in memory.
    """

    def chunks(*args: Any, **kwargs: Any) -> Iterator[bytes]:
        size = 0
        for chunk in stream(*args, **kwargs):
            size += len(chunk)
            if size > MAX_BYTES:
                raise InvalidResponseError(f"the response is larger than {MAX_BYTES // 1024**2} MiB")
            yield chunk

    return chunks


class Record:
    """An object of a response. A field that the response lacks is None; a field that the SDK lacks does not exist."""


class ResponseDecoder:
    """Decodes records according to the SDK's models. ``parse_time`` is for timestamps in an unusual format."""

    def __init__(self, models: Mapping[str, Any], parse_time: Callable[[str], datetime]) -> None:
        self._models = models
        self._parse_time = parse_time
        self._converters: dict[str, _Converter] = {}

    def decode(self, data: bytes, response_type: str) -> Any:
        """The body of a success. Raises InvalidResponseError if it is not what the operation documents."""
        try:
            value = _json(data)
            # GetVolumeKmsKey is documented to return null if the key is Oracle-managed.
            if value is None and response_type.endswith("KmsKey"):
                return None
            self._expect_resources(value, response_type)
            return self._converter(response_type)(value)
        except _UnexpectedValueError as unexpected:
            raise InvalidResponseError(f"the request succeeded, but the response {unexpected}") from unexpected

    def _expect_resources(self, value: Any, response_type: str) -> None:
        """Require an id of a resource, and items of a search; nested objects may lack both."""
        container = _CONTAINER.fullmatch(response_type)
        if container is None:
            _expect_resource(value, _field_names(self._models.get(response_type)))
        elif isinstance(value, list):
            names = _field_names(self._models.get(container.group(2)))
            try:
                for row in value:
                    _expect_resource(row, names)
            except _UnexpectedValueError as unexpected:
                raise _UnexpectedValueError(f"has an item that {unexpected}") from unexpected

    def _converter(self, type_name: str) -> _Converter:
        converter = self._converters.get(type_name)
        if converter is None:
            converter = self._converters[type_name] = self._make_converter(type_name)
        return converter

    def _make_converter(self, type_name: str) -> _Converter:
        container = _CONTAINER.fullmatch(type_name)
        if container:
            if container.group(1):
                return _each(self._converter(container.group(2)))
            return _by_name(self._converter(container.group(4)))
        model = self._models.get(type_name, str)  # the SDK has no types for enumerations, whose values are strings
        if _field_names(model):
            return _ModelConverter(model, self._models, self._converter)
        if model is datetime:
            return self._time
        if model in (int, float):
            return _number(model)
        if model is bool:
            return _boolean
        return _any_value if model is object else _string

    def _time(self, value: Any) -> datetime:
        if not isinstance(value, str):
            raise _UnexpectedValueError("is not a timestamp")
        try:
            return parse_rfc3339(value)
        except ValueError:
            pass
        try:
            return self._parse_time(_string(value))
        except (ValueError, OverflowError):
            raise _UnexpectedValueError("is not a timestamp") from None


class _ModelConverter:
    """Decodes records of one model of the SDK, or of the subtype that a row states."""

    def __init__(self, model: Any, models: Mapping[str, Any], converter: Callable[[str], _Converter]) -> None:
        self._model = model
        self._models = models
        self._converter = converter
        self._fields: dict[Any, _Fields] = {}

    def __call__(self, row: Any) -> Record:
        if not isinstance(row, dict):
            raise _UnexpectedValueError("is not an object")
        empty, fields = self._fields_for(row)
        record = Record()
        values = record.__dict__
        values.update(empty)
        for key, value in row.items():
            if value is not None and key in fields:
                name, convert = fields[key]
                try:
                    values[name] = convert(value)
                except _UnexpectedValueError as unexpected:
                    raise _UnexpectedValueError(f"has a field {key} that {unexpected}") from unexpected
        return record

    def _fields_for(self, row: Any) -> _Fields:
        model = self._model
        if hasattr(model, "get_subtype"):
            try:
                model = self._models[model.get_subtype(row)]
            except (KeyError, TypeError):
                raise _UnexpectedValueError("does not state a known type") from None
        fields = self._fields.get(model)
        if fields is None:
            fields = self._fields[model] = self._fields_of(model)
        return fields

    def _fields_of(self, model: Any) -> _Fields:
        example = model()
        names: dict[str, str] = example.attribute_map
        types: dict[str, str] = example.swagger_types
        return dict.fromkeys(names), {key: (name, self._converter(types[name])) for name, key in names.items()}


def _json(data: bytes) -> Any:
    if not data.strip():
        raise _UnexpectedValueError("is empty")
    try:
        return json.loads(data.decode("utf-8"))
    except RecursionError:
        raise _UnexpectedValueError("is nested too deeply") from None
    except ValueError as error:  # UnicodeDecodeError is one, too
        raise _UnexpectedValueError("is not valid JSON") from error


def _expect_resource(row: Any, names: frozenset[str]) -> None:
    """Raise unless a row has what every row of a model with these fields has."""
    if names and not isinstance(row, dict):
        raise _UnexpectedValueError("is not an object")
    if "id" in names and not row.get("id"):
        raise _UnexpectedValueError("has no id")
    if "items" in names and row.get("items") is None:
        raise _UnexpectedValueError("has no items")


def _each(convert: _Converter) -> _Converter:
    def converted(rows: Any) -> list[Any]:
        if not isinstance(rows, list):
            raise _UnexpectedValueError("is not a list")
        try:
            return [None if row is None else convert(row) for row in rows]
        except _UnexpectedValueError as unexpected:
            raise _UnexpectedValueError(f"has an item that {unexpected}") from unexpected

    return converted


def _by_name(convert: _Converter) -> _Converter:
    def converted(values: Any) -> dict[str, Any]:
        if not isinstance(values, dict):
            raise _UnexpectedValueError("is not an object")
        try:
            return {_string(name): None if value is None else convert(value) for name, value in values.items()}
        except _UnexpectedValueError as unexpected:
            raise _UnexpectedValueError(f"has a value that {unexpected}") from unexpected

    return converted


def _string(value: Any) -> str:
    """A number is accepted as a string, as in the SDK; a list is not."""
    if isinstance(value, (dict, list)) or value is None:
        raise _UnexpectedValueError("is not a string")
    text = value if isinstance(value, str) else str(value)
    if len(text) > _MAX_STRING_LENGTH:
        raise _UnexpectedValueError("is too long")
    return text if text.isascii() and text.isprintable() else visible(text)


def _number(kind: Any) -> _Converter:
    def convert(value: Any) -> Any:
        try:
            return value if isinstance(value, kind) else kind(value)
        except (TypeError, ValueError, OverflowError):
            raise _UnexpectedValueError("is not a number") from None

    return convert


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _UnexpectedValueError("is not a boolean")
    return value


def _any_value(value: Any) -> Any:
    if _is_deeper(value, _MAX_DEPTH):
        raise _UnexpectedValueError("is nested too deeply")
    return all_visible(value)


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _is_deeper(item, levels - 1) for item in inner)


@functools.cache
def _field_names(model: Any) -> frozenset[str]:
    try:
        return frozenset(model().attribute_map.values())
    except (TypeError, AttributeError):  # None, int, datetime and their like
        return frozenset()
