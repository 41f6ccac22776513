# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters by tags. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._common.text import visible

FreeformTags = Mapping[str, Any]
DefinedTags = Mapping[str, Mapping[str, Any]]


def has_tags(
    freeform: FreeformTags,
    defined: DefinedTags,
    wanted_freeform: FreeformTags | None,
    wanted_defined: DefinedTags | None,
) -> bool:
    """Whether a resource with these tags has all of the wanted ones. Names of defined tags have no case."""
    for name, value in (wanted_freeform or {}).items():
        if visible(name) not in freeform or _tag_value(freeform[visible(name)]) != _tag_value(value):
            return False
    if not wanted_defined:
        return True
    present = {
        (namespace.lower(), name.lower()): _tag_value(value)
        for namespace, tags in defined.items()
        for name, value in tags.items()
    }
    return all(
        present.get((namespace.lower(), name.lower())) == _tag_value(value)
        for namespace, tags in wanted_defined.items()
        for name, value in tags.items()
    )


def _tag_value(value: Any) -> str:
    """A tag's value in the form in which it is decoded: with invisible characters escaped."""
    return str(value).lower() if isinstance(value, bool) else visible(str(value))
