# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Profiles as the SDK and the command line write them: which identity signs, and that two are never mixed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import oci
import pytest
from unit.support.credentials import TENANCY, USER, Keys, fault, given, open_with, token, write_config

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import metadata_service
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import (
    AUTH_TYPES,
    ENVIRONMENT,
    TOKEN_FILE_VARIABLES,
)

pytestmark = pytest.mark.usefixtures("home")
OTHER = "ocid1.user.oc1..other"


def valid_token(keys: Keys, **claims: object) -> str:
    return token(exp=int(time.time()) + 3000, tenant=TENANCY, jwk=keys.jwk, **claims)


def api_key_lines(keys: Keys, home: Path, user: str = USER) -> str:
    (home / "key.pem").write_text(keys.plain)
    return f"user={user}\nfingerprint={keys.fingerprint}\nkey_file={home}/key.pem\ntenancy={TENANCY}\nregion=iad\n"


def session_lines(keys: Keys, home: Path) -> str:
    """What ``oci session authenticate`` writes."""
    (home / "session.pem").write_text(keys.plain)
    (home / "token").write_text(valid_token(keys))
    return (
        f"fingerprint={keys.fingerprint}\nkey_file={home}/session.pem\ntenancy={TENANCY}\nregion=eu-frankfurt-1\n"
        f"security_token_file={home}/token\n"
    )


CLOUD_SHELL = "authentication_type=instance_principal\nregion=us-phoenix-1\ndelegation_token_file=~/obo\n"


class FakeSigner(oci.auth.signers.SecurityTokenSigner):  # type: ignore[misc, name-defined, unused-ignore]
    region, tenancy_id = "us-phoenix-1", TENANCY

    def __init__(self, **arguments: Any) -> None:
        self.delegation_token = arguments.get("delegation_token")


@pytest.fixture(autouse=True)
def instance(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "obo").write_text("SECRET-obo")
    for name in ("InstancePrincipalsSecurityTokenSigner", "InstancePrincipalsDelegationTokenSigner"):
        monkeypatch.setattr(oci.auth.signers, name, FakeSigner)
    monkeypatch.setattr(
        metadata_service.socket, "create_connection", lambda *_args: SimpleNamespace(close=lambda: None)
    )


@pytest.mark.parametrize(
    ("default", "profile", "auth_type"),
    [
        ("session", None, "security_token"),
        ("", "session", "security_token"),
        ("api_key", "session", "security_token"),
        ("cloud_shell", "session", "security_token"),
        ("session", "region", "security_token"),
        ("session", "api_key", "api_key"),
        ("cloud_shell", "api_key", "api_key"),
        ("api_key", None, "api_key"),
        ("api_key", "region", "api_key"),
        ("cloud_shell", None, "instance_obo_user"),
        ("api_key", "cloud_shell", "instance_obo_user"),
        ("session", "cloud_shell", "instance_obo_user"),
        ("api_key", "delegation", "instance_obo_user"),
        ("api_key", "instance", "instance_principal"),
    ],
)
def test_a_profile_chooses_its_authentication(
    default: str, profile: str | None, auth_type: str, keys: Keys, home: Path
) -> None:
    texts = {
        "": "",
        "region": "region=uk-london-1\n",
        "api_key": api_key_lines(keys, home),
        "session": session_lines(keys, home),
        "cloud_shell": CLOUD_SHELL,
        "delegation": "delegation_token_file=~/obo\n",
        "instance": "authentication_type = INSTANCE_PRINCIPAL\n",
    }
    write_config(home, f"[DEFAULT]\n{texts[default]}" + (f"[P]\n{texts[profile]}" if profile is not None else ""))
    connection = open_with({} if profile is None else {"config_profile_name": "P"})
    assert connection.auth_type == auth_type
    words = {
        "api_key": f"user {USER}",
        "security_token": "session token of",
        "instance_obo_user": "the user of the dele",
    }
    assert connection.describe_principal().startswith(words.get(auth_type, "an instance"))


