# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of role variables, as playbooks and AWX give them. Pure: raises InputError for what is not valid.

AWX sends text for whatever is not an integer, and ``''`` for what was left blank. So each function takes the plain type
as well as text of some form, and a blank counts as not set before any of them is asked. What is set but holds nothing,
such as ``[]``, is an error: a filter must not be dropped because it came out empty.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from typing import Any

from .._common.errors import InputError
from .._common.state_folder import expanded
from .._common.text import quote
from .._common.timestamps import parse_rfc3339, rfc3339
from .._common.values import is_blank, parse_boolean
from .._model.names import is_name
from .._model.ocid import PREFIXES, expect_type, parse
from .._model.regions import RegionTable

_SEPARATORS = re.compile(r"[\s,;]+")
_ENTRIES = re.compile(r"[\n,;]+")


@dataclass(frozen=True)
class Variable:
    """How a role variable is read, its value if it is not set, and its documentation.

    ``type`` is that of the role's argument spec: ``str``, ``path``, or ``raw`` for what Ansible's validation would
    refuse though it can be read, such as an integer that a survey left blank. A secret is never shown, whatever its
    type.
    """

    read: Callable[[Any], Any]
    default: Any = None
    type: str = "raw"
    description: tuple[str, ...] = ()
    is_secret: bool = False


def read_variables(
    role: str, given: Mapping[str, Any], variables: Mapping[str, Variable]
) -> tuple[dict[str, Any], list[str]]:
    """The values of a role's variables by name without the role's prefix, and the problems found."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, variable in variables.items():
        value = given.get(f"{role}_{name}")
        values[name] = variable.default
        if is_blank(value):
            continue
        try:
            values[name] = variable.read(value)
        except InputError as error:
            problem = f"not valid: a string is expected, not a {type(value).__name__}" if variable.is_secret else error
            problems.append(f"{role}_{name}: {problem}")
    return values, problems


def text(value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple, bool)):
        raise InputError(f"{quote(value)} is not a string. Give text")
    return str(value).strip()


def boolean(value: Any) -> bool:
    parsed = parse_boolean(value)
    if parsed is None:
        raise InputError(f"{quote(value)} is neither true nor false. Give one of them")
    return parsed


def integer(least: int, most: int | None = None) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        number = str(value).strip()
        if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,18}", number):
            raise InputError(f"{quote(value)} is not an integer. Give one {_between(least, most)}")
        if int(number) < least or (most is not None and int(number) > most):
            raise InputError(f"{number} is out of range. Give an integer {_between(least, most)}")
        return int(number)

    return read


def _between(least: int, most: int | None) -> str:
    return f"of {least} or more" if most is None else f"from {least} to {most}"


def one_of(*allowed: str) -> Callable[[Any], str]:
    """One of these words, in any case."""
    known = {word.lower(): word for word in allowed}

    def read(value: Any) -> str:
        given = str(value).strip().lower()
        word = known.get(given)
        if word is None:
            close = difflib.get_close_matches(given, known, n=1)
            guess = f" (did you mean {known[close[0]]}?)" if close else ""
            raise InputError(f"{quote(value)} is not valid{guess}; choose one of: {', '.join(allowed)}")
        return word

    return read


def string_list(value: Any) -> list[str]:
    """The items of a list, or of text: JSON, YAML, or separated by commas, blanks or line breaks. Each item once."""
    items = value
    if isinstance(value, str):
        items = _structure(value) if value.lstrip().startswith(("[", "- ")) else _SEPARATORS.split(value)
    if not isinstance(items, (list, tuple)):
        items = [items]
    for item in items:
        if isinstance(item, (Mapping, list, tuple)):
            raise InputError(f"{quote(item)} is in the list where a string is expected. Give a list of strings")
    found = [str(item).strip() for item in items if not is_blank(item)]
    if not found:
        raise InputError(f"{quote(value)} is empty. Give a value, or unset it to apply no filter")
    return list(dict.fromkeys(found))


def path(value: Any) -> str:
    """The absolute path of a file: ansible-playbook's own folder is the user's, that of a task is the playbook's."""
    return os.path.abspath(expanded(text(value)))


