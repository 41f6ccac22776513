# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema of exceptions says what their reader takes, as does the example of the guide."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from unit.support.fake_cloud import compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.exceptions_file import (
    parse_exceptions,
    read_exceptions,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import RESOURCE_TYPES

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "roles" / "encryption_report" / "files" / "exceptions.schema.json"
SCHEMA = json.loads(FILE.read_text(encoding="utf-8"))
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_exceptions.rst"
GIVEN: dict[str, Any] = {"reason": "r", "owner": "o", "ticket": 1, "expires": "2099-01-01"}


@pytest.mark.parametrize(
    ("row", "is_valid"),
    [
        ({**GIVEN, "match": {"resource_ids": [volume_id(1)]}}, True),
        ({**GIVEN, "match": {"compartment_ids": [compartment_id(1)], "resource_types": ["volume"]}}, True),
        ({**GIVEN, "match": {"freeform_tags": {"a": 1}, "defined_tags": {"n": {"a": "b"}}}}, True),
        ({**GIVEN, "match": {}}, False),
        ({**GIVEN, "match": {"resource_ids": []}}, False),
        ({**GIVEN, "match": {"resource_types": ["disk"]}}, False),
        ({**GIVEN, "match": {"defined_tags": {"n": {}}}}, False),
        ({**GIVEN, "match": {"tag": "x"}}, False),
        (GIVEN, False),
        ({**GIVEN, "match": {"resource_types": ["volume"]}, "expires": "soon"}, False),
        ({**GIVEN, "match": {"resource_types": ["volume"]}, "reason": ""}, False),
        ({**GIVEN, "match": {"resource_types": ["volume"]}, "until": "2099-01-01"}, False),
    ],
)
def test_schema_and_reader_agree(row: dict[str, Any], is_valid: bool) -> None:
    assert Draft202012Validator(SCHEMA).is_valid({"version": 1, "exceptions": [row]}) is is_valid
    if is_valid:
        assert len(parse_exceptions([row], "exceptions")) == 1
    else:
        with pytest.raises(InputError):
            parse_exceptions([row], "exceptions")


def test_it_knows_the_resource_types() -> None:
    known = SCHEMA["$defs"]["match"]["properties"]["resource_types"]["items"]["enum"]
    assert known == list(RESOURCE_TYPES.with_key.names)


def test_the_example_of_the_guide_is_read(tmp_path: Path) -> None:
    found = re.search(r":caption: exceptions\.yml\n\n((?:  .*\n|\n)+)", GUIDE.read_text(encoding="utf-8"))
    assert found is not None
    example = textwrap.dedent(found[1]).replace("ocid1.compartment.oc1..exampleuniqueid", compartment_id(1))
    (tmp_path / "exceptions.yml").write_text(example)
    assert len(read_exceptions(tmp_path / "exceptions.yml")) == 2
    as_text = json.loads(json.dumps(yaml.safe_load(example), default=str))
    Draft202012Validator(SCHEMA).validate(as_text)
