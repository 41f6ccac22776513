# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from unit.support.fake_cloud import IAD, KEY_A, KEY_B, compartment_id, lost, refused, volume_id
from unit.support.kinds import KINDS

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.iam import use_statements
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ApiError, explain
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.actions import ASSIGN, REGENERATE, REMOVE
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState, Resource
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.error_hints import (
    explain_read,
    explain_write,
)

VOLUME = KINDS["volume"]


def decision(former: str | None, desired: str | None, action: str = ASSIGN) -> Decision:
    before = Resource(volume_id(0), "volume", IAD, "data", compartment_id(7), "AVAILABLE", former)
    return Decision(before, DesiredState(desired), action)


def hint(error: ApiError, former: str | None = KEY_A, desired: str | None = KEY_B, action: str = ASSIGN) -> str | None:
    compartments = {KEY_A: compartment_id(900)}
    return explain_write(error, VOLUME, decision(former, desired, action), compartments).hint


def test_statements_are_ready_to_paste() -> None:
    service, delegate = use_statements(KEY_A, compartment_id(3))
    place = f"in compartment id {compartment_id(3)} where target.key.id = '{KEY_A}'"
    assert service == f"Allow service blockstorage to use keys {place}"
    assert delegate == f"Allow group <your group> to use key-delegate {place}"


def test_a_compartment_that_is_not_known_is_left_to_the_reader() -> None:
    assert all("<the key's compartment>" in line for line in use_statements(KEY_A, None))


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_404_on_a_read_names_kind_region_and_permission(kind: object) -> None:
    error = explain_read(refused(404, "NotAuthorizedOrNotFound"), kind, IAD)  # type: ignore[arg-type]
    assert (error.status, error.code, error.opc_request_id) == (404, "NotAuthorizedOrNotFound", "req-404")
    assert kind.noun in error.message  # type: ignore[attr-defined]
    assert IAD in error.message
    assert f"to read {kind.iam_resource_type}" in (error.hint or "")  # type: ignore[attr-defined]


@pytest.mark.parametrize("action", [ASSIGN, REMOVE, REGENERATE])
def test_a_limit_on_changes_at_a_time_is_no_matter_of_permissions(action: str) -> None:
    told = hint(refused(400, "LimitExceeded"), action=action)
    assert told is not None
    assert "concurrency" in told
    assert "Allow" not in told
    assert "security zone" not in told


@pytest.mark.parametrize("error", [refused(412, "NoEtagMatch"), refused(409, "NoEtagMatch")])
def test_an_outdated_reading_is_said_to_be_one(error: ApiError) -> None:
    told = hint(error)
    assert told is not None
    assert "changed by somebody else" in told


def test_a_conflict_that_passes_is_worth_another_run() -> None:
    assert "in progress" in (hint(refused(409, "Conflict")) or "")


@pytest.mark.parametrize("error", [refused(500, "InternalServerError"), refused(401, "NotAuthenticated")])
def test_another_refusal_of_a_read_stands_as_it_came(error: ApiError) -> None:
    explained = explain_read(error, VOLUME, IAD)
    assert (explained.message, explained.hint) == ("No.", None)
    assert explained == explain(error)


@pytest.mark.parametrize("explainer", [explain, lambda error: explain_read(error, VOLUME, IAD)])
def test_no_answer_is_no_status(explainer: object) -> None:
    explained = explainer(lost())  # type: ignore[operator]
    assert (explained.code, explained.status, explained.opc_request_id) == ("NoAnswer", None, None)
    assert "connection reset" in explained.message


@pytest.mark.parametrize(
    "error",
    [
        refused(404, "NotAuthorizedOrNotFound"),
        refused(400, "RelatedResourceNotAuthorizedOrNotFound"),
        refused(400, "InvalidParameter"),
        refused(403, "NotAllowed"),
    ],
)
def test_a_refused_key_change_hints_at_both_keys(error: ApiError) -> None:
    text = hint(error) or ""
    for key, place in ((KEY_A, compartment_id(900)), (KEY_B, "<the key's compartment>")):
        assert any("service blockstorage" in line and key in line and place in line for line in text.splitlines())
        assert any("key-delegate" in line and key in line for line in text.splitlines())
    assert f"to use volumes in compartment id {compartment_id(7)}" in text
    assert "None" not in text


def test_a_volume_that_was_oracle_managed_hints_at_the_new_key_only() -> None:
    text = hint(refused(404, "NotAuthorizedOrNotFound"), former=None) or ""
    assert KEY_B in text
    assert "None" not in text
    assert "security zone" not in text


def test_a_refused_removal_hints_at_the_key_left_and_security_zones() -> None:
    text = hint(refused(404, "NotAuthorizedOrNotFound"), desired=None, action=REMOVE) or ""
    assert KEY_A in text
    assert "security zone" in text
    assert "block_volume_without_vault_key" in text


def test_a_removal_in_a_security_zone_is_hinted_at_for_a_conflict() -> None:
    assert "security zone" in (hint(refused(409, "Conflict"), desired=None, action=REMOVE) or "")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused(409, "ResourceLocked"), "Remove the lock"),
        (refused(401, "NotAuthenticated"), "credentials"),
        (refused(409, "IncorrectState"), "Run the task again when it has ended"),
    ],
)
def test_each_refusal_has_its_own_advice(error: ApiError, words: str) -> None:
    text = hint(error) or ""
    assert words in text
    assert "Allow" not in text


@pytest.mark.parametrize("error", [refused(429, "TooManyRequests"), refused(500, "InternalServerError"), lost()])
def test_no_advice_where_none_is_known(error: ApiError) -> None:
    assert hint(error) is None


def test_a_refused_regeneration_leaves_no_key() -> None:
    text = hint(refused(404, "NotAuthorizedOrNotFound"), former=KEY_A, desired=KEY_A, action=REGENERATE) or ""
    assert text.count("service blockstorage") == 1
