# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials: what is accepted, and what is said about those that are not."""

from __future__ import annotations

import errno
import socket
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import oci
import pytest
import trustme
from unit.support.credentials import (
    PHRASE,
    TENANCY,
    USER,
    Keys,
    config_of,
    fault,
    given,
    open_with,
    token,
    write_config,
)

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.metadata_service import METADATA_TIMEOUT
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError

pytestmark = pytest.mark.usefixtures("home")


# --- API key: where the values come from


def test_no_config_file_is_needed_when_the_values_are_given(keys: Keys) -> None:
    connection = open_with(given(keys))
    assert connection.describe_principal() == f"user {USER} with the API key {keys.fingerprint}"
    assert connection.region == "us-ashburn-1"


def test_nor_when_they_are_in_the_environment(keys: Keys) -> None:
    environment = {
        "OCI_USER_ID": USER,
        "OCI_TENANCY_ID": TENANCY,
        "OCI_USER_FINGERPRINT": keys.fingerprint.upper(),
        "OCI_USER_KEY_CONTENT": keys.encrypted,
        "OCI_USER_KEY_PASS_PHRASE": PHRASE,
        "OCI_REGION": "us-ashburn-1",
        "OCI_CONFIG_FILE": "/nowhere/config",
    }
    connection = open_with({}, environment)
    assert connection.tenancy == TENANCY
    assert set(connection.secrets) == {keys.encrypted.strip(), PHRASE}


def test_a_region_can_be_done_without(keys: Keys) -> None:
    assert open_with(given(keys, region="")).region is None


@pytest.mark.parametrize("name", ["", "DEFAULT"])
def test_the_config_file_gives_everything(name: str, keys: Keys, home: Path) -> None:
    write_config(home, config_of(keys, home))
    connection = open_with({"config_profile_name": name})
    assert (connection.tenancy, connection.region) == (TENANCY, "eu-frankfurt-1")


def test_a_profile_takes_from_default_what_it_lacks(keys: Keys, home: Path) -> None:
    write_config(home, config_of(keys, home) + "[OTHER]\nregion = PHX\nuser =\n")
    connection = open_with({}, {"OCI_CONFIG_PROFILE": "OTHER", "OCI_USER_ID": USER})
    assert connection.region == "us-phoenix-1"
    assert "Missing: user (option api_user, environment variable OCI_USER_ID)" in fault(
        {"config_profile_name": "OTHER"}
    )


def test_options_beat_the_environment_and_that_beats_the_file(keys: Keys, home: Path) -> None:
    write_config(home, config_of(keys, home, user="ocid1.user.oc1..file", tenancy="ocid1.tenancy.oc1..file"))
    environment = {"OCI_USER_ID": "ocid1.user.oc1..environment", "OCI_TENANCY": "ocid1.tenancy.oc1..environment"}
    connection = open_with({"api_user": "ocid1.user.oc1..option"}, environment)
    assert connection.tenancy == "ocid1.tenancy.oc1..environment"
    assert connection.describe_principal().startswith("user ocid1.user.oc1..option")
    assert open_with({"region": " "}, {"OCI_REGION": ""}).region == "eu-frankfurt-1"


def test_a_key_given_beats_that_of_the_file(keys: Keys, home: Path) -> None:
    write_config(home, config_of(keys, home, key_file="/nowhere/key.pem", region=None))
    assert open_with({"api_user_key_content": keys.plain}).tenancy == TENANCY
    assert open_with({}, {"OCI_USER_KEY_FILE": "~/key.pem"}).tenancy == TENANCY


def test_a_pass_phrase_from_the_file_is_a_secret(keys: Keys, home: Path) -> None:
    write_config(home, config_of(keys, home, pass_phrase=PHRASE))
    (home / "key.pem").write_text(keys.encrypted)
    assert open_with({}).secrets == (PHRASE,)