def latest_or_path(value: Any) -> str:
    """The word ``latest``, or the absolute path of a file."""
    return "latest" if text(value) == "latest" else path(value)


def paths(value: Any) -> list[str]:
    """The absolute paths of files, whose names may have blanks: a list, or text separated by commas or line breaks."""
    names = (
        re.split(r"[,\n]+", value)
        if isinstance(value, str) and not value.lstrip().startswith("[")
        else string_list(value)
    )
    found = [name.strip() for name in names if name.strip()]
    if not found:
        raise InputError(f"{quote(value)} is set, but names no file. Name one, or unset it")
    return list(dict.fromkeys(map(path, found)))


def choices(*allowed: str) -> Callable[[Any], list[str]]:
    def read(value: Any) -> list[str]:
        return [one_of(*allowed)(word) for word in string_list(value)]

    return read


def ocid(*types: str) -> Callable[[Any], str]:
    """The OCID of a resource of one of these OCID types."""

    def read(value: Any) -> str:
        parsed = parse(value)
        expect_type(parsed, *types)
        return parsed.value

    return read


def ocids(*types: str) -> Callable[[Any], list[str]]:
    def read(value: Any) -> list[str]:
        return [ocid(*types)(word) for word in string_list(value)]

    return read


def named_ocid(*types: str) -> Callable[[Any], str]:
    """The OCID of a resource of one of these types, or its name, which the modules look up."""

    def read(value: Any) -> str:
        return value.strip() if is_name(value) else ocid(*types)(value)

    return read


def named_ocids(*types: str) -> Callable[[Any], list[str]]:
    def read(value: Any) -> list[str]:
        return [named_ocid(*types)(word) for word in string_list(value)]

    return read


def regions(table: RegionTable | None) -> Callable[[Any], list[str]]:
    """Names of regions, or ``['all']``. Without the SDK's table of regions, the modules validate them."""

    def read(value: Any) -> list[str]:
        names = list(dict.fromkeys(_region(word, table) for word in string_list(value)))
        if "all" in names and len(names) > 1:
            raise InputError("'all' can't be combined with names of regions. Remove one or the other")
        return names

    return read


def _region(name: str, table: RegionTable | None) -> str:
    if name.lower() == "all" or table is None:
        return name.lower()
    return table.expect(name, "it names")


def keys_by_region(table: RegionTable | None) -> Callable[[Any], dict[str, str]]:
    """A key for each region, from a dictionary, or text: JSON, YAML, or lines ``region=key``."""

    def read(value: Any) -> dict[str, str]:
        keys: dict[str, str] = {}
        for name, given in _pairs(value, _ENTRIES, "us-ashburn-1=ocid1.key.oc1.iad..., or us-ashburn-1=<vault>/<key>"):
            if is_blank(given):
                raise InputError(f"region {name} has no key. Give it one, or remove the region")
            region = _region(name, table)
            if region == "all":
                raise InputError("'all' is not a region. Name each region with its key")
            key = named_ocid("key")(given)
            if keys.setdefault(region, key) != key:
                raise InputError(f"{region} is set twice, with different keys. Remove one of them")
        return keys

    return read


def freeform_tags(value: Any) -> dict[str, str]:
    """Tags from a dictionary, or text: JSON, YAML, or lines ``name=value``."""
    return {name: _tag_value(name, content) for name, content in _pairs(value, re.compile(r"\n"), "owner=payments")}


