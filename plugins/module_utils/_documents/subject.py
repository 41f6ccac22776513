# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a row of any document is about."""

from __future__ import annotations

from collections.abc import Mapping

Subject = tuple[str, str]
"""A type and an OCID, which stay the same however often the resource is changed."""


def subject(row: Mapping[str, object]) -> Subject:
    """A policy assignment gets another OCID with each change, so it is known by its asset. So does a replica that is
    made again: in plans and changes it is known by its source."""
    return str(row["type"]), str(row.get("asset_id") or row["id"])