@pytest.mark.parametrize("key_file", ["~/key.pem", "key.pem"])
def test_key_files_at_home_and_in_the_working_directory(
    key_file: str, keys: Keys, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(home, config_of(keys, home, key_file=key_file))
    monkeypatch.chdir(home)
    assert open_with({}).tenancy == TENANCY


def test_a_config_file_with_a_byte_order_mark_and_a_percent_sign(keys: Keys, home: Path) -> None:
    write_config(home, "\ufeff" + config_of(keys, home, pass_phrase="50%"))
    assert open_with({}).tenancy == TENANCY


# --- API key: what is wrong


def test_a_missing_file_names_what_is_missing_and_how_to_give_it(home: Path) -> None:
    text = fault({"api_user": USER, "region": "iad"})
    assert f"The OCI config file {home}/.oci/config does not exist. Create one with 'oci setup config'" in text
    assert "environment variables instead: api_user_fingerprint (OCI_USER_FINGERPRINT), api_user_key_file (OCI_" in text
    assert "tenancy (OCI_TENANCY). A machine in OCI" in text
    assert "option config_file_location, environment variable OCI_CONFIG_FILE" in text
    assert "OCI_USER_ID" not in text
    assert "OCI_CONFIG_PROFILE" not in text


def test_a_missing_file_that_was_named(keys: Keys) -> None:
    text = fault({"config_file_location": "/nowhere/config", "config_profile_name": "X"})
    assert "The OCI config file /nowhere/config (option config_file_location), needed for profile X (op" in text
    unneeded = fault(given(keys, config_file_location="/nowhere/config"))
    assert (
        "/nowhere/config (option config_file_location) does not exist. All required values are set without it; remove"
        in unneeded
    )
    text = fault({}, {"OCI_CONFIG_FILE": "/nowhere/config"})
    assert (
        "The OCI config file /nowhere/config (environment variable OCI_CONFIG_FILE) does not exist. Create one" in text
    )


def test_a_missing_file_is_not_said_to_come_from_what_names_the_profile(home: Path) -> None:
    text = fault({}, {"OCI_CONFIG_PROFILE": "P"})
    place = (
        f"{home}/.oci/config, needed for profile P (environment variable OCI_CONFIG_PROFILE), does not exist. Create"
    )
    assert place in text


def test_a_missing_file_is_told_with_what_only_it_can_hold(home: Path) -> None:
    text = fault({"auth_type": "security_token"})
    assert "It is required for: security_token_file" in text
    assert "OCI_TENANCY" not in text


def test_a_missing_profile_lists_those_that_exist(keys: Keys, home: Path) -> None:
    write_config(home, config_of(keys, home) + "[ADMIN]\n[OTHER]\n")
    text = fault({"config_profile_name": "NONE"})
    assert f"OCI config file {home}/.oci/config has no profile 'NONE'; its profiles are: DEFAULT, ADMIN, OTHER" in text
    write_config(home, "[ADMIN]\n")
    assert "no profile 'DEFAULT'" in fault({})
    assert open_with(given(keys, region="")).region is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("user=SECRET\n", "MissingSectionHeaderError at line 1"),
        ("[DEFAULT]\nSECRET\n", "ParsingError at line 2"),
        ("[A]\nx=SECRET\nx=SECRET\n", "DuplicateOptionError at line 3"),
        ("[A]\n[A]\n", "DuplicateSectionError at line 2"),
    ],
)
def test_a_config_file_that_makes_no_sense(text: str, words: str, home: Path) -> None:
    write_config(home, text)
    assert words in fault({})


def test_a_config_file_that_cannot_be_read(home: Path) -> None:
    (home / ".oci" / "config").mkdir(parents=True)
    assert "can't be read: Is a directory" in fault({})
    (home / "binary").write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8 text" in fault({"config_file_location": str(home / "binary")})


def test_values_that_the_profile_lacks_are_named(keys: Keys, home: Path) -> None:
    write_config(home, config_of(keys, home, tenancy="  ", fingerprint=None))
    text = fault({})
    assert f"Incomplete API key configuration (profile DEFAULT of {home}/.oci/config)" in text
    assert (
        "Missing: fingerprint (option api_user_fingerprint, environment variable OCI_USER_FINGERPRINT), tenancy (option"
        in text
    )
    assert "tenancy (option tenancy, environment variable OCI_TENANCY)" in text
    assert "api_user," not in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"api_user": "me"}, "option api_user: 'me' is not an OCID"),
        ({"api_user": TENANCY}, "option api_user: ocid1.tenancy.oc1..t is a tenancy, but a user is expected"),
        ({"tenancy": USER}, "option tenancy: ocid1.user.oc1..u is a user, but a tenancy is expected"),
        (
            {"region": "us-ashbrn-1"},
            "option region names 'us-ashbrn-1', which is not a known region (did you mean us-ash",
        ),
        ({"api_user_fingerprint": "aa:bb"}, "'aa:bb' (option api_user_fingerprint) is not the fingerprint"),
        ({"api_user_fingerprint": "SHA256:abc="}, "is not the fingerprint of an API key"),
    ],
)
def test_values_that_are_wrong(changes: dict[str, str], words: str, keys: Keys) -> None:
    assert words in fault(given(keys, **changes))


