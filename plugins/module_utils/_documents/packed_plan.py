# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan as a text that can be approved, which a dry run returns."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence

from .._common.errors import InputError
from .json_reader import parse_json
from .plan_file import FORMAT, VERSION, PlanEntry, PlanFile, parse_plan

_MOST_UNPACKED = 64 * 1024 * 1024


def pack_plan(entries: Sequence[PlanEntry], entries_digest: str, tenancy: str) -> str:
    """A plan as text that can be approved: it has nothing in it that templates or terminals would act on, such as the
    names of resources, since it is passed on by templates."""
    value = {
        "format": FORMAT,
        "version": VERSION,
        "tenancy": tenancy,
        "dry_run": True,
        "digest": entries_digest,
        "entries": entries,
    }
    return base64.b64encode(zlib.compress(json.dumps(value).encode(), 9)).decode("ascii")


def unpack_plan(text: str, name: str) -> PlanFile:
    """The plan that ``pack_plan`` made text of. Raises InputError, also for text that would unpack to many MiB."""
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.b64decode(text, validate=True), _MOST_UNPACKED)
    except (ValueError, zlib.error) as error:
        raise InputError(f"'{name}' is not a plan as text. Give the text that a dry run returns") from error
    if unpacker.unconsumed_tail:
        raise InputError(f"'{name}' unpacks to more than {_MOST_UNPACKED // 1024**2} MiB, so it is not read")
    return parse_plan(parse_json(content, name))
