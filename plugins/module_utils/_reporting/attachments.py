# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instances that volumes are attached to, as a report has them. Pure.

Four answers are kept apart: attached, attached to nothing, unknown since a list could not be read, and nobody looked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._common.quantities import plural
from .._model.rows import (
    ATTACHED,
    ATTACHMENT_UNKNOWN,
    NONE_IN_SCOPE,
    NOT_ATTACHED,
    ResourceRow,
    ScannedAttachmentsRow,
    ScannedRow,
)

_WORDS = {NOT_ATTACHED: "not attached", NONE_IN_SCOPE: "to nothing in scope", ATTACHMENT_UNKNOWN: "unknown"}


def merged_attachments(scans: Sequence[ScannedRow]) -> ScannedAttachmentsRow | None:
    """What could not be read by those that looked; None if none did."""
    looked = [section for scan in scans if (section := scan.get("attachments")) is not None]
    if not looked:
        return None
    return {
        "complete": all(section["complete"] for section in looked),
        "unreadable": [place for section in looked for place in section["unreadable"]],
    }


def unknown_attachments(resources: Iterable[ResourceRow], scanned: ScannedRow) -> str | None:
    """What was not found out, in a sentence."""
    section = scanned.get("attachments")
    unknown = attachment_counts(resources)[ATTACHMENT_UNKNOWN]
    if not unknown and (section is None or section["complete"]):
        return None
    lists = len(section["unreadable"]) if section else 0
    cause = f"{plural(lists, 'list')} of attachments or instances could not be read" if lists else ""
    if not unknown:
        return f"{cause or 'Not all lists of attachments could be read'}, so names of instances may be missing."
    volumes = "1 volume is" if unknown == 1 else f"{unknown:,} volumes are"
    return f"{cause}, so what {volumes} attached to is unknown." if cause else f"What {volumes} attached to is unknown."


def attachment_counts(resources: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """The volumes by the state of their attachments; none if nobody looked."""
    return Counter(row["attachments"]["state"] for row in resources if row.get("attachments"))


def attachment_words(row: Mapping[str, Any]) -> str:
    """The instances of a volume by their names, or why there are none; empty if nobody looked."""
    attachments = row.get("attachments")
    if not attachments:
        return ""
    if attachments["state"] != ATTACHED:
        return _WORDS[attachments["state"]]
    return ", ".join(one["display_name"] or one["id"] for one in attachments["instances"])


def unread_places(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every place that could not be read, with what was looked for there."""
    section = report["evidence"]["scanned"].get("attachments")
    places = [{**row, "what": row["resource_type"] or "all"} for row in report["unreadable"]]
    for row in section["unreadable"] if section else ():
        kind = row["resource_type"] or "volume"
        places.append({**row, "what": kind if kind == "instance" else f"attachments of {kind}"})
    new_volumes = report.get("new_volumes")
    places += [
        {**row, "what": row["resource_type"] or "new volumes"} for row in (new_volumes or {}).get("unreadable", ())
    ]
    return places