def test_a_fingerprint_of_another_key_names_both(keys: Keys) -> None:
    other = ":".join(["ab"] * 16)
    text = fault(given(keys, api_user_fingerprint=other))
    assert f"The fingerprint {other} (option api_user_fingerprint) is not that of the private key" in text
    assert f"private key (option api_user_key_content), which is {keys.fingerprint}" in text


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("encrypted", "is encrypted, but no pass phrase is set. Set it with option api_user_key_pass_phrase, env"),
        ("encrypted_old", "is encrypted, but no pass phrase is set"),
        ("public", "is a public key"),
        ("ssh_public", "is a public key"),
        ("certificate", "is a certificate"),
        ("elliptic", "is not an RSA key"),
        ("edwards", "is not an RSA key"),
    ],
)
def test_keys_of_the_wrong_kind(kind: str, words: str, keys: Keys, home: Path) -> None:
    content = getattr(keys, kind)
    assert words in fault(given(keys, api_user_key_content=content))
    (home / "k.pem").write_text(content)
    text = fault(given(keys, api_user_key_content="", api_user_key_file=str(home / "k.pem")))
    assert words in text
    assert f"The private key ({home}/k.pem, option api_user_key_file)" in text


@pytest.mark.parametrize("kind", ["encrypted", "encrypted_old"])
def test_pass_phrases(kind: str, keys: Keys) -> None:
    content = getattr(keys, kind)
    assert open_with(given(keys, api_user_key_content=content, api_user_key_pass_phrase=PHRASE)).tenancy == TENANCY
    text = fault(given(keys, api_user_key_content=content, api_user_key_pass_phrase="SECRET wrong ü"))
    assert "can't be decrypted with the given pass phrase" in text


def test_a_pass_phrase_that_is_not_needed_does_no_harm(keys: Keys) -> None:
    assert open_with(given(keys, api_user_key_pass_phrase=PHRASE)).tenancy == TENANCY


@pytest.mark.parametrize(
    "form",
    [
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.strip().replace("\n", "\\n"),
        lambda pem: f"\n  {pem}\nOCI_API_KEY\n",
    ],
    ids=["crlf", "written-out line breaks", "label of the console"],
)
def test_key_contents_in_the_shapes_that_forms_leave_behind(form: Any, keys: Keys) -> None:
    assert open_with(given(keys, api_user_key_content=form(keys.plain))).tenancy == TENANCY


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("SECRET nonsense é", "is not a private key in PEM form"),
        ("-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----", "is damaged"),
    ],
)
def test_contents_that_are_no_key_are_not_echoed(content: str, words: str, keys: Keys) -> None:
    assert words in fault(given(keys, api_user_key_content=content))


def test_an_openssh_key_is_understood_or_explained(keys: Keys) -> None:
    try:
        open_with(given(keys, api_user_key_content=keys.openssh))
    except InputError as error:
        assert "ssh-keygen -p -m PEM" in str(error)  # noqa: PT017 - depends on the release of cryptography


def test_a_key_with_its_lines_joined_is_read_or_explained(keys: Keys) -> None:
    lines = keys.plain.strip().splitlines()
    broken = " ".join(lines[:1] + lines[3:])
    assert "is damaged" in fault(given(keys, api_user_key_content=broken))


def test_key_files_that_cannot_be_read(keys: Keys, home: Path) -> None:
    write_config(home, config_of(keys, home, key_file="sub/key.pem"))
    text = fault({})
    assert "The private key file" in text
    assert "written as 'sub/key.pem', which is relative to the working directory" in text
    assert f"No such file or directory. It is set by key_file in profile DEFAULT of {home}/.oci/config" in text
    write_config(home, config_of(keys, home, key_file="~/sub.pem"))
    assert f"The private key file {home}/sub.pem (written as '~/sub.pem') can't be read" in fault({})
    assert "Is a directory" in fault({"api_user_key_file": str(home)})
    (home / "empty").write_text("\n")
    assert f"The private key file {home}/empty is empty" in fault({"api_user_key_file": str(home / "empty")})


