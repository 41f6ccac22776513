# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The exceptions file, YAML or JSON that a person wrote, read with distrust: exceptions.schema.json describes it.

YAML is read by PyYAML's parser, of which only the events are used: nothing in the file makes an object. Anchors,
aliases and tags are refused, as are duplicate names, and anything large or deep. Raises InputError.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from .._common.errors import InputError
from .._common.text import quote, readable, visible
from .._model.key_exceptions import KeyException, Selector
from .._model.resource_types import RESOURCE_TYPES
from .json_reader import JsonNode, read_bytes

FORMAT = "oci_keys.block_volume/exceptions"
VERSION = 1

MOST_BYTES = 1024 * 1024
MOST_EXCEPTIONS = 2000
_MOST_DEPTH = 12
_MOST_OCIDS = 1000
_MOST_TEXT = 1000

_FIELDS = ("match", "reason", "owner", "ticket", "expires")
_PARTS = ("resource_ids", "compartment_ids", "resource_types", "freeform_tags", "defined_tags")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def read_exceptions(path: Path) -> list[KeyException]:
    """The exceptions in a file: JSON if it begins as an object of JSON does, else YAML."""
    content = read_bytes(path)
    name = str(path)
    if len(content) > MOST_BYTES:
        raise InputError(f"{name!r} is larger than {MOST_BYTES // 1024} KiB, so it is not read. Use fewer exceptions")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name!r} is not UTF-8. Save it in UTF-8") from error
    root = JsonNode(_json(text, name) if text.lstrip()[:1] == "{" else _yaml(text, name), name)
    if root.value is None:
        raise InputError(f"{name!r} is empty. Write 'exceptions: []' if there are none")
    _expect_known(root, ("format", "version", "exceptions"))
    if root.get("format").value is not None:
        root.get("format").one_of(FORMAT)
    if str(root.get("version").value) != str(VERSION):
        root.get("version").expected(f"version {VERSION}")
    return _exceptions(root.expect_list("exceptions", "an exceptions file"))


def parse_exceptions(given: Sequence[Any], name: str) -> list[KeyException]:
    """The same from the list itself, as an option ``name`` has it."""
    value = json.loads(json.dumps(list(given), default=str))  # dates that YAML made are text again
    _expect_shallow(value, name)
    return _exceptions(JsonNode(value, name).items())


def _exceptions(nodes: Sequence[JsonNode]) -> list[KeyException]:
    if len(nodes) > MOST_EXCEPTIONS:
        nodes[0].fail(f"is one of {len(nodes):,}, but at most {MOST_EXCEPTIONS:,} exceptions are read")
    return [_exception(node, number) for number, node in enumerate(nodes, 1)]


def _exception(node: JsonNode, number: int) -> KeyException:
    _expect_known(node, _FIELDS)
    return KeyException(
        number=number,
        selector=_selector(node.get("match")),
        reason=_text(node.get("reason")),
        owner=_text(node.get("owner")),
        ticket=_text(node.get("ticket")),
        expires=_day(node.get("expires")),
    )


def _selector(node: JsonNode) -> Selector:
    _expect_known(node, _PARTS)
    if all(value is None for value in node.mapping().values()):
        node.fail(f"selects nothing: it needs at least one of {', '.join(_PARTS)}")
    return Selector(
        resource_ids=_list(node.get("resource_ids"), _resource),
        compartment_ids=_list(node.get("compartment_ids"), lambda item: item.ocid("compartment", "tenancy").value),
        resource_types=_list(node.get("resource_types"), lambda item: item.one_of(*RESOURCE_TYPES.with_key.names)),
        freeform_tags=_tags(node.get("freeform_tags")),
        defined_tags=_mapping(node.get("defined_tags"), lambda tags: _tags(tags) or tags.expected("an object of tags")),
    )


def _resource(node: JsonNode) -> str:
    return node.ocid(*RESOURCE_TYPES.ocid_types).value


def _list(node: JsonNode, read: Callable[[JsonNode], str]) -> tuple[str, ...] | None:
    """The items of a list that restricts something: it is left out, or has items."""
    if node.value is None:
        return None
    nodes = node.items()
    if not nodes:
        node.fail("is empty. Leave it out if it is not meant to select")
    if len(nodes) > _MOST_OCIDS:
        node.fail(f"has {len(nodes):,} items, but at most {_MOST_OCIDS:,} are read. Use several exceptions")
    return tuple(dict.fromkeys(map(read, nodes)))


def _tags(node: JsonNode) -> dict[str, str] | None:
    return _mapping(node, _text)


