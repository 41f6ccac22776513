# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The regions that are known: those of this release, and for what they lack, those of the SDK and of the user."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from .._common.errors import InputError
from .._common.text import quote
from .._model.regions import RegionTable, released_regions
from .sdk import load, sdk_version

_REGIONS_FILE = "~/.oci/regions-config.json"
_FILES = (_REGIONS_FILE, "~/.oci/developer-tool-configuration.json")
_METADATA = "OCI_REGION_METADATA"
_FIELDS = ("realmKey", "realmDomainComponent", "regionKey", "regionIdentifier")
_VARIABLES = (_METADATA, "OCI_DEVELOPER_TOOL_CONFIGURATION_FILE_PATH")


def region_table(environment: Mapping[str, str]) -> RegionTable:
    """The regions that are known.

    If the user defines regions, in a file or a variable that the SDK reads, these are the SDK's tables. Otherwise the
    SDK is only loaded when a region is asked for that this release does not know.

    Raises InputError if what the user defines is invalid, or if the SDK that reads it can't be loaded.
    """
    metadata = environment.get(_METADATA, "").strip()
    if metadata:
        _expect_region(metadata)
    if any(environment.get(name, "").strip() for name in _VARIABLES):
        return _sdk_table()
    _expect_regions_file(os.path.expanduser(_REGIONS_FILE))
    if any(os.path.exists(os.path.expanduser(path)) for path in _FILES):
        return _sdk_table()
    return released_regions(more=lambda: None if sdk_version() is None else _sdk_table())


def known_regions() -> RegionTable | None:
    """The regions that are known, for what runs on the controller; None if it has no SDK that can be used.

    Role variables are read by the controller's interpreter, which may lack the SDK that the modules' interpreter has,
    and with it a region that is newer than this release.
    """
    try:
        return None if sdk_version() is None else region_table(os.environ)
    except InputError:
        return None


def _expect_region(metadata: str) -> None:
    """Raise InputError unless the variable holds one region. The SDK passes over what it can't read."""
    region = _json(metadata)
    fault = "is a list of regions" if isinstance(region, list) else _fault_of(region)
    if fault:
        raise InputError(
            f"The environment variable {_METADATA} {fault}{_shown(region)}. It takes one region, an object with"
            f" {', '.join(_FIELDS)}. Correct it or unset it; a list of regions goes in {_REGIONS_FILE}"
        )


def _expect_regions_file(path: str) -> None:
    """Raise InputError unless the file, if there is one, holds a list of regions."""
    try:
        with open(path, encoding="utf-8-sig") as stream:
            regions = _json(stream.read())
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The regions file {path} can't be read: {error}. Correct it or remove it") from None
    faults = [_fault_of(region) for region in regions] if isinstance(regions, list) else ["is not a list"]
    fault = next(filter(None, faults), "")
    if fault:
        what = "a region in it" if isinstance(regions, list) else "it"
        raise InputError(
            f"The regions file {path} can't be used: {what} {fault}. It takes a list of regions, objects with"
            f" {', '.join(_FIELDS)}. Correct it or remove it"
        )


def _json(text: str) -> Any:
    """The value of JSON text; the text itself if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _fault_of(region: object) -> str:
    """What is wrong with a region, as a predicate; empty if nothing is."""
    if not isinstance(region, dict):
        return "is not a JSON object"
    lacking = [name for name in _FIELDS if not isinstance(region.get(name), str) or not region[name].strip()]
    return f"has no text for {', '.join(lacking)}" if lacking else ""


def _shown(region: object) -> str:
    """The value, where it is no JSON. What somebody has put into the wrong object may be a secret, names included."""
    return f": {quote(region)}" if isinstance(region, str) else ""


def _sdk_table() -> RegionTable:
    """The regions that the SDK knows, including those that OCI_REGION_METADATA and ~/.oci/regions-config.json add.

    The SDK reads these two once per process, when it first meets a region that it does not know, so this asks it for
    one. Raises InputError if their content is invalid.
    """
    load("oci")
    regions = load("oci.regions")
    try:
        regions.is_region("no.such.region")
    except Exception as error:  # a JSON value of another shape than expected
        raise InputError(
            "The regions in the environment variable OCI_REGION_METADATA or in ~/.oci/regions-config.json can't be read"
            f" ({type(error).__name__}). Each must be an object with realmKey, realmDomainComponent, regionKey and"
            " regionIdentifier; the variable contains one, the file a list of them"
        ) from error
    # Read from the module every time: a developer tool configuration file makes the SDK rebind these names.
    return RegionTable(regions.REGIONS_SHORT_NAMES, regions.REGION_REALMS, regions.REALMS)