# --- session token


def session(keys: Keys, home: Path, content: str | None, **changes: str | None) -> None:
    write_config(home, config_of(keys, home, user=None, security_token_file=str(home / "token"), **changes))
    if content is not None:
        (home / "token").write_text(content + "\n")


def test_a_session_token(keys: Keys, home: Path) -> None:
    valid = token(exp=int(time.time()) + 600)
    session(keys, home, valid)
    connection = open_with({"auth_type": "security_token"})
    assert (connection.tenancy, connection.region) == (TENANCY, "eu-frankfurt-1")
    assert connection.secrets == (valid,)
    assert connection.describe_principal() == f"session token of profile DEFAULT of {home}/.oci/config"
    headers = connection._principal.signer.sign("GET", "h", "/", {}, None)
    assert f'keyId="ST${valid}"' in headers["authorization"]
    assert connection.block_volume("fra").host == "iaas.eu-frankfurt-1.oraclecloud.com"


def test_the_tenancy_of_a_session_token_may_be_in_it_only(keys: Keys, home: Path) -> None:
    session(keys, home, token(exp=int(time.time()) + 600, tenant="ocid1.tenancy.oc1..claim"), tenancy=None)
    assert open_with({"auth_type": "security_token"}).tenancy == "ocid1.tenancy.oc1..claim"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "token can't be read: No such file or directory. It is set by security_token_file in profile"),
        ("", "is empty"),
        ("SECRET", "does not contain a token"),
        ("a.SECRET.c", "does not contain a token"),
        (
            token(exp=1_000_000_000),
            "expired at 2001-09-09 01:46:40 UTC. Renew it with 'oci session refresh --profile DEFAULT'",
        ),
    ],
)
def test_session_tokens_that_are_no_good(content: str | None, words: str, keys: Keys, home: Path) -> None:
    session(keys, home, content)
    assert words in fault({"auth_type": "security_token"})


def test_a_session_token_needs_its_file_and_key(keys: Keys, home: Path) -> None:
    text = fault({"auth_type": "security_token"})
    assert "It is required for: security_token_file" in text
    assert "option security_token_file" not in text
    write_config(home, config_of(keys, home))
    assert "has no security_token_file, which auth_type security_token requires" in fault(
        {"auth_type": "security_token"}
    )
    session(keys, home, token(exp=int(time.time()) + 600), key_file=None)
    assert "has no key_file" in fault({"auth_type": "security_token"})
    options = {"auth_type": "security_token", "api_user_key_file": str(home / "key.pem")}
    assert open_with(options).tenancy == TENANCY


# --- principals


def test_an_instance_principal_elsewhere_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: tuple[str, int], timeout: float) -> None:
        assert timeout == METADATA_TIMEOUT <= 5
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", refuse)
    text = fault({"auth_type": "instance_principal"})
    assert "the metadata service http://169.254.169.254/opc/v2 does not respond (timed out)" in text
    assert "choose another auth_type" in text


def test_another_metadata_service_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: tuple[str, int], timeout: float) -> None:
        assert address == ("192.0.2.1", 8080)
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setenv("OCI_METADATA_BASE_URL", "http://192.0.2.1:8080/opc/v2")
    text = fault({"auth_type": "instance_principal"})
    assert "http://192.0.2.1:8080/opc/v2 does not respond (Connection refused)" in text


class FakeInstanceSigner(oci.auth.signers.SecurityTokenSigner):  # type: ignore[misc, name-defined, unused-ignore]
    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments
        self.delegation_token = arguments.get("delegation_token")
        self.region = "us-phoenix-1"
        self.tenancy_id = "ocid1.tenancy.oc1..instance"


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *args: SimpleNamespace(close=lambda: None))
    for name in ("InstancePrincipalsSecurityTokenSigner", "InstancePrincipalsDelegationTokenSigner"):
        monkeypatch.setattr(oci.auth.signers, name, FakeInstanceSigner)


@pytest.mark.usefixtures("instance")
def test_region_and_tenancy_of_an_instance_principal(keys: Keys, home: Path) -> None:
    write_config(home, config_of(keys, home))
    connection = open_with({"auth_type": "instance_principal"})
    assert (connection.region, connection.tenancy) == ("us-phoenix-1", "ocid1.tenancy.oc1..instance")
    assert connection.describe_principal() == "an instance principal"
    assert open_with({"auth_type": "instance_principal", "region": "iad"}).region == "us-ashburn-1"
    named = open_with({"auth_type": "instance_principal", "config_profile_name": "DEFAULT"})
    assert (named.region, named.tenancy) == ("eu-frankfurt-1", TENANCY)
    assert connection.block_volume("iad").host == "iaas.us-ashburn-1.oraclecloud.com"


