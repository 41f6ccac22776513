# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options that modules share, and how they are validated. Pure: raises InputError for invalid values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._api.settings import CONNECTION_OPTIONS
from .._common.errors import InputError
from .._common.state_folder import expanded
from .._common.values import is_blank

RESULT_OPTIONS: dict[str, dict[str, Any]] = {
    "result": {"type": "str", "choices": ["all", "changed", "summary"], "default": "all"},
    "result_file": {"type": "path"},
}
"""Argument spec entries: what the result lists, and the file for all of it."""

KEY_CHECK_OPTIONS: dict[str, dict[str, Any]] = {
    "validate_key": {"type": "bool", "default": True},
    "multi_version_key": {"type": "str", "choices": ["warn", "fail"], "default": "warn", "no_log": False},
}
"""Argument spec entries: how keys are validated."""


def info_spec(**options: dict[str, Any] | None) -> dict[str, Any]:
    """The argument spec of a module that changes nothing: the shared options, and its own, which may replace them.

    None leaves a shared option out.
    """
    spec = {**RESULT_OPTIONS, **CONNECTION_OPTIONS, **options}
    return {name: option for name, option in spec.items() if option is not None}


def listed(options: Mapping[str, Any], name: str, remedy: str) -> list[str] | None:
    """The items of a list that restricts something, each once and without blanks; None if it is not set.

    A list that is set but empty is an error: it must not do more than a list with items. ``''`` arrives as a list with
    one blank item, and counts as not set.
    """
    given = options[name]
    if given is None or (len(given) == 1 and is_blank(given[0])):
        return None
    items = list(dict.fromkeys(str(item).strip() for item in given if not is_blank(item)))
    if not items:
        raise InputError(f"'{name}' is an empty list. {remedy}")
    return items


def writable_file(option: str, given: Any) -> Path | None:
    """The path of a file that is going to be written, validated before anything else is done; None if it is not set."""
    if is_blank(given):
        return None
    try:
        path = expanded(str(given))
    except InputError as error:
        raise InputError(f"'{option}': {error}") from None
    if path.is_dir():
        raise InputError(f"'{option}' is {str(path)!r}, which is a folder. Name a file in it")
    if not path.parent.is_dir():
        raise InputError(f"'{option}' is {str(path)!r}, but there is no folder {str(path.parent)!r}. Create it first")
    return path