def test_a_session_never_signs_as_the_user_of_default(keys: Keys, home: Path) -> None:
    write_config(home, f"[DEFAULT]\n{api_key_lines(keys, home)}[S]\n{session_lines(keys, home)}")
    text = fault({"config_profile_name": "S", "auth_type": "api_key"})
    assert f"The profile S of {home}/.oci/config has a token (security_token_file)" in text
    assert "with auth_type api_key it would sign as the user of profile DEFAULT" in text
    assert "Set auth_type to security_token or leave it out" in text


def test_nor_as_the_user_of_a_variable(keys: Keys, home: Path) -> None:
    write_config(home, f"[S]\n{session_lines(keys, home)}")
    text = fault({}, {"OCI_CLI_PROFILE": "S", "OCI_CLI_USER": OTHER})
    assert "would sign as the user of environment variable OCI_CLI_USER" in text


def test_cloud_shell_does_not_sign_as_the_user_of_default(keys: Keys, home: Path) -> None:
    write_config(home, f"[DEFAULT]\n{api_key_lines(keys, home)}[C]\n{CLOUD_SHELL}")
    text = fault({"config_profile_name": "C", "auth_type": "api_key"})
    assert "has a token (delegation_token_file)" in text
    assert "Set auth_type to instance_obo_user" in text


def test_a_session_with_a_user_of_its_own_may_be_an_api_key(keys: Keys, home: Path) -> None:
    write_config(home, f"[S]\nuser={USER}\n{session_lines(keys, home)}")
    assert open_with({"config_profile_name": "S", "auth_type": "api_key"}).auth_type == "api_key"
    assert open_with({"config_profile_name": "S"}).auth_type == "security_token"


def test_a_session_whose_key_is_that_of_default_is_refused(keys: Keys, other_keys: Keys, home: Path) -> None:
    """A profile with a token only inherits the key of [DEFAULT], which is not the key of the token."""
    session_lines(keys, home)
    default = api_key_lines(other_keys, home)
    write_config(home, f"[DEFAULT]\n{default}[S]\nsecurity_token_file={home}/token\n")
    text = fault({"config_profile_name": "S"})
    assert (
        f"The private key ({home}/key.pem, key_file in profile DEFAULT of {home}/.oci/config, which profile S" in text
    )
    assert f"is not that of the session token {home}/token" in text
    assert "oci session authenticate --profile-name S" in text


@pytest.mark.parametrize("blank", ["", "   "])
def test_a_blank_token_file_is_none(blank: str, keys: Keys, home: Path) -> None:
    write_config(home, f"[DEFAULT]\n{api_key_lines(keys, home)}security_token_file={blank}\n")
    assert open_with({}).auth_type == "api_key"


def test_an_authentication_type_that_is_unknown_is_named(keys: Keys, home: Path) -> None:
    write_config(home, f"[DEFAULT]\n{api_key_lines(keys, home)}authentication_type=magic\n")
    text = fault({})
    assert f"'magic' (authentication_type in profile DEFAULT of {home}/.oci/config) is not valid; choose one of" in text
    assert open_with({"auth_type": "api_key"}).auth_type == "api_key"


def test_a_session_profile_that_is_said_to_be_an_api_key_is_told_of_its_token(keys: Keys, home: Path) -> None:
    write_config(home, f"[DEFAULT]\n{session_lines(keys, home)}")
    text = fault({"auth_type": "api_key"})
    assert "Missing: user" in text
    assert "The profile has a session token: leave auth_type out" in text


# --- an option comes before the environment


def names(variables: Mapping[str, tuple[str, ...]], *options: str) -> list[str]:
    return [name for option in options for name in variables[option]]


