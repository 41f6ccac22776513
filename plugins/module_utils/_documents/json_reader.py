# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Files that a report is made from, read with distrust. Raises InputError, naming file, place and fault."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from .._common.errors import InputError

MOST_BYTES = 256 * 1024 * 1024
"""The largest file that is read: some 200,000 resources."""

_SHOWN_LENGTH = 60


def read_json(path: Path) -> JsonNode:
    """The content of a JSON file, to be asked piece by piece."""
    return parse_json(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """All of a file that is not too large."""
    try:
        # Without blocking, since a named pipe would keep the task waiting for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError(f"{str(path)!r} is not a file; give one that a module of this collection wrote")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{str(path)!r} can't be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise InputError(f"{str(path)!r} has more than {MOST_BYTES // 1024**2} MiB, and is not read")
    return content


def parse_json(content: bytes, name: str) -> JsonNode:
    """The same for the content of a file called ``name``."""
    try:
        return JsonNode(json.loads(content, parse_constant=_refuse_constant), name)
    except RecursionError as error:
        raise InputError(f"{name!r} is nested too deeply to be a file of this collection") from error
    except ValueError as error:  # not JSON, not UTF-8, or a number of thousands of digits
        raise InputError(f"{name!r} is not JSON: {error}") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a value of JSON")


class JsonNode:
    """A value of such a file, with its name and place for the error. What is asked of it has to be so."""

    def __init__(self, value: Any, file: str, place: str = "") -> None:
        self.value = value
        self._file = file
        self._place = place

    def get(self, name: str) -> JsonNode:
        """A member of an object; null where it is absent."""
        return JsonNode(self.mapping().get(name), self._file, f"{self._place}.{name}" if self._place else name)

    def mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, dict):
            self.fail("an object is expected")
        return self.value

    def items(self) -> list[JsonNode]:
        """The items of a list; none where it is absent or null."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            self.fail("a list is expected")
        return [JsonNode(item, self._file, f"{self._place}[{index}]") for index, item in enumerate(self.value)]

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value:
            self.fail("text is expected")
        return self.value

    def text_or_none(self) -> str | None:
        if self.value is None or self.value == "":
            return None
        return self.text()

    def texts(self) -> list[str]:
        return [item.text() for item in self.items()]

    def flag(self, default: bool = False) -> bool:
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            self.fail("true or false is expected")
        return self.value

    def count(self, default: int = 0) -> int:
        found = self.count_or_none()
        return default if found is None else found

    def count_or_none(self) -> int | None:
        if self.value is None:
            return None
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.fail("a whole number is expected")
        return self.value

    def one_of(self, *words: str) -> str:
        if self.value not in words:
            self.fail(f"one of {', '.join(words)} is expected")
        return str(self.value)

    def fail(self, problem: str) -> NoReturn:
        if self.value is None:
            raise InputError(f"{self._file!r}: {self._place or 'it'} is missing, but {problem}")
        shown = json.dumps(self.value) if not isinstance(self.value, (dict, list)) else type(self.value).__name__
        shown = shown if len(shown) <= _SHOWN_LENGTH else f"{shown[:_SHOWN_LENGTH]}..."
        raise InputError(f"{self._file!r}: {self._place or 'it'} is {shown}, but {problem}")

    def expect_format(self, name: str, version: int) -> None:
        """That it is a file of this format, in the version that is known here."""
        if self.mapping().get("format") != name:
            raise InputError(f"{self._file!r} is not of format {name}: it says {self._short(self.value.get('format'))}")
        if self.value.get("version") != version:
            raise InputError(
                f"{self._file!r} is of version {self._short(self.value.get('version'))} of its format, but this "
                f"collection knows version {version}: it was written by another version of the collection"
            )

    @staticmethod
    def _short(value: Any) -> str:
        if isinstance(value, (dict, list)):
            return type(value).__name__
        return json.dumps(value)[:_SHOWN_LENGTH]