def defined_tags(value: Any) -> dict[str, dict[str, str]]:
    """Tags by namespace, from a dictionary of dictionaries, or text: JSON, YAML, or lines ``namespace.name=value``."""
    tags: dict[str, dict[str, str]] = {}
    for name, content in _pairs(value, re.compile(r"\n"), "operations.owner=payments"):
        if isinstance(content, Mapping):
            for key, inner in content.items():
                tags.setdefault(name, {})[str(key).strip()] = _tag_value(f"{name}.{key}", inner)
            if not content:
                raise InputError(f"namespace {name} is set, but names no tag")
            continue
        namespace, dot, key = name.partition(".")
        if not dot or not namespace or not key:
            raise InputError(
                f"{quote(name)} has no namespace. Write <namespace>.<name>, such as operations.owner=payments"
            )
        tags.setdefault(namespace, {})[key] = _tag_value(name, content)
    return tags


def _tag_value(name: str, value: Any) -> str:
    if value is None or isinstance(value, (Mapping, list, tuple)):
        raise InputError(f"tag {name} is {quote(value)}, but a string is expected")
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def timestamp(value: Any) -> str:
    """A time in RFC 3339 format, in UTC, from a date or a time; without a time zone it is taken as UTC."""
    given = value
    if isinstance(given, str):
        try:
            given = parse_rfc3339(given.strip())
        except ValueError as error:
            raise InputError(
                f"{quote(value)} is not a date or time such as 2026-11-24 or 2026-11-24T13:00:00Z"
            ) from error
    if isinstance(given, date) and not isinstance(given, datetime):
        given = datetime.combine(given, time())
    if not isinstance(given, datetime):
        raise InputError(f"{quote(value)} is not a date or time")
    if given.tzinfo is None:
        given = given.replace(tzinfo=timezone.utc)
    return rfc3339(given, "seconds")


def _pairs(value: Any, separator: re.Pattern[str], example: str) -> list[tuple[str, Any]]:
    content = value
    if isinstance(value, str):
        content = _structure(value) if value.lstrip().startswith(("{", "[", "- ")) else _lines(value, separator)
    if isinstance(content, (list, tuple)) and all(isinstance(item, Mapping) for item in content):
        content = {name: item[name] for item in content for name in item}
    if not isinstance(content, Mapping):
        raise InputError(f"{quote(value)} {_without_pairs(value)}. Write a line such as {example}")
    if not content:
        raise InputError(f"{quote(value)} is empty. Give a value, or unset it")
    return [(str(name).strip(), inner) for name, inner in content.items()]


def _without_pairs(value: Any) -> str:
    """What is missing in a value that has no names with values."""
    words = value if isinstance(value, str) else " ".join(map(str, value)) if isinstance(value, (list, tuple)) else ""
    if words.strip().startswith(PREFIXES):
        return "is an OCID, but does not say what it is for, such as the region of a key"
    if re.match(r"\s*[\w.-]+\s*:\S", words):
        return "has ':' between a name and a value, where '=' is expected"
    return "does not give names with values"


def _lines(value: str, separator: re.Pattern[str]) -> Any:
    pairs: dict[str, str] = {}
    for line in separator.split(value):
        if not line.strip():
            continue
        name, sign, content = line.partition("=") if "=" in line else line.partition(": ")
        if not sign:
            return _structure(value)
        name = name.strip().strip("\"'")
        if name in pairs and pairs[name] != content.strip():
            raise InputError(f"{name} is set twice, with different values. Remove one of them")
        pairs[name] = content.strip().strip("\"'")
    return pairs


def _structure(value: str) -> Any:
    """The value of text in JSON or YAML."""
    try:
        return json.loads(value)
    except ValueError:
        pass
    import yaml  # only roles on the controller need it, not the modules

    try:
        return yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise InputError(f"{quote(value)} is neither valid JSON nor valid YAML") from error


def expect_single_realm(values: Sequence[str]) -> None:
    """Raise InputError unless all these OCIDs are of one realm."""
    realms = {parse(value).realm: value for value in values}
    if len(realms) > 1:
        (one, first), (other, second), *_more = realms.items()
        raise InputError(
            f"{first} is in realm {one}, {second} in realm {other}, and no tenancy is in both. Use the OCIDs of "
            "one tenancy"
        )
