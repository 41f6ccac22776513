# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input: a clear message that names the value, and nothing written, in check mode and out of it."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import volume_kms_key
from simulator.client import Simulator

VOLUME = "ocid1.volume.oc1.iad.abcdefgh"
KEY = "ocid1.key.oc1.iad.vaultprefix.abcdefgh"


@pytest.fixture(autouse=True)
def fleet(sim: Simulator) -> None:
    furnish(
        sim,
        volumes=[
            volumes(2),
            volumes(1, name="phx", region="us-phoenix-1"),
            volumes(1, name="on-rsa-region", region="eu-frankfurt-1"),
        ],
    )


def _refused(sim: Simulator, **options: Any) -> Ran:
    """Run in check mode and out of it: both fail alike, without a write and without a traceback."""
    outcomes = [run(volume_kms_key.main, sim, check=check, **options) for check in (True, False)]
    for ran in outcomes:
        assert ran.failed
        assert ran.writes == {}
        assert not ran.result.get("changed", False)
        assert "Traceback" not in ran.printed
    assert outcomes[0].msg == outcomes[1].msg
    return outcomes[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"volume_ids": ["garbage"]}, ["'garbage'", "is not an OCID", "ocid1.<type>"]),
        ({"volume_ids": ["ocid1.volume.oc1"]}, ["ocid1.volume.oc1", "is not an OCID"]),
        ({"volume_ids": ["ocid1.volumebackup.oc1.iad.abc"]}, ["is a volume backup, but", "block volume"]),
        ({"volume_ids": ["ocid1.instance.oc1.iad.abc"]}, ["compute instance", "boot volume"]),
        ({"volume_ids": [VOLUME, "ocid1.volume.oc2.us-luke-1.abc"]}, ["belongs to realm oc2", "oc1"]),
        ({"volume_ids": ["ocid1.volume.oc1.xx-nowhere-1.abc"]}, ["xx-nowhere-1", "not a known region"]),
        ({"volume_ids": ["ocid1.volume.oc1.us-ashbrun-1.abc"]}, ["us-ashbrun-1", "did you mean", "us-ashburn-1"]),
        ({"kms_key_id": ""}, ["'kms_key_id' is empty", "state: absent"]),
        ({"kms_key_id": None}, ["'kms_key_id' is empty", "state: absent"]),
        ({"kms_key_id": "  "}, ["'kms_key_id' is empty"]),
        ({"kms_key_id": "ocid1.my-key"}, ["'ocid1.my-key'", "is not an OCID"]),
        ({"kms_key_id": "ocid1.vault.oc1.iad.prefix.abc"}, ["is a vault, but a key is expected"]),
        ({"kms_key_id": "ocid1.key.oc2.us-luke-1.prefix.abc"}, ["belongs to realm oc2", "the volumes to oc1"]),
        ({"state": "absent"}, ["'state: absent'", "Remove 'kms_key_id'"]),
        ({"state": "absent", "kms_key_id": None, "regenerate": True}, ["regenerate", "absent"]),
        ({"concurrency": 0}, ["'concurrency' is 0", "1 to 256"]),
        ({"wait_timeout": 0}, ["'wait_timeout' is 0"]),
        ({"journal": "/nowhere/at/all/journal"}, ["'journal'", "/nowhere/at/all"]),
        ({"result_file": "/nowhere/at/all/result"}, ["'result_file'", "/nowhere/at/all"]),
        ({"result_file": "/"}, ["'result_file'", "folder"]),
        ({"region": "xx-nowhere-1"}, ["xx-nowhere-1", "not a known region"]),
        ({"auth_type": "magic"}, ["'magic'", "auth_type", "instance_principal"]),
    ],
    ids=lambda value: " ".join(f"{k}={v}" for k, v in value.items())[:60] if isinstance(value, dict) else "",
)
def test_what_was_given_is_judged_before_anything_is_asked(
    sim: Simulator, options: dict[str, Any], words: list[str]
) -> None:
    ran = _refused(sim, **{"volume_ids": [VOLUME], "kms_key_id": KEY, **options})

    assert ran.calls == {}
    for word in words:
        assert word in ran.msg


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("key-rsa", ["RSA", "AES"]),
        ("key-disabled", ["is DISABLED, not ENABLED", "Enable the key first"]),
        ("key-dying", ["is PENDING_DELETION", "Cancel its deletion first"]),
        ("key-phx", ["In us-ashburn-1", "is in us-phoenix-1 and is not replicated to us-ashburn-1"]),
        ("key-unseen", ["does not exist, or can't be read", "read keys", "validate_key: false"]),
    ],
)
def test_a_key_that_cant_be_used_fails_the_task_before_the_first_write(
    sim: Simulator, key: str, words: list[str]
) -> None:
    ran = _refused(sim, volume_ids=[sim.id("volume-1"), sim.id("volume-2")], kms_key_id=sim.id(key))

    for word in [sim.id(key), "Nothing was changed", *words]:
        assert word in ran.msg


