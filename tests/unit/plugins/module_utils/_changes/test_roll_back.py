# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from unit.support.fake_cloud import IAD, KEY_A, KEY_B, Cloud, compartment_id, refused, volume_id
from unit.support.fakes import MemoryJournal, reconcile

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.attempts import Change
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.request import Target
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision, decide
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.policies import POLICY_OF_VOLUME
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.policy_reader import AssetPolicy
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.reader import Reader

VOLUME = volume_id(0)
POLICY = "ocid1.volumebackuppolicy.oc1..policy"
WRITES = {"create_volume_backup_policy_assignment": "create", "delete_volume_backup_policy_assignment": "delete"}


class PolicyCloud:
    """One volume and its backup policy, whose key is only changed by deleting the assignment first.

    ``answers`` has, by operation, what goes wrong with the first requests; None is a request that is accepted.
    """

    def __init__(self, **answers: list[Exception | None]) -> None:
        self.cloud = Cloud()
        self.key: str | None = KEY_A
        self.is_assigned = True
        self.answers = answers
        self.sent: list[tuple[str, str | None]] = []

    def get(self, resource_id: str) -> AssetPolicy:
        return AssetPolicy(
            id=resource_id,
            type="volume",
            region=IAD,
            display_name="data",
            compartment_id=compartment_id(1),
            lifecycle_state="AVAILABLE",
            kms_key_id=self.key if self.is_assigned else None,
            policy_id=POLICY if self.is_assigned else None,
            assignment_id="assignment" if self.is_assigned else None,
            destination_region="eu-frankfurt-1",
        )

    def service_for(self, _action: str) -> PolicyCloud:
        return self

    def on_accepted(self, *_given: object) -> None:
        return None

    def page_of(self, _resource_id: str) -> None:
        """No list shows a backup policy."""

    def on_refused(self, *_given: object) -> bool:
        return False

    def wait_turn(self, _remaining: object) -> None:
        """There is no pace to keep."""

    def fresh(self, resource_id: str, **_how: object) -> tuple[AssetPolicy, float]:
        return self.get(resource_id), self.cloud.clock.monotonic()

    def read(self, operation: str, _ocid: str) -> Response:
        row = SimpleNamespace(id="assignment", asset_id=VOLUME, policy_id=POLICY, xrc_kms_key_id=self.key)
        if operation == "get_volume_backup_policy_assignment":
            return Response(row, etag="etag")
        assert operation == "get_volume_backup_policy_asset_assignment"
        return Response([row] if self.is_assigned else [])

    def relying_on(self, _latest: object) -> PolicyCloud:
        return self

    def write(self, operation: str, details: Any, if_match: str | None = None) -> Response:
        assert if_match == ("etag" if operation.startswith("delete") else None)
        name = WRITES[operation]
        key = details.get("xrcKmsKeyId") if name == "create" else None
        self.sent.append((name, key))
        answers = self.answers.get(name, [])
        error = answers.pop(0) if answers else None
        if error is not None:
            raise error
        if name == "create" and self.is_assigned:
            raise refused(409, "Conflict", operation="CreateVolumeBackupPolicyAssignment")
        self.is_assigned, self.key = name == "create", key
        return Response(None)

    def change(self) -> Change:
        decision = decide(self.get(VOLUME), DesiredState(KEY_B), POLICY_OF_VOLUME)
        return Change(Target(VOLUME, POLICY_OF_VOLUME, IAD), decision, POLICY_OF_VOLUME, cast(Reader, self))


class CountingJournal(MemoryJournal):
    """Sees to it that no request is sent without a line before it."""

    def __init__(self, policies: PolicyCloud) -> None:
        super().__init__(policies.cloud)
        self.open()
        self.policies = policies
        self.sent_at: list[int] = []

    def intend(self, region: str, decision: Decision) -> None:
        super().intend(region, decision)
        self.sent_at.append(len(self.policies.sent))


CONFLICT = refused(409, "Conflict")
NOT_ALLOWED = refused(404, "NotAuthorizedOrNotFound", operation="CreateVolumeBackupPolicyAssignment")


def test_what_a_refused_change_has_taken_away_is_restored_after_a_line_in_the_journal() -> None:
    policies = PolicyCloud(create=[CONFLICT, NOT_ALLOWED])
    journal = CountingJournal(policies)
    attempt = reconcile(policies.cloud, policies.change(), journal)
    assert policies.sent == [("create", KEY_B), ("delete", None), ("create", KEY_B), ("create", KEY_A)]
    assert journal.sent_at[:2] == [0, 3]
    assert (policies.is_assigned, policies.key, attempt.changed) == (True, KEY_A, False)
    assert attempt.error is not None
    assert attempt.error.code == "NotAuthorizedOrNotFound"
    assert "restored" in attempt.error.message


def test_an_unexpected_error_while_restoring_does_not_end_that_and_keeps_why_it_was_needed() -> None:
    policies = PolicyCloud(create=[CONFLICT, NOT_ALLOWED, KeyError("what?")])
    attempt = reconcile(policies.cloud, policies.change(), CountingJournal(policies))
    assert (policies.is_assigned, policies.key, attempt.changed) == (True, KEY_A, False)
    assert attempt.error is not None
    assert attempt.error.code == "NotAuthorizedOrNotFound"


def test_an_unexpected_error_after_a_request_is_not_reported_as_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = PolicyCloud(create=[CONFLICT, NOT_ALLOWED])

    def broken(_error: object) -> bool:
        raise KeyError("what?")

    monkeypatch.setattr(POLICY_OF_VOLUME, "is_retryable", broken, raising=False)
    attempt = reconcile(policies.cloud, policies.change(), CountingJournal(policies))
    assert attempt.error is not None
    assert attempt.error.code == "InternalError"
    assert (policies.is_assigned, policies.key, attempt.changed) == (True, KEY_A, False)
