# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON that another process or person wrote, read with distrust.

Raises InputError naming the file, the place in it and the value that was found there.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from .._common.errors import InputError
from .._common.timestamps import parse_moment, rfc3339
from .._model.ocid import Ocid, expect_type, parse

MOST_BYTES = 256 * 1024 * 1024
"""The largest file that is read: some 200,000 resources."""

_SHOWN_LENGTH = 60
_TYPE = re.compile(r"[a-z_]{1,40}")


class UnknownOcidError(InputError):
    """An OCID of a form, or of a type, that is not known here: that concerns one resource, not the file."""


def read_json(path: Path) -> JsonNode:
    """The content of a JSON file."""
    return parse_json(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The content of a regular file of at most ``MOST_BYTES``."""
    content = _read(path, 0, MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"{str(path)!r} is larger than {MOST_BYTES // 1024**2} MiB, so it is not read")
    return content


def read_end(path: Path, most: int) -> bytes:
    """The last ``most`` bytes of a regular file, or all of it where it is shorter."""
    return _read(path, -most, most)


def _read(path: Path, start: int, most: int) -> bytes:
    """A part of a regular file, from ``start`` on, where a negative number counts from its end."""
    try:
        # Non-blocking, since opening a named pipe would wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise InputError(f"{str(path)!r} is not a regular file, but a pipe, a device or the like. Give a file")
            file.seek(start if start >= 0 else max(found.st_size + start, 0))
            return file.read(most)
    except OSError as error:
        raise InputError(f"{str(path)!r} can't be read: {error.strerror}") from error


def parse_json(content: bytes, name: str, line: int | None = None) -> JsonNode:
    """JSON text from the file ``name``, or from one ``line`` of it."""
    source = _source(name, line)
    try:
        return JsonNode(json.loads(content, parse_constant=_refuse_constant), name, line=line)
    except RecursionError as error:
        raise InputError(f"{source} is nested too deeply, so it is not read. Check what wrote it") from error
    except ValueError as error:  # not JSON, not UTF-8, or a number of thousands of digits
        raise InputError(f"{source} is not JSON: {_told(error)}. Check what wrote it") from error


def _told(error: ValueError) -> str:
    """Python advises to change the program for a long number."""
    return "it has a number of thousands of digits" if "int_max_str_digits" in str(error) else str(error)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a value of JSON")


def _source(name: str, line: int | None) -> str:
    return repr(name) if line is None else f"{name!r}, line {line}"


class JsonNode:
    """One value of a JSON file, with the name of the file and its place there for error messages.

    Each accessor checks the type of the value and raises InputError where it is another one.
    """

    def __init__(self, value: Any, file: str, place: str = "", line: int | None = None) -> None:
        self.value = value
        self._file = file
        self._place = place
        self._line = line

    def get(self, name: str) -> JsonNode:
        """A member of an object; null where it is absent."""
        place = f"{self._place}.{name}" if self._place else name
        return JsonNode(self.mapping().get(name), self._file, place, self._line)

    def mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, dict):
            self.expected("an object")
        return self.value

    def items(self) -> list[JsonNode]:
        """The items of a list; none where it is absent or null."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            self.expected("a list")
        return [
            JsonNode(item, self._file, f"{self._place}[{index}]", self._line) for index, item in enumerate(self.value)
        ]

    def text(self) -> str:
        """A string that is not empty."""
        if not isinstance(self.value, str) or not self.value:
            self.expected("a string")
        return self.value

    def text_or_none(self) -> str | None:
        if self.value is None or self.value == "":
            return None
        return self.text()

    def moment(self) -> str:
        """A time in RFC 3339 form, in UTC to the millisecond, so that later ones are greater."""
        try:
            return rfc3339(parse_moment(self.text()))
        except (ValueError, OverflowError):
            self.expected("a time such as 2026-11-24T01:00:00Z")

    def moment_or_none(self) -> str | None:
        return None if self.text_or_none() is None else self.moment()

    def texts(self) -> list[str]:
        return [item.text() for item in self.items()]

    def flag(self) -> bool:
        if self.value is None:
            return False
        if not isinstance(self.value, bool):
            self.expected("true or false")
        return self.value

    def flag_or_none(self) -> bool | None:
        return None if self.value is None else self.flag()

    def count(self) -> int:
        return self.count_or_none() or 0

    def count_or_none(self) -> int | None:
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.expected("a whole number")
        return self.value

    def one_of(self, *words: str) -> str:
        if self.value not in words:
            self.expected(f"one of {', '.join(words)}")
        return str(self.value)

    def ocid(self, *types: str) -> Ocid:
        """A syntactically valid OCID of one of these types."""
        text = self.text()
        try:
            ocid = parse(text)
            expect_type(ocid, *types)
        except InputError as error:
            raise UnknownOcidError(f"{self._where()}: {error}") from error
        return ocid

    def resource_type(self) -> str:
        """A resource type, known here or not: a word, since it is shown on pages and in tables."""
        name = self.text()
        if not _TYPE.fullmatch(name):
            self.expected("the name of a resource type")
        return name

    def key_or_none(self) -> str | None:
        """The OCID of a key; None for the Oracle-managed key, which files hold as null or an empty string."""
        return None if self.text_or_none() is None else self.ocid("key").value

    def texts_of(self, names: Iterable[str]) -> dict[str, str | None]:
        """Members that are strings or null, by their names."""
        return {name: self.get(name).text_or_none() for name in names}

    def expect_list(self, name: str, document: str) -> list[JsonNode]:
        """The items of the list ``name``, which a file of this kind (``document``) is known by."""
        if not isinstance(self.mapping().get(name), list):
            raise InputError(f"{self._source()} is not {document}: it has no list '{name}'")
        return self.get(name).items()

    def expected(self, what: str) -> NoReturn:
        """Raise InputError, since the value is missing or is not ``what``."""
        if self.value is None and self._place:
            kind = what.split(" ", 1)[1] if what.startswith(("a ", "an ")) else what
            raise InputError(f"{self._source()}: required field '{self._place}' ({kind}) is missing")
        raise InputError(f"{self._where()} is {_shown(self.value)}; expected {what}")

    def contradicted(self, fact: str) -> NoReturn:
        """Raise InputError, since the value contradicts ``fact``."""
        raise InputError(f"{self._where()} is {_shown(self.value)}, but {fact}")

    def fail(self, problem: str) -> NoReturn:
        """Raise InputError: the place, then ``problem``."""
        raise InputError(f"{self._where()} {problem}")

    def _source(self) -> str:
        return _source(self._file, self._line)

    def _where(self) -> str:
        return f"{self._source()}: field '{self._place}'" if self._place else self._source()

    def expect_format(self, name: str, version: int) -> None:
        """Raise InputError unless the file is of this format and version."""
        source = self._source()
        if self.mapping().get("format") != name:
            raise InputError(f"{source} is not of format {name}: its format is {_shown(self.value.get('format'))}")
        if self.value.get("version") != version:
            raise InputError(
                f"{source} is of version {_shown(self.value.get('version'))} of its format, but this version of the "
                f"collection reads version {version}. Use the version of the collection that wrote it"
            )


def _shown(value: Any) -> str:
    """A value as an error message shows it: in JSON's words, and never at any length."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    shown = json.dumps(value)
    return shown if len(shown) <= _SHOWN_LENGTH else f"{shown[:_SHOWN_LENGTH]}..."
