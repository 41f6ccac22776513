# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``attachments`` of key_assignment_info: which instances the discovered volumes are attached to.

A file of its own, so that modules which discover without it do not ship it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._api.client import Connection
from .._common.progress import ProgressLog
from .._discovery.attachments import BOOT_VOLUME, VOLUME, Attachments, find_attachments
from .._discovery.discover import Discovery
from .._discovery.results import unreadable_entry
from .._model.rows import AttachmentsRow, ResourceRow, ScannedAttachmentsRow


def add_attachments(
    connection: Connection, found: Discovery, rows: Sequence[ResourceRow], log: ProgressLog, *, whole_tenancy: bool
) -> ScannedAttachmentsRow:
    """Set ``attachments`` of the rows of volumes and boot volumes, and return what could not be read."""
    attachments = find_attachments(connection, found, whole_tenancy=whole_tenancy, log=log)
    for row in rows:
        if row["type"] in (VOLUME, BOOT_VOLUME):
            row["attachments"] = _attachments(row, attachments)
    return {
        "complete": not attachments.unreadable,
        "unreadable": [unreadable_entry(place) for place in attachments.unreadable],
    }


def _attachments(row: ResourceRow, attachments: Attachments) -> AttachmentsRow:
    instances = attachments.instances.get(row["id"], ())
    return {
        "state": attachments.state(row["id"], row["region"], row["type"]),
        "instances": [{"id": one.id, "display_name": one.display_name} for one in instances],
    }
