# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a service might answer that has gone mad: it harms neither memory, nor terminal, nor report."""

from __future__ import annotations

import json
import re
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.playbook import Playbook

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.errors import INTERNAL_ERROR
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    key_assignment_info,
    kms_key_info,
    volume_kms_key,
)
from simulator.client import Simulator

# A title for the window, the beginning of the line, red letters, right to left, a byte order mark, a lone surrogate.
NASTY = "n\x1b]0;pwned\x07\r\x9b31m\u202efdp\ufeff\ud800<b>"
SHOWN = r"n\u001b]0;pwned\u0007\u000d\u009b31m\u202efdp\ufeff\ud800<b>"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def _rekey(sim: Simulator, *names: str, **options: Any) -> Ran:
    ids = [sim.id(name) for name in names]
    return run(volume_kms_key.main, sim, volume_ids=ids, kms_key_id=sim.id("key-a"), **options)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _is_harmless(*values: Any) -> None:
    assert [text for value in values for text in _texts(value) if OBEYED.search(text)] == []


def _volume(**fields: Any) -> dict[str, Any]:
    """An answer to GetVolume, in which only these fields are odd."""
    usual = {"id": "ocid1.volume.oc1.iad.x", "displayName": "v", "lifecycleState": "AVAILABLE", "kmsKeyId": None}
    return {**usual, "compartmentId": "ocid1.compartment.oc1..c", "availabilityDomain": "AD-1", **fields}


def _nested(levels: int) -> Any:
    value: Any = "x"
    for _level in range(levels):
        value = {"a": value}
    return value


ODD = {
    "a deep list": ("[" * 100_000, "nested too deeply"),
    "a deep object": ('{"a":' * 100_000, "nested too deeply"),
    "deep tags": (json.dumps(_volume(definedTags={"a": {"b": _nested(100)}})), "nested too deeply"),
    "a list for a name": (json.dumps(_volume(displayName=["v"])), "a field displayName that is not a string"),
    "a list for a key": (
        json.dumps(_volume(kmsKeyId=["ocid1.key.oc1.iad.x.y"])),
        "a field kmsKeyId that is not a string",
    ),
    "an object for a key": (json.dumps(_volume(kmsKeyId={})), "a field kmsKeyId that is not a string"),
    "a list for a compartment": (json.dumps(_volume(compartmentId=[])), "a field compartmentId that is not a string"),
    "a list for tags": (json.dumps(_volume(freeformTags=["a"])), "freeformTags that is not an object"),
    "a list for a tag": (
        json.dumps(_volume(freeformTags={"a": [5]})),
        "freeformTags that has a value that is not a string",
    ),
    "a list for a size": (json.dumps(_volume(sizeInMBs=[1])), "a field sizeInMBs that is not a number"),
    "a text for a truth": (json.dumps(_volume(isHydrated="false")), "isHydrated that is not a boolean"),
    "an odd replica": (
        json.dumps(_volume(blockVolumeReplicas=[{"kmsKeyId": [7]}])),
        "blockVolumeReplicas that has an item that has a field kmsKeyId that is not a string",
    ),
    "a name without end": (json.dumps(_volume(displayName="v" * 1_000_000)), "a field displayName that is too long"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_volume_fails_that_volume_and_no_other(sim: Simulator, name: str) -> None:
    text, words = ODD[name]
    furnish(sim, volumes=[volumes(2)])
    sim.fault("body", "GetVolume", times=None, resource=sim.id("volume-1"), text=text)

    ran = _rekey(sim, "volume-1", "volume-2")

    odd, other = ran.resources
    assert ran.failed
    assert odd["error"]["code"] == "NoAnswer"
    assert words in odd["error"]["message"]
    assert (odd["encryption"], odd["kms_key_id"], odd["changed"]) == ("unknown", None, False)
    assert (other["changed"], other["error"]) == (True, None)
    assert len(ran.printed) < 20_000
    assert INTERNAL_ERROR not in ran.printed
    assert "Traceback" not in ran.printed


def test_a_body_of_200_mebibytes_is_not_read_to_its_end(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(1)])
    sim.fault("body", "GetVolume", times=1, text=" " * 1024, count=200 * 1024)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    ran = _rekey(sim, "volume-1", timeout=(10.0, 60.0))

    assert ran.only["changed"], "the second answer was a volume"
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 150


def test_an_answer_to_a_write_that_is_none_leaves_the_outcome_to_be_read(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(1)])
    sim.fault("body", "UpdateVolumeKmsKey", times=1, text='{"kmsKeyId": ["x"]}')

    ran = _rekey(sim, "volume-1")

    assert not ran.failed
    assert ran.only["kms_key_id"] == sim.id("key-a")
    assert sim.needless_puts == 0


