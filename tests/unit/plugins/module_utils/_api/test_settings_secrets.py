# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets in the settings of a connection: which values AnsibleModule has to hide."""

from __future__ import annotations

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.config_file import read_profile
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.proxies import proxy_secrets
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import (
    ENVIRONMENT,
    resolve_connection,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError

BODY = "MIIEpAIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n{BODY[::-1]}\n-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize("password", ["secret", "se/cr#e?t", "se\\cret", "s@cret", "s%2Fcret"])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "http_proxy"])
@pytest.mark.parametrize("form", ["http://scott:{}@proxy:3128", "scott:{}@proxy:3128"])
def test_credentials_of_proxies_are_hidden(variable: str, form: str, password: str) -> None:
    environment = {variable: form.format(password)}
    secrets = resolve_connection({}, environment).secrets
    assert {f"scott:{password}", password, password.replace("%2F", "/")} <= set(secrets)
    assert "proxy" not in "".join(secrets)
    assert password not in repr(resolve_connection({}, environment))


@pytest.mark.parametrize(
    "environment",
    [{"HTTPS_PROXY": "http://proxy:3128"}, {"NO_PROXY": "a:bcdef@c"}, {"HTTPS_PROXY": "http://a:b@c"}, {}],
)
def test_nothing_else_is_hidden(environment: dict[str, str]) -> None:
    assert proxy_secrets(environment) == ()


@pytest.mark.parametrize("option", [name for name in ENVIRONMENT if name not in ("auth_type", "api_user_key_content")])
def test_a_key_in_another_variable_is_a_secret(option: str) -> None:
    settings = resolve_connection({}, {ENVIRONMENT[option][0]: PEM})
    assert PEM.strip() in {secret.strip() for secret in settings.secrets}


@pytest.mark.parametrize("option", ["auth_type", "config_file_location", "config_profile_name"])
def test_a_key_in_another_variable_is_in_no_message(option: str) -> None:
    with pytest.raises(InputError) as raised:
        read_profile(resolve_connection({}, {ENVIRONMENT[option][0]: PEM}), ("tenancy",))
    assert BODY[:20].lower() not in str(raised.value).lower()
    assert "\n" not in str(raised.value)
