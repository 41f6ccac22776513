# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Answers as records, which have the fields of the SDK's models, or the reason why an answer is none. Pure.

What a service answers is read with distrust: not too much of it, it has to be of the shape that its operation
documents, and what a terminal would obey in its texts, or what can't be seen, is written out.

The SDK reads a body of any size. It takes some 80 µs to make a model of a volume, three quarters of what a list of a
hundred costs, and a value that it does not know of becomes ``UNKNOWN_ENUM_VALUE``. It takes a body that is no JSON for
text, makes an object without any value of it, or of text with n characters a list of n such objects, and leaves a list
where text should be; an empty body becomes an empty list.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from .._common.text import all_visible, visible

_Converter = Callable[[Any], Any]
# The fields of a record while they have no values, and by their names in the answer what they are called and made of.
_Plan = tuple[dict[str, None], dict[str, tuple[str, _Converter]]]
_CONTAINER = re.compile(r"(list)\[(.*)\]|(dict)\([^,]*, (.*)\)")

MOST_BYTES = 32 * 1024 * 1024
"""The largest body that is read: ten times what a full page of resources with all the tags they may have takes."""

# Ten times what any text may have that the services answer here.
_LONGEST_TEXT = 16 * 1024
# Values that no model describes, such as those of tags, are nested no deeper than this.
_MOST_LEVELS = 8


class InvalidResponseError(Exception):
    """A success whose body is not what the operation answers: no JSON, cut off, too long, or JSON of another shape."""


class _UnexpectedValueError(Exception):
    """What is wrong with a value, as the end of a sentence that begins with what it is the value of."""


def bounded(stream: Callable[..., Iterator[bytes]]) -> Callable[..., Iterator[bytes]]:
    """The ``stream`` of a response that gives up on a body that is too long, before all of it is in memory."""

    def chunks(*args: Any, **kwargs: Any) -> Iterator[bytes]:
        size = 0
        for chunk in stream(*args, **kwargs):
            size += len(chunk)
            if size > MOST_BYTES:
                raise InvalidResponseError(f"the answer has more than {MOST_BYTES // 1024**2} MiB")
            yield chunk

    return chunks


class Record:
    """An object of an answer. A field that the answer does not have is None; one that the SDK does not know is none."""


class ResponseDecoder:
    """Makes records by the SDK's models. ``parse_time`` is for times in a form that is not the usual one."""

    def __init__(self, models: Mapping[str, Any], parse_time: Callable[[str], datetime]) -> None:
        self._models = models
        self._parse_time = parse_time
        self._converters: dict[str, _Converter] = {}

    def read(self, data: bytes, response_type: str) -> Any:
        """The body of a success. Raises InvalidResponseError where it is not what the operation answers."""
        try:
            value = _json(data)
            # GetVolumeKmsKey is documented to answer null where the key is Oracle-managed.
            if value is None and response_type.endswith("KmsKey"):
                return None
            self._expect_resources(value, response_type)
            return self._converter(response_type)(value)
        except _UnexpectedValueError as unexpected:
            raise InvalidResponseError(f"the answer was a success, but it {unexpected}") from unexpected

    def _expect_resources(self, value: Any, response_type: str) -> None:
        """What is asked for has an ID, and what is searched for comes as items; what these consist of may lack both."""
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
        model = self._models.get(type_name, str)  # the SDK has no types for enumerations, whose values are text
        if _field_names(model):
            return _ModelConverter(model, self._models, self._converter)
        if model is datetime:
            return self._time
        if model in (int, float):
            return _number(model)
        if model is bool:
            return _truth
        return _anything if model is object else _text

    def _time(self, value: Any) -> datetime:
        if not isinstance(value, str):
            raise _UnexpectedValueError("is not a time")
        try:
            return datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            pass
        try:
            return self._parse_time(_text(value))
        except (ValueError, OverflowError):
            raise _UnexpectedValueError("is not a time") from None


class _ModelConverter:
    """Makes records of one model of the SDK, or of the subtype that a row says it is."""

    def __init__(self, model: Any, models: Mapping[str, Any], converter: Callable[[str], _Converter]) -> None:
        self._model = model
        self._models = models
        self._converter = converter
        self._plans: dict[Any, _Plan] = {}

    def __call__(self, row: Any) -> Record:
        if not isinstance(row, dict):
            raise _UnexpectedValueError("is not an object")
        nothing, fields = self._plan_for(row)
        record = Record()
        values = record.__dict__
        values.update(nothing)
        for key, value in row.items():
            if value is not None and key in fields:
                name, convert = fields[key]
                try:
                    values[name] = convert(value)
                except _UnexpectedValueError as unexpected:
                    raise _UnexpectedValueError(f"has a {key} that {unexpected}") from unexpected
        return record

    def _plan_for(self, row: Any) -> _Plan:
        model = self._model
        if hasattr(model, "get_subtype"):
            try:
                model = self._models[model.get_subtype(row)]
            except (KeyError, TypeError):
                raise _UnexpectedValueError("does not say of what type it is") from None
        plan = self._plans.get(model)
        if plan is None:
            plan = self._plans[model] = self._plan(model)
        return plan

    def _plan(self, model: Any) -> _Plan:
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
    """Whether a row has what all rows of a model with fields of these names have."""
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
            return {_text(name): None if value is None else convert(value) for name, value in values.items()}
        except _UnexpectedValueError as unexpected:
            raise _UnexpectedValueError(f"has a value that {unexpected}") from unexpected

    return converted


def _text(value: Any) -> str:
    """As the SDK does, a number is taken for text; a list is not."""
    if isinstance(value, (dict, list)) or value is None:
        raise _UnexpectedValueError("is not text")
    text = value if isinstance(value, str) else str(value)
    if len(text) > _LONGEST_TEXT:
        raise _UnexpectedValueError("is too long")
    return text if text.isascii() and text.isprintable() else visible(text)


def _number(kind: Any) -> _Converter:
    def convert(value: Any) -> Any:
        try:
            return value if isinstance(value, kind) else kind(value)
        except (TypeError, ValueError, OverflowError):
            raise _UnexpectedValueError("is not a number") from None

    return convert


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _UnexpectedValueError("is neither true nor false")
    return value


def _anything(value: Any) -> Any:
    if _is_deeper(value, _MOST_LEVELS):
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