TOKEN_FILES = names(TOKEN_FILE_VARIABLES, *TOKEN_FILE_VARIABLES)
CHOICES = [(name, "~/other") for name in TOKEN_FILES]
CHOICES += [(name, "resource_principal") for name in names(ENVIRONMENT, "auth_type")]
CHOICES += [("OCI_CLI_AUTH", kind) for kind in AUTH_TYPES if kind != "resource_principal"]
PROFILES = {
    "PROD": ("api_key", f"user {USER} with"),
    "S": ("security_token", "session token of profile S of"),
    "C": ("instance_obo_user", "the user of the delegation token ~/obo,"),
    "I": ("instance_principal", "an instance principal"),
    "HEIR": ("api_key", f"user {USER} with"),
}


def auth_type_of(profile: str) -> str:
    return PROFILES[profile][0]


@pytest.fixture
def profiles(keys: Keys, home: Path) -> Path:
    """A config file with a profile of each kind; HEIR has all but its region from DEFAULT."""
    (home / "other").write_text(valid_token(keys, sub=OTHER))
    api_key = api_key_lines(keys, home)
    return write_config(
        home,
        f"[DEFAULT]\n{api_key}[PROD]\n{api_key}[S]\n{session_lines(keys, home)}[C]\n{CLOUD_SHELL}"
        "[I]\nauthentication_type=instance_principal\n[HEIR]\nregion=uk-london-1\n",
    )


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("variable", "value"), CHOICES)
def test_who_signs_is_the_profile_of_an_option(variable: str, value: str, profile: str, profiles: Path) -> None:
    user = {} if auth_type_of(profile) == "api_key" else {"OCI_USER_ID": OTHER, "OCI_CLI_USER": OTHER}
    connection = open_with({"config_profile_name": profile}, {variable: value, **user})
    words = PROFILES[profile][1]
    assert (connection.auth_type, connection.describe_principal()[: len(words)]) == (
        auth_type_of(profile),
        words,
    )


@pytest.mark.parametrize(("variable", "value"), CHOICES)
def test_who_signs_is_the_config_file_of_an_option(variable: str, value: str, profiles: Path) -> None:
    connection = open_with({"config_file_location": str(profiles)}, {variable: value, "OCI_CLI_PROFILE": "PROD"})
    assert connection.describe_principal().startswith(f"user {USER} with")


@pytest.mark.parametrize(("variable", "value"), CHOICES)
def test_who_signs_is_the_user_of_an_option(variable: str, value: str, keys: Keys) -> None:
    assert open_with(given(keys), {variable: value}).describe_principal().startswith(f"user {USER} with")


@pytest.mark.parametrize("variable", TOKEN_FILES)
@pytest.mark.parametrize("profile", ["S", "C"])
@pytest.mark.parametrize("chosen", [True, False])
def test_a_profile_of_an_option_has_its_own_token(
    variable: str, profile: str, chosen: bool, profiles: Path, home: Path
) -> None:
    options = {"config_profile_name": profile} | ({"auth_type": auth_type_of(profile)} if chosen else {})
    own = (home / ("token" if profile == "S" else "obo")).read_text()
    assert open_with(options, {variable: str(home / "other")}).secrets == (own,)


def test_the_environment_still_chooses_where_no_option_names_who_signs(profiles: Path) -> None:
    environment = {"OCI_CLI_PROFILE": "PROD", "OCI_DELEGATION_TOKEN_FILE": "~/obo"}
    assert open_with({}, environment).auth_type == "instance_obo_user"
    assert open_with({"region": "iad"}, environment).auth_type == "instance_obo_user"
    assert open_with({}, {"OCI_CLI_PROFILE": "PROD", "OCI_CLI_AUTH": "instance_principal"}).region == "us-ashburn-1"


def test_or_where_the_profile_of_an_option_has_no_credentials(home: Path) -> None:
    write_config(home, "[LONE]\nregion=uk-london-1\n")
    for environment in ({"OCI_DELEGATION_TOKEN_FILE": "~/obo"}, {"OCI_CLI_AUTH": "instance_principal"}):
        connection = open_with({"config_profile_name": "LONE"}, environment)
        assert connection.auth_type.startswith("instance_")
        assert connection.region == "uk-london-1"


