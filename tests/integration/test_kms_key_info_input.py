# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be given, what is refused before anything is asked, and what the result lists."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from integration.support.key_info import IAD, LOOKED_UP, PHX, furnish_keys, tell

from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys import lookup_calls
from simulator.client import Simulator


@pytest.fixture(autouse=True)
def fleet(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish_keys(sim)
    monkeypatch.setattr(lookup_calls, "_CALLS_PER_SECOND", 1000)  # what it is for is tested with the faults


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kms_key_ids": ["ocid1.my-key"]}, ["'ocid1.my-key'", "is not an OCID"]),
        ({"kms_key_ids": ["ocid1.vault.oc1.iad.x.abc"]}, ["is a vault, but a key is expected"]),
        ({"kms_key_ids": ["ocid1.key.oc2.us-luke-1.x.abc"]}, ["belongs to realm oc2, the tenancy to oc1"]),
        ({"kms_key_ids": ["ocid1.key.oc1..abc"]}, ["ocid1.key.oc1..abc contains no region", "'regions'"]),
        ({"kms_key_ids": ["ocid1.key.oc1.iad-ad-1.abc"]}, ["iad-ad-1", "not a known region"]),
        ({"regions": ["xx-nowhere-1"]}, ["'regions' names 'xx-nowhere-1'"]),
        ({"regions": "iad, us-luke-1"}, ["belongs to realm oc1, us-luke-1 to oc2"]),
        ({"regions": []}, ["'regions' is an empty list"]),
        ({"result_file": "/nowhere/at/all/result"}, ["'result_file'", "/nowhere/at/all"]),
        ({"kms_key_ids": None}, ["kms_key_ids"]),
    ],
    ids=str,
)
def test_what_was_given_is_judged_before_anything_is_asked(
    sim: Simulator, options: dict[str, Any], words: list[str]
) -> None:
    ran = tell(sim, **{"kms_key_ids": [sim.id("key-a")], **options})

    assert ran.failed
    assert ran.calls == {}
    for word in words:
        assert word in ran.msg


@pytest.mark.parametrize("blank", [[], "", ["", " "]])
def test_no_keys_are_nothing_to_do(sim: Simulator, blank: Any) -> None:
    ran = tell(sim, kms_key_ids=blank)

    assert not ran.failed
    assert ran.result["kms_keys"] == []
    assert ran.result["summary"] == {"total": 0, "usable": 0, "unusable": 0}
    assert ran.calls == {}


def test_blank_regions_and_duplicates(sim: Simulator) -> None:
    ran = tell(sim, "key-a", "key-phx", "key-a", regions="")

    assert [entry["region"] for entry in ran.result["kms_keys"]] == [IAD, PHX]
    assert ran.calls == dict.fromkeys(LOOKED_UP, 2)


@pytest.mark.parametrize(("which", "listed"), [("all", 3), ("changed", 2), ("summary", 0)])
def test_the_result_lists_what_was_asked_for_and_the_file_all(
    sim: Simulator, tmp_path: Path, which: str, listed: int
) -> None:
    file = tmp_path / "keys.json"

    ran = tell(sim, "key-a", "key-disabled", "key-rsa", result=which, result_file=str(file))

    written = json.loads(file.read_text())
    assert len(ran.result["kms_keys"]) == listed
    assert ran.result["keys"] == ran.result["kms_keys"]
    assert ran.result["summary"] == {"total": 3, "usable": 1, "unusable": 2}
    assert [entry["usable"] for entry in written["keys"]] == [True, False, False]
    assert written["summary"] == ran.result["summary"]
    assert written["changed"] is False
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ran.msg.splitlines()[0] == "1 of 3 keys can be used:"
    assert len(ran.msg.splitlines()) == 3