@pytest.mark.usefixtures("instance")
def test_the_bundle_is_used_for_the_token_too(home: Path) -> None:
    trustme.CA().cert_pem.write_to_path(home / "ca.pem")
    connection = open_with({"auth_type": "instance_principal", "cert_bundle": "~/ca.pem"})
    assert connection._principal.signer._signer.arguments["federation_client_cert_bundle_verify"] == f"{home}/ca.pem"


@pytest.mark.usefixtures("instance")
def test_a_delegation_token(keys: Keys, home: Path) -> None:
    write_config(home, config_of(keys, home, delegation_token_file="~/obo"))
    options = {"auth_type": "instance_obo_user"}
    assert "The delegation token file" in fault(options)
    (home / "obo").write_text("SECRET-token\n")
    connection = open_with(options)
    assert connection._principal.signer._signer.arguments["delegation_token"] == "SECRET-token"
    assert connection.secrets == ("SECRET-token",)
    assert "SECRET" not in connection.describe_principal() + repr(connection._principal)
    write_config(home, config_of(keys, home))
    assert "has no delegation_token_file, which auth_type instance_obo_user requires" in fault(options)


@pytest.mark.usefixtures("instance")
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            oci.exceptions.ServiceError(401, "NotAuthenticated", {}, "no such dynamic group"),
            "401 no such dynamic group",
        ),
        (oci.base_client.requests.exceptions.ConnectionError("reset"), "ConnectionError: reset"),
        (RuntimeError("odd answer"), "RuntimeError: odd answer"),
        (KeyError("SECRET"), "failed: KeyError"),
        (
            oci.auth.certificate_retriever.InvalidCertificateFromInstanceMetadataError("private_key", b"SECRET"),
            "InvalidCertificateFromInstanceMetadataError",
        ),
    ],
)
def test_an_instance_principal_that_is_not_given(error: Exception, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, **arguments: object) -> None:
        raise error

    monkeypatch.setattr(FakeInstanceSigner, "__init__", fail)
    text = fault({"auth_type": "instance_principal"})
    assert text.startswith("Authentication with auth_type instance_principal failed: ")
    assert words in text


def test_a_resource_principal(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"auth_type": "resource_principal"}
    assert "OCI_RESOURCE_PRINCIPAL_VERSION is not set" in fault(options)
    monkeypatch.setenv("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2")
    monkeypatch.setenv("OCI_RESOURCE_PRINCIPAL_RPST", token(exp=time.time() + 600, iat=0, res_tenant=TENANCY))
    assert "also requires the environment variables OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM" in fault(options)
    monkeypatch.setenv("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", keys.plain)
    monkeypatch.setenv("OCI_RESOURCE_PRINCIPAL_REGION", "phx")
    connection = open_with(options)
    assert (connection.region, connection.tenancy) == ("us-phoenix-1", TENANCY)
    assert connection.describe_principal() == "a resource principal"
    monkeypatch.setenv("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", "SECRET")
    assert fault(options).startswith("Authentication with auth_type resource_principal failed: ")
    monkeypatch.setenv("OCI_RESOURCE_PRINCIPAL_VERSION", "9")
    assert "Unsupported OCI_RESOURCE_PRINCIPAL_VERSION: 9" in fault(options)


def test_a_workload_identity_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"auth_type": "oke_workload_identity"}
    assert "KUBERNETES_SERVICE_HOST is not set" in fault(options)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    assert "Authentication with auth_type oke_workload_identity failed: FileNotFoundError" in fault(options)


def test_a_workload_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    signer = SimpleNamespace(region=None, security_token=SimpleNamespace(security_token=token(res_tenant=TENANCY)))
    monkeypatch.setattr(oci.auth.signers, "get_oke_workload_identity_resource_principal_signer", lambda: signer)
    connection = open_with({"auth_type": "oke_workload_identity"})
    assert (connection.region, connection.tenancy) == (None, TENANCY)
    assert connection.describe_principal() == "an OKE workload identity"
