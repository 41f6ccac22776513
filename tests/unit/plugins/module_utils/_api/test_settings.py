# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import (
    AUTH_TYPES,
    CONNECTION_OPTIONS,
    ENVIRONMENT,
    ConnectionSettings,
    how_to_set,
    resolve_connection,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.values import is_blank

TEXT_OPTIONS = [name for name in ENVIRONMENT if name != "auth_type"]
BLANKS = ["", " ", "\t\n", None]


@pytest.mark.parametrize("value", BLANKS)
def test_blank(value: object) -> None:
    assert is_blank(value)


@pytest.mark.parametrize("value", ["x", " x ", False, 0, [], "None"])
def test_not_blank(value: object) -> None:
    assert not is_blank(value)


def test_nothing_given() -> None:
    assert resolve_connection({}, {}) == ConnectionSettings()
    assert ConnectionSettings().auth_type == "api_key"


@pytest.mark.parametrize("option", TEXT_OPTIONS)
def test_option_beats_environment_beats_nothing(option: str) -> None:
    variables = dict.fromkeys(ENVIRONMENT[option], "from-environment")
    assert getattr(resolve_connection({option: "from-option"}, variables), option) == "from-option"
    assert getattr(resolve_connection({}, variables), option) == "from-environment"
    assert getattr(resolve_connection({}, {}), option) is None


@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("option", TEXT_OPTIONS)
def test_a_blank_option_leaves_the_word_to_the_environment(option: str, blank: str | None) -> None:
    settings = resolve_connection({option: blank}, {ENVIRONMENT[option][0]: "from-environment"})
    assert getattr(settings, option) == "from-environment"
    assert settings.sources[option] == f"environment variable {ENVIRONMENT[option][0]}"


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
@pytest.mark.parametrize("option", TEXT_OPTIONS)
def test_a_blank_in_the_environment_is_not_set_either(option: str, blank: str) -> None:
    assert getattr(resolve_connection({}, dict.fromkeys(ENVIRONMENT[option], blank)), option) is None


@pytest.mark.parametrize(
    ("option", "first", "second"),
    [("tenancy", "OCI_TENANCY", "OCI_TENANCY_ID"), ("auth_type", "OCI_ANSIBLE_AUTH_TYPE", "OCI_AUTH_TYPE")],
)
def test_of_two_variables_the_first_counts_unless_blank(option: str, first: str, second: str) -> None:
    one, two = ("security_token", "resource_principal") if option == "auth_type" else ("one", "two")
    assert getattr(resolve_connection({}, {first: one, second: two}), option) == one
    assert getattr(resolve_connection({}, {first: " ", second: two}), option) == two
    assert getattr(resolve_connection({}, {second: two}), option) == two


def test_blanks_around_values_are_dropped_but_not_in_a_pass_phrase() -> None:
    settings = resolve_connection({"region": " iad\n", "api_user_key_pass_phrase": " two words "}, {})
    assert settings.region == "iad"
    assert settings.api_user_key_pass_phrase == " two words "


@pytest.mark.parametrize("option", ["api_user_key_file", "api_user_key_content"])
def test_a_key_given_as_an_option_beats_every_key_in_the_environment(option: str) -> None:
    environment = {"OCI_USER_KEY_FILE": "environment", "OCI_USER_KEY_CONTENT": "environment"}
    settings = resolve_connection({option: "option"}, environment)
    other = ({"api_user_key_file", "api_user_key_content"} - {option}).pop()
    assert getattr(settings, option) == "option"
    assert getattr(settings, other) is None
    assert other not in settings.sources


@pytest.mark.parametrize("name", AUTH_TYPES)
def test_auth_types(name: str) -> None:
    assert resolve_connection({"auth_type": name}, {"OCI_AUTH_TYPE": "nonsense"}).auth_type == name
    assert resolve_connection({}, {"OCI_AUTH_TYPE": name.upper()}).auth_type == name


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_auth_type_is_an_api_key(blank: str | None) -> None:
    assert resolve_connection({"auth_type": blank}, {"OCI_AUTH_TYPE": ""}).auth_type == "api_key"


def test_an_unknown_auth_type_is_named_with_its_source_and_the_valid_ones() -> None:
    with pytest.raises(
        InputError, match=r"'apikey' \(option auth_type\) is not valid; choose one of: api_key, instance_principal"
    ):
        resolve_connection({"auth_type": "apikey"}, {})
    with pytest.raises(InputError, match="environment variable OCI_AUTH_TYPE"):
        resolve_connection({}, {"OCI_AUTH_TYPE": "apikey"})


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        (True, True),
        (False, False),
        ("True", True),
        ("no", False),
        (" yes ", True),
        ("0", False),
        ("", None),
        (None, None),
    ],
)
def test_realm_specific_endpoints(value: object, meaning: bool | None) -> None:
    settings = resolve_connection({"realm_specific_endpoint_template_enabled": value}, {})
    assert settings.realm_specific_endpoint_template_enabled is meaning


def test_realm_specific_endpoints_refuse_nonsense() -> None:
    with pytest.raises(InputError, match=r"'maybe'.*is not valid; choose one of: true, false"):
        resolve_connection({"realm_specific_endpoint_template_enabled": "maybe"}, {})


def test_secrets_are_collected_wherever_they_come_from_and_not_shown() -> None:
    settings = resolve_connection({"api_user_key_content": "SECRET-KEY"}, {"OCI_USER_KEY_PASS_PHRASE": "SECRET-PHRASE"})
    assert settings.secrets == ("SECRET-KEY", "SECRET-PHRASE")
    assert "SECRET" not in repr(settings)
    assert "SECRET" not in str(settings)
    assert resolve_connection({}, {}).secrets == ()


def test_the_argument_spec_sees_no_blank_before_we_do() -> None:
    for name, spec in CONNECTION_OPTIONS.items():
        assert set(spec) <= {"type", "no_log"}, name
        assert spec["type"] in ("str", "path"), name
        assert hasattr(ConnectionSettings(), name)
    assert [name for name, spec in CONNECTION_OPTIONS.items() if spec.get("no_log")] == [
        "api_user_key_content",
        "api_user_key_pass_phrase",
    ]


def test_how_to_set_names_option_and_variable() -> None:
    assert how_to_set("tenancy") == "option tenancy, environment variable OCI_TENANCY"
    assert how_to_set("realm_specific_endpoint_template_enabled") == "option realm_specific_endpoint_template_enabled"
