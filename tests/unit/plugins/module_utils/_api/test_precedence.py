# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of the guide that says which of several values counts: each of its cells, against each to the right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oci
import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import auth, endpoints, platform_auth
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.auth_choice import with_auth_type
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.config_file import find_profile
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.credentials import CredentialSources
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import (
    CONNECTION_OPTIONS,
    ENVIRONMENT,
    TOKEN_FILE_VARIABLES,
    resolve_connection,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.regions import released_regions

GUIDE = Path(__file__).parents[5] / "docs" / "docsite" / "rst" / "guide_connection.rst"
OPTION, OURS, COMMAND_LINE, PROFILE, DEFAULT, METADATA = range(6)
NO_OPTION = {"Session token": "security_token_file", "Delegation token": "delegation_token_file"}


def rows() -> dict[str, list[list[str]]]:
    """The names in each cell, by the value of its row; ``yes`` is the name of the profile's cell."""
    table = GUIDE.read_text().partition(".. list-table::")[2].partition("\n\nWhom an option")[0]
    found: dict[str, list[list[str]]] = {}
    for row in re.split(r"^  \* - ", table, flags=re.MULTILINE)[2:]:
        value, *cells = re.split(r"\n    - ", row.strip())
        names = [re.findall(r"``([^`]+)``", cell) for cell in cells]
        if cells[DEFAULT] == "yes":
            names[DEFAULT] = names[PROFILE]
        if cells[METADATA] == "yes":
            names[METADATA] = ["metadata"]
        found[value] = names
    return found


ROWS = rows()


def option_of(value: str) -> str:
    return ROWS[value][OPTION][0] if ROWS[value][OPTION] else NO_OPTION[value]


def places(value: str) -> list[tuple[int, str]]:
    """The places of a row in order of precedence: column and name."""
    return [(column, name) for column, names in enumerate(ROWS[value]) for name in names]


def cells() -> Iterator[Any]:
    """Each place of each row, where it has a value and so has each after it."""
    for value in ROWS:
        for number, (column, name) in enumerate(places(value)):
            yield pytest.param(value, number, id=f"{option_of(value)}-{column}-{name}")


#: The one that counts where nobody chooses is not the last one.
AUTH_TYPES = [
    "api_key",
    "resource_principal",
    "instance_principal",
    "oke_workload_identity",
    "security_token",
    "instance_obo_user",
]
REGIONS = [
    "us-ashburn-1",
    "us-phoenix-1",
    "eu-frankfurt-1",
    "uk-london-1",
    "ca-toronto-1",
    "sa-saopaulo-1",
    "ap-tokyo-1",
]


REALM_SPECIFIC = "realm_specific_endpoint_template_enabled"
"""Of two values only, so that the one that counts has to differ from all others."""


def value_at(option: str, number: int, first: int = 0) -> str:
    """The value at a place of a row: no two places have the same one."""
    if option == "auth_type":
        return AUTH_TYPES[number]
    if option == REALM_SPECIFIC:
        return str(number == first).lower()
    if option == "tenancy":
        return f"ocid1.tenancy.oc1..t{number}"
    if option == "region":
        return REGIONS[number]
    return f"/value/{number}"


class Instance(oci.auth.signers.SecurityTokenSigner):  # type: ignore[misc, name-defined, unused-ignore]
    def __init__(self, region: str, tenancy: str) -> None:
        self.region, self.tenancy_id = region, tenancy


@pytest.mark.parametrize(("value", "first"), list(cells()))
def test_the_leftmost_place_counts(value: str, first: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    option = option_of(value)
    options: dict[str, str] = {}
    environment: dict[str, str] = {}
    sections: dict[int, list[str]] = {PROFILE: [], DEFAULT: []}
    for number, (column, name) in list(enumerate(places(value)))[first:]:
        given = value_at(option, number, first)
        if column == OPTION:
            options[name] = given
        elif column in (OURS, COMMAND_LINE):
            environment[name] = given
        elif column in sections:
            sections[column].append(f"{name} = {given}\n")
        else:
            signer = Instance(value_at("region", number), value_at("tenancy", number))
            monkeypatch.setattr(platform_auth, "_instance_signer", lambda *_args, signer=signer, **_more: signer)
    if option not in ("config_file_location", "config_profile_name"):
        environment |= {"OCI_CONFIG_FILE": str(home / "config"), "OCI_CONFIG_PROFILE": "P"}
        (home / "config").write_text("[DEFAULT]\n" + "".join(sections[DEFAULT]) + "[P]\n" + "".join(sections[PROFILE]))
    if places(value)[-1][0] == METADATA:
        options["auth_type"] = "instance_principal"
    settings = resolve_connection(options, environment)
    if option == REALM_SPECIFIC:
        # No service of ours has such a host as yet.
        monkeypatch.setattr(endpoints, "_REALM_TEMPLATES", {"block_volume": {"oc1": "realm.{region}"}})
        host = endpoints.service_host(
            "block_volume",
            "us-phoenix-1",
            released_regions(),
            realm_specific=settings.realm_specific_endpoint_template_enabled,
            environment=environment,
        )
        assert host == "realm.us-phoenix-1"
        return
    assert seen(settings, option) == value_at(option, first)


@pytest.mark.parametrize("value", ROWS)
def test_no_two_places_of_a_row_are_tried_with_the_same_value(value: str) -> None:
    given = [value_at(option_of(value), number) for number, _place in enumerate(places(value))]
    if option_of(value) == REALM_SPECIFIC:
        assert given[0] not in given[1:]
    else:
        assert len(set(given)) == len(given)


def seen(settings: Any, option: str) -> str | None:
    """The value that counts, as those see it who use it."""
    if option == "auth_type":
        return with_auth_type(settings).auth_type
    if option in ("tenancy", "region"):
        principal = auth.create_principal(settings)
        return principal.tenancy if option == "tenancy" else principal.region
    profile = None if option in ("config_file_location", "config_profile_name") else find_profile(settings)
    found = CredentialSources(settings, profile).get(option)
    return found[0] if found else None


def test_the_table_has_each_option_and_each_variable() -> None:
    options = {option_of(value): value for value in ROWS}
    assert set(options) == {*CONNECTION_OPTIONS, *TOKEN_FILE_VARIABLES}
    # The SDK's own variable, which the collection reads where it makes hosts.
    read = {REALM_SPECIFIC: ("OCI_REALM_SPECIFIC_SERVICE_ENDPOINT_TEMPLATE_ENABLED",)}
    for option, variables in {**ENVIRONMENT, **TOKEN_FILE_VARIABLES, **read}.items():
        assert [*ROWS[options[option]][OURS], *ROWS[options[option]][COMMAND_LINE]] == list(variables), option


def test_each_cell_is_tried() -> None:
    assert len(list(cells())) == sum(len(names) for row in ROWS.values() for names in row) > 45


@pytest.mark.parametrize("source", ["OCI_CLI_KEY_CONTENT", "OCI_USER_KEY_CONTENT"])
@pytest.mark.parametrize("file", ["OCI_CLI_KEY_FILE", "OCI_USER_KEY_FILE"])
def test_a_key_of_ours_comes_before_one_of_the_command_line_and_content_before_a_file(source: str, file: str) -> None:
    settings = resolve_connection({}, {source: "content", file: "/file"})
    file_counts = file == "OCI_USER_KEY_FILE" and source == "OCI_CLI_KEY_CONTENT"
    assert (settings.api_user_key_content is None) is file_counts
