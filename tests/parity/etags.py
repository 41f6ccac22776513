# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Etags and if-match (oci_semantics.md 4, 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from .cloud import MODELS
from .probe import UnclearError, probe
from .testbed import Testbed, attempt, certainly

_WRONG = "0" * 32


def _is_stale(answer_code: str) -> bool:
    return answer_code == "NoEtagMatch"


@probe("4", "etag of a volume between reads without a change", switch="etag_stable")
def etag_between_reads(bed: Testbed) -> str:
    volume = bed.volume()
    bed.settled(volume)
    etags = []
    for _look in range(5):
        etags.append(certainly(bed.block.get_volume, volume).headers.get("etag"))
        bed.pause()
    if None in etags:
        return "no etag"
    return "on" if len(set(etags)) == 1 else "off"


@probe("4", "etag of a volume after a key change", switch="etag_on_kms_change")
def etag_after_key_change(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)
    before = [certainly(bed.block.get_volume, volume).headers.get("etag") for _look in range(2)]
    bed.on(volume, bed.settings.key_b)
    after = certainly(bed.block.get_volume, volume).headers.get("etag")
    if None in before or before[0] != before[1]:
        raise UnclearError("etags of volumes change by themselves")
    return "same" if after == before[1] else "changes"


@probe("4", "what if-match of PUT kmsKey is compared with", switch="if_match_on_kmskey")
def if_match_of_kms_key(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)

    def put(etag: str) -> bool:
        answer = bed.put(volume, bed.settings.key_a, if_match=etag)
        if not answer.accepted and not _is_stale(answer.code):
            raise UnclearError(f"answered {answer}")
        bed.settled(volume)
        return answer.accepted

    if put(_WRONG):
        return "ignored"
    own = certainly(bed.block.get_volume_kms_key, volume).headers.get("etag", "")
    if own and put(own):
        return "kmskey_etag"
    outer = certainly(bed.block.get_volume, volume).headers.get("etag", "")
    return "volume_etag" if outer and put(outer) else "neither"


@probe("4", "refusal of a stale if-match of UpdateVolume", switch="stale_etag_code")
def stale_if_match(bed: Testbed) -> str:
    volume = bed.volume()
    found = bed.settled(volume)
    details = MODELS.UpdateVolumeDetails(display_name=found.display_name)
    answer = attempt(bed.block.update_volume, volume, details, if_match=_WRONG)
    if answer.accepted:
        return "accepted"
    return str(answer.status) if _is_stale(answer.code) else str(answer)


@probe(
    "1.1, 4",
    "UpdateVolume with the etag that GetVolume has just shown",
    answers=("accepted", "412 NoEtagMatch", "409 NoEtagMatch"),
)
def current_if_match(bed: Testbed) -> str:
    volume = bed.volume()
    name = bed.settled(volume).display_name
    etag = certainly(bed.block.get_volume, volume).headers.get("etag")
    if not etag:
        raise UnclearError("the volume shows no etag")
    answer = attempt(bed.block.update_volume, volume, MODELS.UpdateVolumeDetails(display_name=name), if_match=etag)
    bed.settled(volume)
    return answer.told("accepted", {})


@probe("4", "etag of kmsKey of two volumes with one key", answers=("the same", "differs"))
def etag_of_one_key(bed: Testbed) -> str:
    etags = []
    for number in (1, 2):
        volume = bed.volume(number)
        bed.on(volume, bed.settings.key_a)
        etags.append(certainly(bed.block.get_volume_kms_key, volume).headers.get("etag"))
    if None in etags:
        return "no etag"
    return "the same" if etags[0] == etags[1] else "differs"


def _headers(calls: Mapping[str, Any]) -> str:
    """Which of these answers have an etag, and whether all have an opc-request-id."""
    etags = [f"{name} {'etag' if 'etag' in headers else 'none'}" for name, headers in calls.items()]
    ids = "ids in all" if all("opc-request-id" in headers for headers in calls.values()) else "ids missing"
    return ", ".join([*etags, ids])


def _combinations(assumed: Mapping[str, str]) -> tuple[str, ...]:
    """The answers of _headers, the assumed one first."""
    shown = [
        [f"{name} {etag}" for etag in sorted(("etag", "none"), key=first.__ne__)] for name, first in assumed.items()
    ]
    return tuple(", ".join(parts) for parts in product(*shown, ("ids in all", "ids missing")))


@probe(
    "1.1, 2",
    "etag and opc-request-id of PUT and DELETE kmsKey",
    answers=_combinations({"PUT": "etag", "DELETE": "none"}),
)
def headers_of_kms_key(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, None)
    answer = bed.put(volume, bed.settings.key_a)
    if not answer.accepted:
        raise UnclearError(f"PUT kmsKey was refused: {answer}")
    put = answer.response.headers
    bed.changed(volume, bed.settings.key_a)
    gone = certainly(bed.block.delete_volume_kms_key, volume).headers
    bed.settled(volume)
    return _headers({"PUT": put, "DELETE": gone})


@probe(
    "1.1, 1.5",
    "etag and opc-request-id of POST, GET and DELETE of an assignment",
    answers=_combinations({"POST": "etag", "GET": "etag", "DELETE": "none"}),
)
def headers_of_assignment(bed: Testbed) -> str:
    volume = bed.volume()
    bed.unassign(volume)
    made = bed.assign(volume, bed.oracle_policies()[0])
    if not made.accepted:
        raise UnclearError(f"no policy could be assigned: {made}")
    ident = made.response.data.id
    read = certainly(bed.block.get_volume_backup_policy_assignment, ident).headers
    gone = certainly(bed.block.delete_volume_backup_policy_assignment, ident).headers
    return _headers({"POST": made.response.headers, "GET": read, "DELETE": gone})


@probe("1.1, 4", "etag in answers about one backup", switch="backup_etag")
def etag_of_backup(bed: Testbed) -> str:
    response = certainly(bed.block.get_volume_backup, bed.backup())
    return "shown" if "etag" in response.headers else "absent"
