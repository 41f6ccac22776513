# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be true of every run, whatever happens to it: of what is there then, of the report, of the journal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from integration.support.harness import Ran
from integration.support.model_fleet import WRITES
from integration.support.model_requests import COPY, MAYBE, POLICY, REPLICAS, Ask, Row, Truth

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.errors import INTERNAL_ERROR
from simulator.client import Call

_OF_A_CHANGE = {"kmsKeyId", "etag", "kmsKeyEtag", "rewraps", "lifecycleState", "changing", "pendingKmsKeyId"}
_OF_A_CHANGE |= {"blockVolumeReplicas", "bootVolumeReplicas", "volumeGroupReplicas"}
_OF_A_CHANGE |= {"instanceConfigurationId", "nodeConfigDetails"}


@dataclass(frozen=True)
class Run:
    """One run of a module, and what was there before and after it. Without ``ran`` it was killed."""

    ask: Ask
    check: bool
    before: Truth
    after: Truth
    ran: Ran | None
    calls: list[Call]
    journal: Path
    needless_puts: int
    jump: int = 0
    """By how many seconds the clock of its journal is off."""
    a_row_lags: bool = False
    """Whether lists show one resource as it was before its last change, whenever they are read. Then a former key that
    the journal has from a list may be an older one, and it says that it is from a list."""

    @property
    def writes(self) -> list[Call]:
        return [call for call in self.calls if call.operation in WRITES]

    @property
    def entries(self) -> dict[str, dict[str, Any]]:
        return {} if self.ran is None else {entry["id"]: entry for entry in self.ran.result.get("resources", ())}

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal.read_text().splitlines()] if self.journal.exists() else []

    @property
    def intents(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == "intent"]

    def has_changed(self, subject: str) -> bool:
        rewraps = [truth.rows[subject].get("rewraps", 0) for truth in (self.before, self.after)]
        held = [self.ask.held(truth, subject) for truth in (self.before, self.after)]
        return held[0] != held[1] or (self.ask.regenerates and rewraps[0] != rewraps[1])


def check(run: Run) -> None:
    check_others(run)
    check_subjects(run)
    check_needless(run)
    check_journal(run)
    if run.ran is not None:
        check_report(run, run.ran)


def check_others(run: Run) -> None:
    """What was not named never changes, and of what was named, nothing but the key."""
    touched = set() if run.check else run.ask.touches(run.before, run.after)
    assert set(run.before.rows) <= set(run.after.rows)
    assert set(run.after.rows) - set(run.before.rows) <= touched
    for name, row in run.before.rows.items():
        now = run.after.rows[name]
        if name in touched:
            assert besides(now) == besides(row), name
            if run.ask.module not in REPLICAS:
                assert _replicas(now) == _replicas(row), name
        else:
            assert _untouched(now) == _untouched(row), name
    named = run.ask.ids if run.ask.module is POLICY and not run.check else ()
    for asset in {*run.before.assignments, *run.after.assignments} - set(named):
        assert run.after.assignments.get(asset) == run.before.assignments.get(asset), asset
    assert not (run.check and run.writes)


def _untouched(row: Row) -> dict[str, Any]:
    """Without the etag, which may be another one at each read (switch ``etag_stable``)."""
    return {name: value for name, value in row.items() if name != "etag"}


def besides(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _OF_A_CHANGE}


def _replicas(row: Row) -> list[Any]:
    return [value for name, value in row.items() if name.endswith("VolumeReplicas") or name == "volumeGroupReplicas"]


def check_subjects(run: Run) -> None:
    """A subject is as it was or as it was asked for: on no third key, and never Oracle-managed unless asked for."""
    for subject in run.ask.subjects(run.before):
        was, now = (run.ask.held(truth, subject) for truth in (run.before, run.after))
        if run.ask.module is COPY:
            copies = run.after.live_copies(subject, str(run.ask.destination))
            assert len(copies) <= max(1, len(run.before.live_copies(subject, str(run.ask.destination)))), subject
            for name, key in (now or {}).items():
                assert key in ((was or {}).get(name, run.ask.key), run.ask.key), name
        elif now != was and not _is_half_way(run, subject, now):
            assert now == run.ask.desired(run.before, subject), subject


def _is_half_way(run: Run, asset: str, now: Any) -> bool:
    """An assignment may have been taken away and not be made anew, by a process that was killed or could not: then it
    is in the journal, and who was not killed does not say that it is there."""
    if run.ask.module in REPLICAS:
        message = (run.entries[asset]["error"] or {}).get("message", "") if run.ran is not None else "could not be read"
        return now == () and ("could not be restored" in message or "could not be read" in message)
    if run.ask.module is not POLICY or now is not None or all(intent["id"] != asset for intent in run.intents):
        return False
    if run.ran is None:
        return True
    entry = run.entries[asset]
    told = (entry["error"] or {}).get("message", "")
    return entry["policy_id"] is None and ("could not be restored" in told or "could not be read" in told)


def check_needless(run: Run) -> None:
    """No key is put where it is already, unless a new data key is what was asked for, and then once."""
    allowed = [name for name in run.ask.ids if run.ask.regenerates and run.before.key(name) == run.ask.key]
    for name, row in run.before.rows.items():
        assert run.after.rows[name].get("rewraps", 0) - row.get("rewraps", 0) <= (name in allowed), name
    assert run.needless_puts == 0 or allowed


