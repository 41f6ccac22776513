# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event filter of ansible-rulebook: what a rule may know of an event of OCI, and nothing else.

Whoever can write to the stream, or name a resource, decides what an event says, and Ansible evaluates templates in the
variables of a playbook. So the event that came in is dropped. What takes its place has OCIDs and a region that match
strict patterns, and words of this file.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any

DOCUMENTATION = r"""
---
short_description: Keep of an event of OCI what rules need, if it is what it should be
description:
  - For the sources ansible.eda.kafka, whose messages are in C(body), and ansible.eda.webhook, whose are in C(payload).
  - C(event.oci.concern) is C(resources) where something was created or changed that bears a key, C(key) or C(vault)
    where one is to be deleted, and C(nothing) for all else, with the reason in C(event.oci.reason).
  - With C(resources) come C(event.oci.compartment_id) and C(event.oci.region), with all three
    C(event.oci.resource_id) and C(event.oci.event_type).
"""

EXAMPLES = r"""
- ansible.eda.webhook:
    port: 5000
    token: "{{ events_token }}"
  filters:
    - oci_keys.block_volume.oci_event:
"""

logger = logging.getLogger(__name__)

_BORN = ("volume", "bootvolume", "volumebackup", "bootvolumebackup", "volumegroupbackup")
_REKEYED = ("volume", "bootvolume")

# Their names are written in small letters here, and in either way by OCI.
_BLOCK_VOLUME = frozenset(
    [f"create{kind}.end" for kind in _BORN]
    + [f"copy{kind}.end" for kind in ("volumebackup", "bootvolumebackup", "volumegroupbackup")]
    + [f"change{kind}compartment.end" for kind in _BORN]
    + [f"update{kind}kmskey.end" for kind in _REKEYED]
    # OCI's list of events has had no end of this one.
    + [f"delete{kind}kmskey.{moment}" for kind in _REKEYED for moment in ("begin", "end")]
)

_CONCERNS: dict[str, tuple[str, str]] = {
    **{f"com.oraclecloud.blockvolumes.{name}": ("resources", "|".join(_BORN)) for name in _BLOCK_VOLUME},
    "com.oraclecloud.computeapi.launchinstance.end": ("resources", "instance"),
    **{
        f"com.oraclecloud.keymanagementservice.schedule{kind}deletion{moment}": (kind, kind)
        for kind in ("key", "vault")
        for moment in ("", ".begin", ".end")
    },
}
"""What an event concerns, and of which type its resource has to be."""

_MAX_LENGTH = 255
_REGION = "[a-z]{2,4}(?:-[a-z0-9]{1,20}){0,4}"
_UNIQUE = "(?:[.][a-zA-Z0-9_-]{4,100}){1,2}"
_COMPARTMENT = re.compile(
    f"ocid1[.](?:compartment|tenancy)[.][a-z]{{2}}[a-z0-9]{{1,6}}[.](?:{_REGION})?{_UNIQUE}"
    "|ocidv1:tenancy:oc[0-9]{1,3}:[a-z]{3}:[0-9]{10,16}:[a-z0-9]{4,100}"
)


class _Refused(Exception):
    """Why nothing is done about an event, in words that repeat nothing of it."""


def main(event: dict[str, Any]) -> dict[str, Any]:
    """The event that rules see, ``{"oci": {"concern": ...}}``."""
    try:
        return {"oci": _vetted(_envelope(event))}
    except _Refused as refused:
        logger.warning("An event is left out: %s", refused)
        return {"oci": {"concern": "nothing", "reason": str(refused)}}


def _envelope(event: dict[str, Any]) -> dict[str, Any]:
    found = event.get("body", event.get("payload")) if isinstance(event, dict) else None
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            raise _Refused("its message is not JSON") from None
    if not isinstance(found, dict):
        raise _Refused("its message is not an object")
    return found


def _vetted(envelope: dict[str, Any]) -> dict[str, str]:
    event_type, data = envelope.get("eventType"), envelope.get("data")
    name = event_type.lower() if isinstance(event_type, str) else ""
    if name not in _CONCERNS:
        raise _Refused("its type is none that concerns keys")
    if not isinstance(data, dict):
        raise _Refused("it has no data")
    concern, types = _CONCERNS[name]
    resource_id = _text(data, "resourceId")
    matched = re.fullmatch(f"ocid1[.](?:{types})[.][a-z]{{2}}[a-z0-9]{{1,6}}[.]({_REGION}){_UNIQUE}", resource_id)
    if matched is None:
        raise _Refused("its resourceId is not the OCID of what its type is about")
    seen = {"concern": concern, "event_type": name, "resource_id": resource_id}
    if concern == "resources":
        compartment_id = _text(data, "compartmentId")
        if _COMPARTMENT.fullmatch(compartment_id) is None:
            raise _Refused("its compartmentId is not the OCID of a compartment")
        seen |= {"compartment_id": compartment_id, "region": matched[1]}
    return seen


def _text(data: dict[str, Any], field: str) -> str:
    value = data.get(field)
    return value if isinstance(value, str) and len(value) <= _MAX_LENGTH else ""