def test_a_refusal_with_a_deep_body_is_a_refusal(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(1)])
    sim.fault("body", "GetVolume", times=None, status=400, text="[" * 100_000)

    ran = _rekey(sim, "volume-1")

    assert (ran.only["error"]["status"], ran.only["error"]["code"]) == (400, "NoErrorCode")


def test_a_refusal_of_many_words_is_cut(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(1)])
    sim.fault("status", "GetVolume", times=None, status=400, code="X" * 10_000, message="No. " * 100_000)

    ran = _rekey(sim, "volume-1")

    assert ran.only["error"]["status"] == 400
    assert len(ran.printed) < 20_000


def test_no_text_of_a_service_reaches_a_result_as_a_terminal_would_obey_it(sim: Simulator, tmp_path: Path) -> None:
    furnish(
        sim,
        volumes=[
            volumes(1, display_name=NASTY, freeform_tags={NASTY: NASTY}),
            volumes(1, name="bad", display_name=NASTY, state="FAULTY"),
            volumes(1, name="copied", display_name=NASTY, replicas=[{"region": "us-phoenix-1"}]),
            volumes(1, name="refused", display_name=NASTY),
        ],
    )
    details = {"status": 400, "code": f"Invalid{NASTY}", "message": f"It is {NASTY}"}
    sim.fault("status", "UpdateVolumeKmsKey", times=None, resource=sim.id("refused-1"), **details)
    files = {name: tmp_path / name for name in ("journal", "result_file")}

    found = run(key_assignment_info.main, sim, compartment_ids=[sim.id("prod")], regions=["us-ashburn-1"])
    ran = _rekey(sim, "volume-1", "bad-1", "copied-1", "refused-1", **{name: str(path) for name, path in files.items()})

    assert ran.result["summary"] == {"total": 4, "changed": 2, "unchanged": 0, "failed": 2}
    assert {row["display_name"] for row in [*ran.resources, *found.resources]} == {SHOWN}
    assert SHOWN in ran.msg
    assert [row["freeform_tags"] for row in found.resources if row["freeform_tags"]] == [{SHOWN: SHOWN}]
    journal = [json.loads(line) for line in files["journal"].read_text().splitlines()]
    _is_harmless(ran.result, found.result, journal, json.loads(files["result_file"].read_text()))


def test_nor_the_terminal(sim: Simulator, tmp_path: Path) -> None:
    bad = volumes(1, name="bad", display_name=NASTY, state="FAULTY")
    replicated = volumes(1, display_name=NASTY, replicas=[{"region": "us-phoenix-1"}])
    furnish(sim, volumes=[bad, replicated])
    ids = [sim.id("bad-1"), sim.id("volume-1")]
    task = {"oci_keys.block_volume.volume_kms_key": {"volume_ids": ids, "kms_key_id": sim.id("key-a")}}

    ran = Playbook(sim, tmp_path).run(task, flags=("--diff", "-vvv"))

    assert "FAULTY" in ran.stdout + ran.stderr
    assert SHOWN in ran.stdout.replace("\\\\", "\\")
    assert not OBEYED.search(ran.stdout + ran.stderr)


def _key(sim: Simulator, **fields: Any) -> str:
    """An answer to GetKey about key-a, in which only these fields are odd."""
    usual = {"id": sim.id("key-a"), "compartmentId": "ocid1.compartment.oc1..c", "vaultId": sim.id("vault-iad")}
    shape = {"keyShape": {"algorithm": "AES", "length": 32}, "lifecycleState": "ENABLED"}
    return json.dumps({**usual, **shape, "timeCreated": "2026-11-25T08:15:30Z", **fields})


def test_nor_do_the_names_of_keys(sim: Simulator) -> None:
    furnish(sim)
    sim.fault("body", "GetKey", times=None, text=_key(sim, displayName=NASTY, currentKeyVersion=NASTY))

    ran = run(kms_key_info.main, sim, kms_key_ids=[sim.id("key-a")], regions=["us-ashburn-1"])

    assert [row["display_name"] for row in ran.result["keys"]] == [SHOWN]
    _is_harmless(ran.result)


@pytest.mark.parametrize("field", ["id", "vaultId", "compartmentId", "timeCreated"])
def test_nor_does_what_is_no_name_and_is_refused(sim: Simulator, field: str) -> None:
    furnish(sim)
    fields = {"displayName": "k", "currentKeyVersion": "v", field: NASTY}
    sim.fault("body", "GetKey", times=None, text=_key(sim, **fields))

    ran = run(kms_key_info.main, sim, kms_key_ids=[sim.id("key-a")], regions=["us-ashburn-1"])

    assert [row["usable"] for row in ran.result["keys"]] == [False]
    _is_harmless(ran.result)