def test_a_key_has_to_exist_in_every_region_of_the_call(sim: Simulator) -> None:
    ran = _refused(sim, volume_ids=[sim.id("volume-1"), sim.id("phx-1")], kms_key_id=sim.id("key-a"))

    assert "In us-phoenix-1" in ran.msg
    assert "In us-ashburn-1" not in ran.msg


def test_a_key_with_several_versions_fails_if_asked_to(sim: Simulator) -> None:
    task = {"volume_ids": [sim.id("volume-1")], "kms_key_id": sim.id("key-rotated")}

    ran = _refused(sim, multi_version_key="fail", **task)
    assert "has 3 versions" in ran.msg

    warned = run(volume_kms_key.main, sim, **task)
    assert warned.changed
    assert any("has 3 versions" in str(warning) for warning in warned.result["warnings"])


def test_a_key_that_may_not_be_read_can_be_used_unvetted(sim: Simulator) -> None:
    ran = run(
        volume_kms_key.main,
        sim,
        volume_ids=[sim.id("volume-1")],
        kms_key_id=sim.id("key-unseen"),
        validate_key=False,
    )

    assert ran.only["kms_key_id"] == sim.id("key-unseen")
    assert set(ran.calls) == {"GetVolume", "UpdateVolumeKmsKey"}


class TestCredentials:
    @pytest.fixture
    def task(self, sim: Simulator) -> dict[str, Any]:
        return {"volume_ids": [sim.id("volume-1")], "kms_key_id": sim.id("key-a")}

    def test_missing_config_file(
        self, sim: Simulator, task: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("OCI_CONFIG_FILE", str(tmp_path / "absent"))

        ran = _refused(sim, **task)

        assert str(tmp_path / "absent") in ran.msg
        assert ran.calls == {}

    def test_missing_profile(self, sim: Simulator, task: dict[str, Any]) -> None:
        ran = _refused(sim, config_profile_name="NOPE", **task)

        assert "NOPE" in ran.msg
        assert "DEFAULT" in ran.msg

    def test_fingerprint_of_another_key(self, sim: Simulator, task: dict[str, Any]) -> None:
        ran = _refused(sim, api_user_fingerprint=":".join(["00"] * 16), **task)

        assert ":".join(["00"] * 16) in ran.msg
        assert ran.calls == {}

    def test_key_that_is_not_uploaded(self, sim: Simulator, task: dict[str, Any], tmp_path: Path) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        fingerprint = hashlib.md5(der).digest().hex(":")
        file = tmp_path / "other.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

        ran = _refused(sim, api_user_key_file=str(file), api_user_fingerprint=fingerprint, **task)

        assert "OCI rejected the credentials" in ran.msg
        assert fingerprint in ran.msg
        assert "Nothing was changed" in ran.msg
        assert set(ran.calls) == {"GetVolume"}

    def test_key_file_absent(self, sim: Simulator, task: dict[str, Any], tmp_path: Path) -> None:
        ran = _refused(sim, api_user_key_file=str(tmp_path / "absent.pem"), **task)

        assert str(tmp_path / "absent.pem") in ran.msg

    @pytest.mark.parametrize("pass_phrase", [None, "wrong"])
    def test_key_file_under_a_pass_phrase(
        self, sim: Simulator, task: dict[str, Any], tmp_path: Path, pass_phrase: str | None
    ) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        file = tmp_path / "encrypted.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"right"),
            )
        )

        ran = _refused(sim, api_user_key_file=str(file), api_user_key_pass_phrase=pass_phrase, **task)

        assert "pass phrase" in ran.msg
        assert str(file) in ran.msg
        assert ran.calls == {}

    def test_sdk_not_installed(self, sim: Simulator, task: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in sys.modules if name == "oci" or name.startswith("oci.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "oci", None)

        ran = _refused(sim, **task, auth_type="instance_principal")  # an API key needs no SDK

        assert sys.executable in ran.msg
        assert "pip install oci" in ran.msg
        assert ran.calls == {}
