# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module that plans the way back from what runs left, after them and before the batches that carry it out."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.support.copy_helpers import backups, copies_of, copy, existing
from integration.support.fleets import volumes
from integration.support.harness import furnish, run
from integration.support.rekey_helpers import (
    IAD,
    PHX,
    discover,
    keys_in_place,
    make_plan,
    mixed_fleet,
    plan_restore,
    read_plan,
    rekey,
    restore,
    subjects,
)

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_report
from simulator.client import Simulator


@pytest.mark.parametrize("source", ["plan.json", "journal.jsonl", "."])
def test_everything_goes_back_to_its_original_key(sim: Simulator, tmp_path: Path, source: str) -> None:
    mixed_fleet(sim)
    before = keys_in_place(sim)
    rekey(sim, tmp_path / "run", include_replicated=True)
    assert keys_in_place(sim) != before

    restore(sim, tmp_path / "undo", tmp_path / "run" / source)

    assert keys_in_place(sim) == before
    assert sim.needless_puts == 0
    again = plan_restore(sim, tmp_path / "again", tmp_path / "run" / source)
    assert again.result["summary"]["planned"] == 0


class TestWhatCanNotBeRead:
    """Unknown is never complete, but what is not found any more must not fail every later restore."""

    @pytest.mark.parametrize("status", [500, 403])
    def test_a_restore_that_could_not_read_everything_is_incomplete(
        self, sim: Simulator, tmp_path: Path, status: int
    ) -> None:
        furnish(sim, volumes=[volumes(2, key="key-b")])
        rekey(sim, tmp_path / "run")
        sim.fault("status", "GetVolume", times=None, status=status, code="NotAllowed", message="No.")
        sim.fault("status", "ListVolumes", times=None, status=status, code="NotAllowed", message="No.")

        planned = plan_restore(sim, tmp_path / "undo", tmp_path / "run")

        assert planned.result["summary"]["not_seen"] == 2
        assert planned.result["found"]["complete"] is False
        assert "2 of the resources could not be read" in planned.result["found"]["msg"]

    def test_a_volume_that_was_deleted_since_is_not_seen(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(2, key="key-b")])
        rekey(sim, tmp_path / "run")
        sim.fault("status", "GetVolume", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")
        sim.fault("status", "ListVolumes", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")

        planned = plan_restore(sim, tmp_path / "undo", tmp_path / "run")

        assert planned.result["summary"]["not_seen"] == 2
        assert planned.result["found"]["complete"] is True


class TestRestore:
    def test_two_runs_go_back_to_before_the_first(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(2, key="key-b")])
        before = keys_in_place(sim)
        rekey(sim, tmp_path / "one")
        everywhere = {IAD: sim.id("key-everywhere"), PHX: sim.id("key-everywhere")}
        rekey(sim, tmp_path / "two", kms_key_ids=everywhere)

        only_first = plan_restore(sim, tmp_path / "no", tmp_path / "one")
        assert only_first.result["summary"]["planned"] == 0
        assert "not the key that the run assigned" in read_plan(tmp_path / "no")["left_alone"][0]["reason"]
        restore(sim, tmp_path / "undo", tmp_path / "two", tmp_path / "one")

        assert keys_in_place(sim) == before

    def test_what_can_not_go_back_is_named_and_the_others_do(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(1, key="key-b"), volumes(1, name="other", key="key-everywhere")])
        rekey(sim, tmp_path / "run")
        sim.change(sim.id("key-b"), state="DISABLED")

        planned = restore(sim, tmp_path / "undo", tmp_path / "run" / "journal.jsonl")

        assert "volume-1" in "\n".join(planned.result["lines"])
        assert "former key can't be used" in read_plan(tmp_path / "undo")["blocked"][0]["reason"]
        assert sim.resource(sim.id("other-1"))["kmsKeyId"] == sim.id("key-everywhere")
        assert sim.resource(sim.id("volume-1"))["kmsKeyId"] == sim.id("key-a")

    def test_the_oracle_managed_key_only_if_it_is_allowed(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(1)])
        rekey(sim, tmp_path / "run")
        refused = plan_restore(sim, tmp_path / "undo", tmp_path / "run", allow_oracle_managed=False)
        assert refused.result["summary"]["planned"] == 0
        (row,) = read_plan(tmp_path / "undo")["left_alone"]
        assert row["reason"] == "was on the Oracle-managed key"
        assert "restore_keys_allow_oracle_managed" in row["remedy"]

    def test_of_copies_those_go_back_that_were_there_before(self, sim: Simulator, tmp_path: Path) -> None:
        """A report tells a copy by its source, which may well be on the key that the copy was given."""
        furnish(sim, volume_backups=[backups(2, key="key-everywhere"), existing(key="key-phx")])
        copied = copy(sim, "backup-1", "backup-2", key="key-everywhere", result_file=str(tmp_path / "copied.json"))
        assert copied.result["summary"]["changed"] == 2, copied.msg
        discover(sim, tmp_path / "after.json")
        files = {"discovery_file": str(tmp_path / "after.json"), "change_files": [str(tmp_path / "copied.json")]}
        assert not run(key_assignment_report.main, sim, report_dir=str(tmp_path), **files).failed

        restore(sim, tmp_path / "undo", tmp_path / "report.json")

        assert subjects(read_plan(tmp_path / "undo")["entries"]) == {("volume_backup", sim.id("copy"))}
        assert sim.resource(sim.id("copy"))["kmsKeyId"] == sim.id("key-phx")
        (made,) = copies_of(sim, "backup-2")
        others = [sim.id("backup-1"), sim.id("backup-2"), made["id"]]
        assert {sim.resource(name)["kmsKeyId"] for name in others} == {sim.id("key-everywhere")}

    def test_a_dry_run_is_refused(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(1)])
        make_plan(sim, tmp_path / "dry", check=True)
        assert "is of a dry run" in plan_restore(sim, tmp_path / "undo", tmp_path / "dry" / "plan.json").msg

    @pytest.mark.parametrize("source", ["plan.json", "journal.jsonl"])
    def test_another_tenancy_is_refused(self, sim: Simulator, tmp_path: Path, source: str) -> None:
        furnish(sim, volumes=[volumes(1)])
        rekey(sim, tmp_path / "run")
        file = tmp_path / "run" / source
        file.write_text(file.read_text().replace(sim.id("root"), f"ocid1.tenancy.oc1..{'x' * 60}"))
        assert "but the credentials are for" in plan_restore(sim, tmp_path / "undo", file).msg

    @pytest.mark.parametrize(
        "content", ["", "{}", "[1]", "not JSON", '{"event": "intent"}', '{"format": "other"}', "null"]
    )
    def test_what_is_no_file_of_a_run(self, sim: Simulator, tmp_path: Path, content: str) -> None:
        file = tmp_path / "given"
        file.write_text(content)
        ran = plan_restore(sim, tmp_path / "undo", file)
        assert ran.failed
        assert str(file) in ran.msg
        assert "Traceback" not in ran.printed
