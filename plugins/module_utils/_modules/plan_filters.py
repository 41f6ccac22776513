# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters of the modules that plan, strictly: a blank or unreadable one would let more through than intended.

So here a blank is an error, while elsewhere it counts as not set. Roles leave out what their users left blank. Pure:
raises InputError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timezone
from typing import Any

from .._api.settings import CONNECTION_OPTIONS
from .._common.errors import InputError
from .._common.text import quote
from .._common.timestamps import parse_rfc3339, rfc3339
from .._common.values import is_blank
from .._model.ocid import expect_realm, expect_type, parse
from .._model.resource_types import RESOURCE_TYPES
from .options import KEY_CHECK_OPTIONS

# What neither says which resources are planned nor what was approved. Options with choices can't be blank.
_NO_FILTERS = {*CONNECTION_OPTIONS, *KEY_CHECK_OPTIONS, "kms_key_ids", "progress_file", "exceptions"}
# What says nothing of what is planned, but is looked for afterwards.
_TEXTS = {"keys_file", "run_id", "approved_by", "change_ticket"}

_EXCLUDABLE = (
    *RESOURCE_TYPES.changeable.ocid_types,
    *RESOURCE_TYPES.assets.ocid_types,
    *RESOURCE_TYPES.groups.ocid_types,
)


def expect_no_blanks(options: Mapping[str, Any]) -> None:
    """Raise InputError for a filter that is set, but blank or empty, as a whole or in a part of it."""
    for name, value in options.items():
        if value is None or name in _NO_FILTERS:
            continue
        for place, part in _parts(name, value):
            if is_blank(part) or part in ([], {}):
                if name in _TEXTS:
                    raise InputError(f"{place} is blank. Give it a value, or leave it out")
                raise InputError(f"{place} is blank. Give it a value, or omit '{name}' to apply no filter")


def _parts(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value and all values in it, with the names in mappings; each with its place, as messages show it."""
    yield f"'{place}'", value
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _parts(f"{place}[{index}]", item)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield f"A name in '{place}'", name
            yield from _parts(f"{place}.{name}", "" if item is None else item)


def keys_to_leave(options: Mapping[str, Any], tenancy: str | None) -> list[str] | None:
    """``from_kms_key_ids``: OCIDs of keys; None if they are not set."""
    return _ocids(options, "from_kms_key_ids", ("key",), tenancy)


def excluded_ids(options: Mapping[str, Any], tenancy: str | None) -> list[str]:
    """``exclude_ids``: OCIDs of what can be in a plan. Any other one would exclude nothing."""
    return _ocids(options, "exclude_ids", _EXCLUDABLE, tenancy) or []


def _ocids(options: Mapping[str, Any], name: str, types: tuple[str, ...], tenancy: str | None) -> list[str] | None:
    if options[name] is None:
        return None
    found = []
    for value in options[name]:
        try:
            ocid = parse(value)
            expect_type(ocid, *types)
            if tenancy:
                expect_realm(ocid, parse(tenancy).realm, "the tenancy")
        except InputError as error:
            raise InputError(f"'{name}': {error}") from error
        found.append(ocid.value)
    return found


def created_before(options: Mapping[str, Any]) -> str | None:
    """``created_before`` in UTC, in the format in which it is compared; None if it is not set."""
    given = options["created_before"]
    if given is None:
        return None
    try:
        time = parse_rfc3339(str(given).strip())
    except ValueError as error:
        raise InputError(
            f"'created_before' is {quote(given)}, which is not a date or time such as 2026-11-24 or "
            "2026-11-24T13:00:00Z"
        ) from error
    return rfc3339(time if time.tzinfo is not None else time.replace(tzinfo=timezone.utc), "seconds")


def freeform_tags(options: Mapping[str, Any]) -> dict[str, str] | None:
    """``freeform_tags``: a string for each name; None if they are not set."""
    given = options["freeform_tags"]
    return None if given is None else _tags("freeform_tags", given)


def defined_tags(options: Mapping[str, Any]) -> dict[str, dict[str, str]] | None:
    """``defined_tags``: a string for each name of each namespace; None if they are not set."""
    given = options["defined_tags"]
    if given is None:
        return None
    for namespace, tags in given.items():
        if not isinstance(tags, Mapping):
            raise InputError(
                f"'defined_tags.{namespace}' is {quote(tags)}, but the names and values of its tags are expected"
            )
    return {str(namespace): _tags(f"defined_tags.{namespace}", tags) for namespace, tags in given.items()}


def _tags(place: str, given: Mapping[Any, Any]) -> dict[str, str]:
    for name, value in given.items():
        if value is None or isinstance(value, (Mapping, list)):
            raise InputError(f"'{place}.{name}' is {quote(value)}, but a string is expected")
    return {str(name): value for name, value in given.items()}
