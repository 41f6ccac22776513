# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regions that can't be reached, credentials that are refused, faults that pass, and Vault's limit."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from integration.support.fleets import volumes
from integration.support.harness import furnish, run
from integration.support.key_info import FRA, IAD, PHX, furnish_keys, tell

from ansible_collections.oci_keys.block_volume.plugins.modules import kms_key_info, volume_kms_key
from simulator.client import Simulator


@pytest.fixture(autouse=True)
def fleet(sim: Simulator) -> None:
    furnish_keys(sim)


def test_a_region_that_cant_be_reached_leaves_the_others_be(sim: Simulator) -> None:
    sim.fault("refuse", region=PHX, times=None)
    ids = [sim.id("key-everywhere"), sim.id("key-phx")]

    ran = run(kms_key_info.main, sim, kms_key_ids=ids, regions=[IAD, PHX, FRA])

    told = {(entry["id"], entry["region"]): entry for entry in ran.result["kms_keys"]}
    assert not ran.failed
    assert told[(ids[0], IAD)]["usable"]
    assert told[(ids[0], FRA)]["usable"]
    for name in ids:
        (problem,) = told[(name, PHX)]["problems"]
        assert problem.startswith("could not be looked up: ")
        assert PHX in problem
        assert "can't be read" not in problem
    assert "could not be looked up" in ran.msg


def test_a_region_that_refuses_the_credentials_alone_is_told_of_that_region(sim: Simulator) -> None:
    sim.fault("clock_skew", region=PHX, times=None)

    near, far = tell(sim, "key-everywhere", regions=[IAD, PHX]).result["kms_keys"]

    assert near["usable"]
    assert "401 NotAuthenticated" in far["problems"][0]
    assert f"Check that the tenancy is subscribed to {PHX}" in far["problems"][0]


def test_credentials_that_are_refused_fail_the_task_as_elsewhere(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(1)])
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    fingerprint = hashlib.md5(der).digest().hex(":")
    file = tmp_path / "other.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(*form))
    who = {"api_user_key_file": str(file), "api_user_fingerprint": fingerprint, "kms_key_id": sim.id("key-a")}

    ran = run(kms_key_info.main, sim, regions=[IAD, PHX], **who)
    elsewhere = run(volume_kms_key.main, sim, volume_id=sim.id("volume-1"), **who)

    assert ran.failed
    assert elsewhere.msg == f"{ran.msg} Nothing was changed."
    assert "OCI rejected the credentials" in ran.msg
    assert "keys" not in ran.result


def test_vault_gets_less_than_five_calls_a_second(sim: Simulator) -> None:
    """Vault's limit of ten is left on, as in a tenancy."""
    furnish_keys(sim, {"name": "more-1", "vault": "vault-phx"}, {"name": "more-2", "vault": "vault-fra"}, kms_rate=10)
    names = ["key-a", "key-b", "key-phx", "key-fra", "key-everywhere", "more-1", "more-2", "key-rsa"]

    ran = run(kms_key_info.main, sim, kms_key_ids=[sim.id(name) for name in names], paced=True)

    calls = [call for call in sim.calls() if ".kms." in call.host or call.host.startswith("kms.")]
    assert ran.result["summary"] == {"total": 8, "usable": 7, "unusable": 1}
    assert ran.calls == {"SearchResources": 8, "GetVault": 4, "GetKey": 8, "ListKeyVersions": 8}
    assert len(calls) == 20
    assert all(call.status == 200 for call in calls)
    times = sorted(call.time for call in calls)
    assert (len(times) - 1) / (times[-1] - times[0]) < 5
    for early, late in zip(times, times[7:], strict=False):  # on the wire, a slow first connection bunches them up
        assert late - early > 1.0
