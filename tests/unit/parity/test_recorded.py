# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was recorded on a tenancy, replayed: the collection reads each answer, and the simulator gives the same.

The fixtures are what ``make parity-take`` has put into ``tests/parity/recorded``. As long as nobody has sent any, a
result of the simulator itself, in another condition than its default one, shows that the replay works.
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from unit.parity.test_result import result

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import _service_error
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.decoding import decode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.operations import OPERATIONS, Request
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.transport import HttpResponse
from parity import simulated, take
from parity.catalog import ALL
from parity.probe import AS_ASSUMED, DIFFERS, ask
from parity.recording import Redactor

_SERVICES = {
    "iaas": "block_volume",
    "identity": "identity",
    "kms": "vaults",
    "management": "vault_management",
    "query": "search",
}
OTHER = {"key_visible": "at_put", "trailing_empty_page": "on", "unusable_key_code": "400", "stale_etag_code": "409"}
FILES = sorted(take.RECORDED.glob("*.json"))


DOCUMENTS = [*(pytest.param(file, id=file.stem) for file in FILES), pytest.param(None, id="simulator")]


@functools.cache
def _content(file: Path | None) -> dict[str, Any]:
    return take.read(file) if file is not None else result(OTHER, tuple(ALL))[0]


def _operation(row: dict[str, Any]) -> str | None:
    """The collection's own operation for an exchange, if it has one."""
    path = re.sub(r"ocid1\.[^/]+", "{}", urlsplit(row["path"]).path)
    for name, one in OPERATIONS.items():
        same = (one.service, one.method) == (_SERVICES.get(row["service"]), row["method"])
        if same and re.sub(r"\{[^}]*\}", "{}", one.path) == path:
            return name
    return None


@pytest.mark.parametrize("file", DOCUMENTS)
def test_the_collection_reads_every_recorded_answer(file: Path | None) -> None:
    content, read = _content(file), Counter[int]()
    for row in content["exchanges"]:
        name = _operation(row)
        if name is None:
            continue
        asked = Request(OPERATIONS[name], row["path"], {}, None, {})
        body = b"" if row["body"] is None else json.dumps(row["body"]).encode()
        read[row["status"] // 100] += 1
        if row["status"] < 300:
            assert decode(asked, body).unreadable == (), row
            continue
        error = _service_error(asked, HttpResponse(row["status"], row["headers"], body))
        # What it decides by, and what it shows.
        wanted = (row["status"], row["body"]["code"], row["body"]["message"])
        assert (error.status, error.code, error.message) == wanted, row
    assert read[2] > 20
    assert read[4] > 3 or file is not None


@pytest.mark.parametrize("file", DOCUMENTS)
def test_the_simulator_answers_as_recorded(file: Path | None) -> None:
    """Under the settings that the file proves: the same findings, and no status and no field that it does not know."""
    content = _content(file)
    bed = simulated.start(take.answers(content))
    unlike: list[str] = []
    for row in content["findings"]:
        one = ALL.get(row["probe"])
        if one is None or one.judge(row["seen"]) not in (AS_ASSUMED, DIFFERS):
            continue
        bed.bed.cloud.recorder.probe = one.name
        seen = ask(one, bed.bed).seen
        if one.switch and one.possible and seen != row["seen"]:
            unlike.append(f"{one.name}: recorded {row['seen']}, the simulator {seen}")
    ours = [Redactor().exchange(each) for each in bed.bed.cloud.recorder.exchanges]
    unlike += sorted(_forms(content["exchanges"]) - _forms(ours))
    assert unlike == []


def _forms(rows: list[dict[str, Any]]) -> set[str]:
    """What was asked and how it was answered, without values."""
    forms = set()
    for row in rows:
        path = re.sub(r"ocid1\.[^/]+", "{}", urlsplit(row["path"]).path)
        body = row["body"]
        for record in body if isinstance(body, list) else [body]:
            fields = ",".join(sorted(record)) if isinstance(record, dict) else ""
            forms.add(f"{row['method']} {path} {row['status']} {fields}")
    return forms
