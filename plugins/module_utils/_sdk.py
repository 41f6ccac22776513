# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Loads the OCI SDK and reads its region tables. For ``_connection.py`` and the files that it is made of only.

The SDK is loaded when it is first needed, so that every file of the collection can be imported without it.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._ocid import RegionTable, shorten


def load(name: str = "oci") -> Any:
    """The module ``name`` of the SDK.

    Raises InputError, telling the interpreter, the module that failed and why, where it can't be imported.
    """
    try:
        with _uncollected():
            return importlib.import_module(name)
    except Exception as error:  # a broken dependency fails with whatever it likes
        failed = getattr(error, "name", None) or name
        raise InputError(
            f"The OCI Python SDK can't be used. The interpreter is {sys.executable} (Python"
            f" {sys.version.split()[0]}); importing {failed!r} failed with {type(error).__name__}:"
            f" {shorten(str(error), 300)}. Install the SDK for it with '{sys.executable} -m pip install oci', or let"
            " ansible_python_interpreter name one that has it"
        ) from error


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which finds nothing in the SDK's modules, and takes a fifth of their time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def region_table() -> RegionTable:
    """The regions that the SDK knows, with those that OCI_REGION_METADATA and ~/.oci/regions-config.json add.

    The SDK reads these two only when it meets a region that it does not know, once in a process. So it is asked for
    one. Raises InputError where what is in there makes it stumble.
    """
    regions = load("oci").regions
    try:
        regions.is_region("no.such.region")
    except Exception as error:  # a JSON value of another shape than expected
        raise InputError(
            "The regions in the environment variable OCI_REGION_METADATA or in ~/.oci/regions-config.json can't be read"
            f" ({type(error).__name__}). Each must be an object with realmKey, realmDomainComponent, regionKey and"
            " regionIdentifier; the variable holds one, the file a list of them"
        ) from error
    # Read from the module each time: a developer tool configuration file makes the SDK rebind these names.
    return RegionTable(
        long_names=dict(regions.REGIONS_SHORT_NAMES),
        realms=dict(regions.REGION_REALMS),
        domains=dict(regions.REALMS),
    )
