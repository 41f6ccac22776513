# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Regions that users define: what can't be used is an error that names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import region_tables
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.region_tables import region_table
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.regions import RegionTable

pytestmark = pytest.mark.usefixtures("home")
REGION = {
    "realmKey": "OC99",
    "realmDomainComponent": "cloud.example",
    "regionKey": "XYZ",
    "regionIdentifier": "xx-y-1",
}
TABLE = RegionTable({}, {}, {})


@pytest.fixture(autouse=True)
def sdk_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(region_tables, "_sdk_table", lambda: TABLE)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("garbage", "is not a JSON object: 'garbage'"),
        ("{", "is not a JSON object"),
        ("7", "is not a JSON object"),
        ("null", "is not a JSON object"),
        ('"x"', "is not a JSON object"),
        (json.dumps([REGION]), "is a list of regions"),
        ("[]", "is a list of regions"),
        ("{}", "has no text for realmKey, realmDomainComponent, regionKey, regionIdentifier"),
        (json.dumps({**REGION, "regionKey": ""}), "has no text for regionKey"),
        (json.dumps({**REGION, "realmKey": 5}), "has no text for realmKey"),
        ("[" * 100_000, "is not a JSON object"),
    ],
)
def test_a_variable_that_is_no_region_is_named(value: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        region_table({"OCI_REGION_METADATA": value})
    text = str(caught.value)
    assert text.startswith(f"The environment variable OCI_REGION_METADATA {words}")
    assert "It takes one region, an object with realmKey, " in text
    assert "a list of regions goes in ~/.oci/regions-config.json" in text


@pytest.mark.parametrize("value", ["", "  "])
def test_a_blank_one_is_none(value: str) -> None:
    assert region_table({"OCI_REGION_METADATA": value}) is not TABLE


def test_a_region_is_handed_to_the_sdk() -> None:
    assert region_table({"OCI_REGION_METADATA": json.dumps(REGION)}) is TABLE


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("garbage", "it is not a list"),
        (json.dumps(REGION), "it is not a list"),
        ("[[]]", "a region in it is not a JSON object"),
        (json.dumps([REGION, {}]), "a region in it has no text for realmKey"),
    ],
)
def test_so_is_a_file(content: str, words: str, home: Path) -> None:
    file = home / ".oci" / "regions-config.json"
    file.parent.mkdir()
    file.write_text(content)
    with pytest.raises(InputError) as caught:
        region_table({})
    assert str(caught.value).startswith(f"The regions file {file} can't be used: {words}")
    file.write_text(json.dumps([REGION]))
    assert region_table({}) is TABLE