def test_an_option_may_ask_for_the_token_of_the_environment(profiles: Path) -> None:
    options = {"config_profile_name": "PROD", "auth_type": "instance_obo_user"}
    assert open_with(options, {"OCI_DELEGATION_TOKEN_FILE": "~/obo"}).secrets == ("SECRET-obo",)


# --- variables of the command line


def test_the_variables_of_the_command_line_are_enough(keys: Keys, home: Path) -> None:
    (home / "key.pem").write_text(keys.encrypted)
    connection = open_with(
        {},
        {
            "OCI_CLI_USER": USER,
            "OCI_CLI_TENANCY": TENANCY,
            "OCI_CLI_REGION": "uk-london-1",
            "OCI_CLI_FINGERPRINT": keys.fingerprint,
            "OCI_CLI_KEY_FILE": str(home / "key.pem"),
            "OCI_CLI_PASSPHRASE": keys.phrase,
        },
    )
    assert connection.describe_principal().startswith(f"user {USER}")
    assert (connection.region, connection.secrets) == ("uk-london-1", (keys.phrase,))


def test_a_token_file_of_the_command_line_is_a_session(keys: Keys, home: Path) -> None:
    write_config(home, f"[DEFAULT]\n{session_lines(keys, home)}".replace("security_token_file", "x"))
    connection = open_with({}, {"OCI_CLI_SECURITY_TOKEN_FILE": str(home / "token")})
    assert connection.auth_type == "security_token"


def test_a_token_file_needs_no_config_file(keys: Keys, home: Path) -> None:
    session_lines(keys, home)
    environment = {
        "OCI_CLI_SECURITY_TOKEN_FILE": str(home / "token"),
        "OCI_CLI_KEY_FILE": str(home / "session.pem"),
        "OCI_CLI_REGION": "iad",
    }
    assert open_with({}, environment).tenancy == TENANCY


def test_cloud_shell_as_its_environment_has_it(home: Path) -> None:
    file = write_config(home, f"[DEFAULT]\n[us-phoenix-1]\n{CLOUD_SHELL}", "oci/config")
    environment = {
        "OCI_CLI_AUTH": "instance_obo_user",
        "OCI_CLI_CONFIG_FILE": str(file),
        "OCI_CLI_PROFILE": "us-phoenix-1",
        "OCI_CLI_CLOUD_SHELL": "True",
    }
    connection = open_with({}, environment)
    assert (connection.auth_type, connection.region) == ("instance_obo_user", "us-phoenix-1")
    assert connection.secrets == ("SECRET-obo",)


def test_a_way_to_authenticate_that_only_the_command_line_has_is_named() -> None:
    assert "'pkcs11' (environment variable OCI_CLI_AUTH) is not valid" in fault({}, {"OCI_CLI_AUTH": "pkcs11"})


def test_a_blank_of_awx_leaves_the_choice_to_the_profile(keys: Keys, home: Path) -> None:
    write_config(home, f"[DEFAULT]\n{session_lines(keys, home)}")
    assert open_with({"auth_type": ""}, {"OCI_ANSIBLE_AUTH_TYPE": ""}).auth_type == "security_token"


def test_a_user_given_beside_the_file_of_an_api_key_changes_only_the_user(keys: Keys, home: Path) -> None:
    write_config(home, f"[DEFAULT]\n{api_key_lines(keys, home)}")
    assert open_with({"api_user": OTHER}).describe_principal().startswith(f"user {OTHER}")


@pytest.mark.parametrize("named", [True, False])
def test_a_profile_that_chooses_an_instance_gives_its_region(named: bool, home: Path) -> None:
    write_config(home, "[DEFAULT]\nauthentication_type=instance_principal\nregion=uk-london-1\n")
    assert open_with({"config_profile_name": "DEFAULT"} if named else {}).region == "uk-london-1"
    assert open_with({"auth_type": "instance_principal"}).region == "us-phoenix-1"
