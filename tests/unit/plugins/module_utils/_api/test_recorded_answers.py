# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of the real service are read: some with the shapes that were recorded, and the recordings where they are.

The shapes are those of 2018 and 2019, which lack fields that are documented by now. Names and OCIDs are made up.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import field_types as of
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import record_types as records
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.decoding import decode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.operations import (
    OPERATIONS,
    Operation,
    Request,
    request,
)

PROJECT = Path(__file__).parents[5]
# Beside the project, or beside the folder that it is a second checkout in.
RECORDINGS = next(
    (path for each in PROJECT.parents if (path := each / "shared" / "field").is_dir()), PROJECT / "shared"
)
SHAPES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "recorded_shapes.json").read_text())
KEY_SUMMARY = records.RecordType(
    "KeySummary", {"id": of.ocid, "vault_id": of.ocid, "lifecycle_state": of.word, "time_created": of.time}, {}
)
# What is recorded of operations that the collection does not call, whose answers are records that it reads.
OTHERS = {
    ("POST", "/20160918/volumes"): Operation("block_volume", "POST", "", record=records.VOLUME),
    ("POST", "/20160918/bootVolumes"): Operation("block_volume", "POST", "", record=records.BOOT_VOLUME),
    ("PUT", "/20160918/volumes/{}"): Operation("block_volume", "PUT", "", record=records.VOLUME),
    ("POST", "/20160918/volumeBackups"): Operation("block_volume", "POST", "", record=records.VOLUME_BACKUP),
    ("GET", "/20160918/volumes/{}/kmsKey"): Operation("block_volume", "GET", "", record=records.VOLUME_KMS_KEY),
    ("GET", "/20160918/bootVolumes/{}/kmsKey"): Operation(
        "block_volume", "GET", "", record=records.BOOT_VOLUME_KMS_KEY
    ),
    ("GET", "/20160918/volumeBackupPolicies"): Operation(
        "block_volume", "GET", "", record=records.VOLUME_BACKUP_POLICY, is_list=True
    ),
    ("POST", "/20180608/keys/{}/actions/disable"): Operation("vault_management", "POST", "", record=records.KEY),
    ("POST", "/20180608/vaults/{}/actions/scheduleDeletion"): Operation("vaults", "POST", "", record=records.VAULT),
    ("GET", "/20180608/keys"): Operation("vault_management", "GET", "", record=KEY_SUMMARY, is_list=True),
}


class Exchange(NamedTuple):
    name: str
    method: str
    url: str
    sent: str | None
    status: int
    body: str


def recorded() -> list[Exchange]:
    return [
        Exchange(
            f"{path.stem} {number}",
            one["request"]["method"],
            one["request"]["uri"],
            one["request"]["body"],
            one["response"]["status"],
            one["response"]["body"],
        )
        for path in sorted(RECORDINGS.glob("*.json"))
        for number, one in enumerate(json.loads(path.read_text()))
    ]


def question(exchange: Exchange) -> Request:
    """The request of the collection that is the recorded one."""
    parts = urlsplit(exchange.url)
    path = unquote(parts.path).rstrip("/")
    query = {re.sub("([A-Z])", r"_\1", name).lower(): values[0] for name, values in parse_qs(parts.query).items()}
    for name, operation in OPERATIONS.items():
        found = re.fullmatch(re.sub(r"\{\w+\}", "([^/]+)", operation.path), path)
        if operation.method == exchange.method and found:
            details = [json.loads(exchange.sent or "{}")] if operation.has_body else []
            if query.get("compartment_id_in_subtree"):
                query["compartment_id_in_subtree"] = True  # type: ignore[assignment]
            return request(name, *found.groups(), *details, **query)
    anonymous = re.sub(r"ocid[^/]+", "{}", path)
    return Request(replace(OTHERS[exchange.method, anonymous], name=anonymous), path, {}, None, {})


def assert_read(exchange: Exchange) -> None:
    if not 200 <= exchange.status < 300:
        assert {"code", "message"} <= json.loads(exchange.body).keys()
        return
    asked = question(exchange)
    decoded = decode(asked, exchange.body.encode())
    assert decoded.unreadable == ()
    if asked.operation.is_list:
        rows = json.loads(exchange.body)
        assert len(decoded.data) == len(rows["items"] if asked.operation.items else rows)


@pytest.mark.parametrize("shape", SHAPES, ids=[shape["name"] for shape in SHAPES])
def test_an_answer_of_a_recorded_shape_is_read(shape: dict[str, Any]) -> None:
    sent = json.dumps(shape["sent"]) if "sent" in shape else None
    body = "" if shape["body"] is None else json.dumps(shape["body"], indent=2)
    assert_read(Exchange(shape["name"], shape["method"], shape["url"], sent, shape["status"], body))


def test_every_operation_that_was_recorded_has_a_shape() -> None:
    names = {question_name(shape["method"], shape["url"]) for shape in SHAPES}
    for exchange in recorded():
        if exchange.status < 300 and exchange.method != "DELETE":
            assert question_name(exchange.method, exchange.url) in names, exchange.name


def question_name(method: str, url: str) -> tuple[str, str]:
    return method, re.sub(r"ocid[^/]+", "{}", unquote(urlsplit(url).path).rstrip("/"))


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings of the real service in {RECORDINGS}")
def test_the_recorded_answers_are_read() -> None:
    exchanges = recorded()
    assert len({exchange.name.split()[0] for exchange in exchanges}) == 29
    for exchange in exchanges:
        assert_read(exchange)