def _mapping(node: JsonNode, read: Callable[[JsonNode], Any]) -> dict[str, Any] | None:
    if node.value is None:
        return None
    if not node.mapping():
        node.fail("is empty. Leave it out if it is not meant to select")
    return {name: read(node.get(name)) for name in node.mapping()}


def _text(node: JsonNode) -> str:
    """Text of people, which may be a number, such as that of a ticket."""
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        node.expected("a string that is not empty")
    if len(value) > _MOST_TEXT:
        node.fail(f"has {len(value):,} characters, but at most {_MOST_TEXT:,} are read")
    return visible(" ".join(value.split()))


def _day(node: JsonNode) -> str:
    text = str(node.value)
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        date(*map(int, text.split("-")))
    except ValueError:
        node.expected("a date such as 2027-06-30")
    return text


def _expect_known(node: JsonNode, names: Sequence[str]) -> None:
    for name in node.mapping():
        if name not in names:
            node.fail(f"has a field {quote(name)}, which is unknown. The fields are {', '.join(names)}")


# -- JSON -----------------------------------------------------------------------------------------------------------


def _json(text: str, name: str) -> Any:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in found:
            if key in made:
                raise InputError(f"{name!r} has {quote(key)} twice in one object. Remove one of them")
            made[key] = value
        return made

    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"{name!r} begins as JSON, but is not JSON: {problem}") from error
    _expect_shallow(value, name)
    return value


def _expect_shallow(value: Any, name: str) -> None:
    level: list[Any] = [value]
    for _depth in range(_MOST_DEPTH):
        level = [
            item
            for each in level
            for item in (each.values() if isinstance(each, Mapping) else each if isinstance(each, list) else ())
        ]
        if not level:
            return
    raise InputError(f"{name!r} is nested deeper than {_MOST_DEPTH} levels, so it is not read")


# -- YAML -----------------------------------------------------------------------------------------------------------


def _yaml(text: str, name: str) -> Any:
    try:
        yaml = importlib.import_module("yaml")
    except ImportError as error:
        raise InputError(
            f"{name!r} is YAML, but the Python that runs this module has no PyYAML. Give the file as JSON, or the "
            "list itself"
        ) from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(name, yaml.parse(text, Loader=loader)).document()
    except yaml.YAMLError as error:
        # Not the whole message: it quotes the file.
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or "it can't be parsed"
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise InputError(f"{name!r}{where} is not YAML: {readable(problem, 200)}") from error


class _Builder:
    """Makes text, lists and mappings of the events of a parser: no dates, no numbers, no objects."""

    def __init__(self, name: str, events: Iterator[Any]) -> None:
        self._name = name
        self._events = events

    def document(self) -> Any:
        """The only document of the file; None where there is none."""
        found: list[Any] = []
        for event in self._events:
            kind = type(event).__name__
            if kind in ("StreamStartEvent", "StreamEndEvent", "DocumentStartEvent", "DocumentEndEvent"):
                continue
            if found:
                self._refuse(event, "has a second document. Use one")
            found.append(self._value(event, 1))
        return found[0] if found else None

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event).__name__
        if kind == "AliasEvent" or getattr(event, "anchor", None) is not None:
            self._refuse(event, "has an anchor or an alias. Write out what it stands for")
        if event.tag is not None:
            self._refuse(event, f"has the tag {quote(event.tag)}. Remove it")
        if kind == "ScalarEvent":
            return _scalar(event.value, is_plain=event.implicit[0])
        if depth > _MOST_DEPTH:
            self._refuse(event, f"is nested deeper than {_MOST_DEPTH} levels")
        return self._list(depth) if kind == "SequenceStartEvent" else self._mapping(depth)

    def _list(self, depth: int) -> list[Any]:
        found: list[Any] = []
        for event in self._events:
            if type(event).__name__ == "SequenceEndEvent":
                break
            found.append(self._value(event, depth + 1))
        return found

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._events:
            if type(event).__name__ == "MappingEndEvent":
                break
            if type(event).__name__ not in ("ScalarEvent", "AliasEvent"):
                self._refuse(event, "has a name that is not text")
            self._value(event, depth + 1)
            if event.value in found:
                self._refuse(event, f"has {quote(event.value)} twice. Remove one of them")
            found[event.value] = self._value(next(self._events), depth + 1)
        return found

    def _refuse(self, event: Any, problem: str) -> NoReturn:
        raise InputError(f"{self._name!r}, line {event.start_mark.line + 1}, {problem}")


def _scalar(text: str, *, is_plain: bool) -> str | None:
    """Text, or null: a date stays what was written."""
    return None if is_plain and text in ("", "~", "null", "Null", "NULL") else text
