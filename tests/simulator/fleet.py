# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the fleet file holds, checked with messages that say where and what."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml


class FleetError(ValueError):
    """A mistake in a fleet file."""


def read(source: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, Any]:
    """The fleet from a YAML file or from a mapping."""
    if isinstance(source, Mapping):
        return dict(source)
    path = Path(source)
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FleetError(f"can't read the fleet file {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise FleetError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(loaded, dict):
        raise FleetError(f"{path} must be a mapping at the top")
    return loaded


class Entry:
    """One mapping of the fleet file, whose every key has to be asked for: what is left over is a mistake."""

    def __init__(self, where: str, data: Mapping[str, Any]) -> None:
        self.where = where
        self._data = dict(data)

    def error(self, message: str) -> FleetError:
        return FleetError(f"{self.where}: {message}")

    def take(self, name: str, default: Any = None) -> Any:
        return self._data.pop(name, default)

    def copy(self) -> Entry:
        return Entry(self.where, self._data)

    def rest(self) -> dict[str, Any]:
        """Takes all that is left."""
        data, self._data = self._data, {}
        return data

    def has(self, name: str) -> bool:
        return name in self._data

    def text(self, name: str, default: str | None = None) -> str:
        value = self.take(name, default)
        if not isinstance(value, str) or not value:
            raise self.error(f"{name} must be a text" + ("" if value is not None else ", and it is missing"))
        return value

    def optional(self, name: str) -> str | None:
        value = self.take(name)
        if value is not None and (not isinstance(value, str) or not value):
            raise self.error(f"{name} must be a text or null, not {value!r}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise self.error(f"{name} must be true or false, not {value!r}")
        return value

    def integer(self, name: str, default: int, least: int = 1) -> int:
        value = self.take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.error(f"{name} must be a whole number from {least} on, not {value!r}")
        return value

    def choice(self, name: str, default: str, values: tuple[str, ...]) -> str:
        value = self.take(name, default)
        if value not in values:
            raise self.error(f"{name} can't be {value!r}; it takes: {', '.join(values)}")
        return str(value)

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.take(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.error(f"{name} must be a mapping, not {value!r}")
        return value

    def rows(self, name: str) -> list[Any]:
        value = self.take(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(f"{name} must be a list, not {value!r}")
        return value

    def entries(self, name: str) -> Iterator[Entry]:
        """The list's mappings; a plain text in it stands for `{name: text}`."""
        for number, row in enumerate(self.rows(name), 1):
            data = {"name": row} if isinstance(row, str) else row
            if not isinstance(data, dict):
                raise self.error(f"{name}[{number}] must be a mapping, not {row!r}")
            label = data.get("name")
            yield Entry(f"{name}[{number}]" + (f" ({label})" if label else ""), data)

    def done(self) -> None:
        if self._data:
            raise self.error(f"unknown: {', '.join(sorted(map(str, self._data)))}")

    def series(self, name: str = "name") -> Iterator[str]:
        """The names of a `count` of things: `db-{n}` with `count: 3` is db-1, db-2, db-3."""
        pattern = self.text(name)
        count = self.integer("count", 1, least=0)
        if count == 1 and "{" not in pattern:
            yield pattern
            return
        if "{n" not in pattern:
            raise self.error("with count, name must hold {n}")
        for number in range(1, count + 1):
            try:
                yield pattern.format(n=number)
            except (KeyError, ValueError, IndexError) as error:
                raise self.error(f"{pattern!r} is not a pattern for a name, write it as db-{{n}}") from error