def check_journal(run: Run) -> None:
    """Each write has its line, which is older, and tells what was there before."""
    intents = run.intents
    for call in run.writes:
        mine = [intent for intent in intents if names_write(intent, call, run.before)]
        assert any(_seconds(intent) - run.jump <= call.time for intent in mine), f"{call.operation} {call.resource}"
    seen = set()
    for intent in intents:
        if intent["id"] not in seen:
            seen.add(intent["id"])
            is_true = _former(intent, run.ask) == _former_in_truth(intent, run)
            assert is_true or _may_lag(run, intent["id"]), intent
    if run.ran is not None:
        outcomes = {line["id"]: line for line in run.lines if line["event"] == "outcome"}
        assert seen <= set(outcomes)
        for name in seen:
            assert outcomes[name]["changed"] == run.entries[name]["changed"]
            assert not outcomes[name]["known"] or outcomes[name]["kms_key_id"] == run.entries[name]["kms_key_id"]


def _may_lag(run: Run, subject: str) -> bool:
    read_by = [line.get("previous_read_by") for line in run.intents if line["id"] == subject]
    return run.a_row_lags and read_by[:1] == ["list"]


def names_write(intent: dict[str, Any], call: Call, before: Truth) -> bool:
    if call.operation == "CreateVolumeBackupPolicyAssignment":
        return bool(intent["id"] == call.request["assetId"])
    if call.operation == "DeleteVolumeBackupPolicyAssignment":
        return bool(before.assignments.get(intent["id"], {}).get("id") == call.resource)
    if call.operation == "CreateInstanceConfiguration":
        return bool(intent.get("previous_configuration_id") == call.request["freeformTags"]["oci_keys_copy_of"])
    copied = [intent.get("previous_copy_id"), *intent.get("previous_member_keys", ())]
    return call.resource in (intent["id"], *copied)


def _seconds(intent: dict[str, Any]) -> float:
    return datetime.fromisoformat(intent["time"]).timestamp()


def _former(intent: dict[str, Any], ask: Ask) -> Any:
    if ask.module is POLICY:
        policy = intent["previous_policy_id"]
        return None if policy is None else (policy, intent["previous_kms_key_id"])
    if ask.module is COPY:
        copy = intent["previous_copy_id"]
        return None if copy is None else intent.get("previous_member_keys") or {copy: intent["previous_kms_key_id"]}
    return (intent["previous_kms_key_id"],)


def _former_in_truth(intent: dict[str, Any], run: Run) -> Any:
    return run.ask.held(run.before, intent["id"])


def check_report(run: Run, ran: Ran) -> None:
    assert INTERNAL_ERROR not in ran.printed
    assert "InternalError" not in ran.printed
    assert "Traceback" not in ran.printed
    if "resources" not in ran.result:
        assert not run.writes, ran.msg
        return
    assert list(run.entries) == _reported_subjects(run)
    for subject, entry in run.entries.items():
        _check_entry(run, subject, entry)


def _reported_subjects(run: Run) -> list[str]:
    """The subjects; where a group could not be read, the group in its members' place."""
    told: list[str] = []
    for name in run.ask.ids:
        is_unread = name in run.entries and run.entries[name]["error"]
        told += [name] if is_unread else Ask(run.ask.module, (name,)).subjects(run.before)
    return list(dict.fromkeys(told))


def _check_entry(run: Run, subject: str, entry: dict[str, Any]) -> None:
    ask, told = run.ask, f"{subject}: {entry}"
    is_error, is_left = entry["error"] is not None, bool(entry.get("left_alone"))
    if subject not in ask.subjects(run.before):
        return
    if not is_error:
        is_true = _agree(_reported_key(entry, ask, "previous_"), ask.held(run.before, subject))
        assert is_true or _may_lag(run, subject), told
    if run.check:
        assert (
            is_error
            or is_left
            or entry["changed"] == (not ask.matches(run.before, run.before, subject))
            or (ask.regenerates)
        ), told
        return
    if is_error:
        assert entry["changed"] or not run.has_changed(subject), told
        return
    if not entry["settled"]:
        return
    assert _agree(_reported_key(entry, ask, ""), ask.held(run.after, subject)), told
    assert entry["changed"] == run.has_changed(subject), told
    assert is_left or ask.matches(run.before, run.after, subject), told


def _reported_key(entry: dict[str, Any], ask: Ask, prefix: str) -> Any:
    key = entry[f"{prefix}kms_key_id"]
    if ask.module is POLICY:
        policy = entry[f"{prefix}policy_id"]
        return None if policy is None else (policy, key)
    if entry[f"{prefix}encryption"] is None:
        return () if ask.module in REPLICAS else None
    return (key,)


def _agree(told: Any, held: Any) -> bool:
    """Of a copy, an entry tells one key, be it one of several."""
    if isinstance(held, dict):
        return told is not None and told[0] in held.values()
    return bool(told == held)


def check_done(run: Run) -> None:
    """Where nothing is in the way, everything is as wanted but for what can't be."""
    assert run.ran is not None
    if run.ask.is_refused(run.before):
        assert run.ran.failed
        assert "Nothing was changed" in run.ran.msg
        return
    assert "resources" in run.ran.result, run.ran.msg
    for subject, entry in run.entries.items():
        excuse = run.ask.excuse(run.before, subject)
        if run.ask.matches(run.before, run.before, subject) and excuse != "faulty":
            continue
        if excuse is None:
            assert entry["error"] is None, run.ran.msg
            assert not entry.get("left_alone"), run.ran.msg
        elif excuse != MAYBE:
            assert entry["error"] or entry.get("left_alone"), f"{excuse}: {entry}"


def check_idle(again: Run, done: Run) -> None:
    """What was brought to be as wanted, or can't be, is left alone the next time."""
    assert again.ran is not None
    if MAYBE not in [done.ask.excuse(done.before, subject) for subject in done.ask.subjects(done.before)]:
        assert not again.writes, [call.operation for call in again.writes]
        assert not again.ran.result.get("changed")
