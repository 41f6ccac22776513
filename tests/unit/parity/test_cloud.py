# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who signs the probes: one profile and never two, and a session as long as somebody renews it."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import oci
import pytest
import requests

from parity.cloud import TokenSigner, connect, profile_of
from parity.recording import Recorder
from parity.settings import SettingsError
from simulator.principals import fingerprint, new_key, pem

USER, TENANCY = "ocid1.user.oc1..aaaaaaaauser", "ocid1.tenancy.oc1..aaaaaaaatenancy"


@pytest.fixture(scope="module")
def keys() -> tuple[Any, Any]:
    return new_key(), new_key()


@pytest.fixture
def home(tmp_path: Path, keys: tuple[Any, Any]) -> Path:
    for name, key in zip(("first", "second"), keys, strict=True):
        (tmp_path / f"{name}.pem").write_bytes(pem(key))
        (tmp_path / f"{name}.token").write_text(f"token-of-{name}\n")
    return tmp_path


def _config(home: Path, keys: tuple[Any, Any], default: str, own: str) -> str:
    words = {"home": home, "mark": fingerprint(keys[0].public_key()), "user": USER, "tenancy": TENANCY}
    file = home / "config"
    file.write_text(f"[DEFAULT]\n{default.format(**words)}\n[P]\n{own.format(**words)}\n")
    return str(file)


API_KEY = "user={user}\nfingerprint={mark}\nkey_file={home}/first.pem\npass_phrase=of-default"
PLACE = "tenancy={tenancy}\nregion=us-phoenix-1"
SESSION = "security_token_file={home}/second.token\nkey_file={home}/second.pem"


@pytest.mark.parametrize(
    ("default", "own", "kept"),
    [
        (f"{API_KEY}\n{PLACE}", SESSION, {"security_token_file", "key_file"}),
        (f"security_token_file={{home}}/first.token\n{API_KEY}\n{PLACE}", SESSION, {"security_token_file", "key_file"}),
        # A key of its own is not opened with the pass phrase of another one.
        (
            f"{API_KEY}\n{PLACE}",
            "user={user}\nfingerprint={mark}\nkey_file={home}/second.pem",
            {"user", "fingerprint", "key_file"},
        ),
        (
            "security_token_file={home}/first.token",
            f"{API_KEY}\n{PLACE}",
            {*["user", "fingerprint", "key_file", "pass_phrase"]},
        ),
        # Without credentials of its own, it is [DEFAULT] elsewhere, as in the SDK.
        (f"{API_KEY}\n{PLACE}", "region=us-ashburn-1", {*["user", "fingerprint", "key_file", "pass_phrase"]}),
        (SESSION, PLACE, {"security_token_file", "key_file"}),
    ],
)
def test_credentials_of_two_profiles_are_never_mixed(
    home: Path, keys: tuple[Any, Any], default: str, own: str, kept: set[str]
) -> None:
    file = _config(home, keys, default, own)
    config = profile_of(file, "P")
    credentials = {"user", "fingerprint", "key_file", "key_content", "pass_phrase", "security_token_file"}
    assert credentials.intersection(name for name, value in config.items() if value) == kept
    wanted = "second" if "second" in own or "second" in default else "first"
    assert config["key_file"] == f"{home}/{wanted}.pem"


def test_a_session_whose_key_only_default_has_is_refused(home: Path, keys: tuple[Any, Any]) -> None:
    file = _config(home, keys, f"{API_KEY}\n{PLACE}", "security_token_file={home}/second.token")
    with pytest.raises(SettingsError, match=r"Profile P .* lacks 'key_file'"):
        connect(file, "P", Recorder())


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (f"{SESSION}\nauthentication_type=instance_principal", "signs by instance_principal"),
        ("delegation_token_file={home}/second.token", "an API key or a session token"),
        ("security_token_file={home}/none\nkey_file={home}/second.pem", "can't be read"),
        ("security_token_file={home}/second.pem\nkey_file={home}/second.token", "can't be read"),
    ],
)
def test_what_can_not_sign_is_told_with_what_to_do(home: Path, keys: tuple[Any, Any], own: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        connect(_config(home, keys, PLACE, own), "P", Recorder())


def _signed_by(signer: Any) -> str:
    request = requests.Request("GET", "https://iaas.us-phoenix-1.oraclecloud.com/20160918/volumes").prepare()
    return str(signer(request).headers["authorization"])


def _replace(file: Path, text: str) -> None:
    """As programs do that write a file anew: it is another one afterwards, however coarse the clock is."""
    new = file.with_suffix(".new")
    new.write_text(text)
    os.replace(new, file)


def test_a_token_that_is_renewed_during_the_run_is_taken(home: Path) -> None:
    signer = TokenSigner({"security_token_file": str(home / "second.token"), "key_file": str(home / "second.pem")})
    assert 'keyId="ST$token-of-second"' in _signed_by(signer)
    _replace(home / "second.token", "renewed")
    assert 'keyId="ST$renewed"' in _signed_by(signer)


def test_a_new_session_brings_its_key(home: Path, keys: tuple[Any, Any]) -> None:
    signer = TokenSigner({"security_token_file": str(home / "second.token"), "key_file": str(home / "second.pem")})
    _replace(home / "second.token", "renewed")
    _replace(home / "second.pem", pem(keys[0]).decode())
    date = {"date": "Thu, 05 Jan 2014 21:31:40 GMT"}
    request = requests.Request("GET", "https://iaas.us-phoenix-1.oraclecloud.com/20160918/volumes", headers=date)
    first = oci.auth.signers.SecurityTokenSigner("renewed", keys[0])(request.prepare()).headers["authorization"]
    assert signer(request.prepare()).headers["authorization"] == first


@pytest.mark.parametrize("name", ["second.pem", "second.token"])
@pytest.mark.parametrize("text", ["", None, "-----BEGIN PRIVATE KEY-----\nhalf of"])
def test_a_file_that_is_just_being_written_is_read_the_next_time(home: Path, text: str | None, name: str) -> None:
    if name.endswith("token") and text:
        pytest.skip("half a token is a token for all that can be seen; OCI refuses it, and the rest is read then")
    signer = TokenSigner({"security_token_file": str(home / "second.token"), "key_file": str(home / "second.pem")})
    whole = (home / "second.pem").read_text()
    if text is None:
        (home / name).unlink()
    else:
        _replace(home / name, text)
    assert 'keyId="ST$token-of-second"' in _signed_by(signer)
    _replace(home / "second.token", "renewed")
    _replace(home / "second.pem", whole)
    assert 'keyId="ST$renewed"' in _signed_by(signer)


def test_the_session_of_a_profile_is_that_signer(
    home: Path, keys: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    monkeypatch.setitem(
        connect.__globals__, "Cloud", lambda _config, signer, *_more: made.append(signer) or SimpleNamespace()
    )
    connect(_config(home, keys, f"{API_KEY}\n{PLACE}", SESSION), "P", Recorder())
    assert isinstance(made[0], TokenSigner)
