# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole plan in one task: batches, the rule that stops them, rounds for what is made meanwhile, and being killed."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import SOAK, Ran, furnish, run
from integration.support.model_process import Killed, Life, living
from integration.support.rekey_helpers import (
    IAD,
    TYPES,
    keys_in_place,
    mixed_fleet,
    plan_restore,
    read_plan,
    restore,
    subjects,
    wanted_keys,
)

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules import plan_rounds
from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_plan, key_plan_apply
from simulator.client import Simulator

PUT = "UpdateVolumeKmsKey"


def plan_now(sim: Simulator, folder: Path, *, check: bool = False, **options: Any) -> Ran:
    """Discover and plan in one task, as the role does."""
    files = {"new_discovery_file": "before.json", "plan_file": "plan.json", "keys_file": "keys.json"}
    given = {
        "compartment_ids": [sim.id("prod")],
        "regions": [IAD],
        "resource_types": TYPES,
        "kms_key_ids": wanted_keys(sim),
        "create_folder": True,
        **{name: str(folder / file) for name, file in files.items()},
        **options,
    }
    given = {name: value for name, value in given.items() if value is not None}
    planned = run(key_assignment_plan.main, sim, check=check, **given)
    assert not planned.failed, planned.msg
    return planned


def apply(sim: Simulator, folder: Path, *, check: bool = False, clock: Life | None = None, **options: Any) -> Ran:
    given = {"rounds": 3, "max_failures": 10, **options}
    return run(key_plan_apply.main, sim, check=check, clock=clock, plan_file=str(folder / "plan.json"), **given)


def names_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(("batch-", "plan", "after")))


def refuse(sim: Simulator, **more: Any) -> None:
    sim.fault("status", PUT, times=None, status=400, code="InvalidParameter", message="No.", **more)


def test_checked_changed_again_and_checked_again(sim: Simulator, tmp_path: Path) -> None:
    """One discovery besides that of the plan, one PUT a volume, and keys are looked up once."""
    furnish(sim, volumes=[volumes(7, key="key-b")])
    folder = tmp_path / "run"
    planned = plan_now(sim, folder, batch_size=3, resource_types=["volume"])
    look = {name: count for name, count in planned.calls.items() if name.startswith(("List", "Search", "Get"))}

    checked = apply(sim, folder, check=True)
    assert (checked.changed, checked.writes, checked.result["batches"]) == (True, {}, 3)
    assert checked.msg.startswith("7 of 7 resources would be changed, 0 failed")
    assert names_of(folder) == ["plan.json"]

    changed = apply(sim, folder)
    assert not changed.failed, changed.msg
    assert (changed.changed, changed.writes) == (True, {PUT: 7})
    assert changed.result["summary"] == {"total": 7, "changed": 7, "unchanged": 0, "failed": 0}
    assert (changed.result["batches"], changed.result["stopped"]) == (3, None)
    numbers = [f"batch-{number:04}.json" for number in (1, 2, 3)]
    assert names_of(folder) == ["after.json", *numbers, "plan-2.json", "plan.json"]
    assert changed.result["last_plan"]["plan_file"] == str(folder / "plan-2.json")
    assert changed.result["last_plan"]["summary"]["planned"] == 0
    assert changed.result["last_plan"]["summary"]["changed_earlier"] == 7
    assert changed.result["found"]["file"] == str(folder / "after.json")
    assert changed.result["discovery_error"] is None
    assert changed.calls["ListCompartments"] == look["ListCompartments"]
    # The desired key and the one that is left: for all batches at once, and for the plan after them.
    assert changed.calls["GetKey"] == 3

    again = apply(sim, folder)
    assert (again.failed, again.changed, again.writes, again.result["batches"]) == (False, False, {}, 0)
    assert again.msg == "Nothing is left to do of the plan"
    quiet = apply(sim, folder, check=True)
    assert (quiet.failed, quiet.changed, quiet.writes) == (False, False, {})
    assert sim.needless_puts == 0


def test_a_mixed_fleet_and_back(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)
    before = keys_in_place(sim)
    planned = plan_now(sim, tmp_path / "run", regions=[IAD, "us-phoenix-1"], batch_size=3)

    done = apply(sim, tmp_path / "run")

    assert not done.failed, done.msg
    entries = read_plan(tmp_path / "run")["entries"]
    after = keys_in_place(sim)
    assert {name for name in before if before[name] != after[name]} == subjects(entries)
    assert len(entries) == planned.result["summary"]["planned"] == done.result["summary"]["changed"]

    plan_restore(sim, tmp_path / "undo", tmp_path / "run")
    back = apply(sim, tmp_path / "undo")
    assert not back.failed, back.msg
    assert keys_in_place(sim) == before
    assert read_plan(tmp_path / "undo", "plan-2.json")["entries"] == []
    assert sim.needless_puts == 0


class TestStop:
    def test_after_a_canary(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(5)])
        plan_now(sim, tmp_path / "run")
        refuse(sim)

        ran = apply(sim, tmp_path / "run")

        assert ran.failed
        assert (ran.writes, ran.result["stopped"], ran.result["is_canary"]) == ({PUT: 1}, "canary", True)
        assert ran.msg.endswith("One of the first changes failed, so nothing more was changed")
        assert [row["error"]["message"] for row in ran.result["resources"]] == ["No."]
        assert names_of(tmp_path / "run") == ["after.json", "batch-0001.json", "plan-last.json", "plan.json"]
        counts = ran.result["last_plan"]["summary"]
        assert (counts["planned"], counts["failed_earlier"], counts["changed_earlier"]) == (4, 1, 0)

    @pytest.mark.parametrize(("most", "batches"), [(0, 2), (1, 2), (2, 3), (4, 4)])
    def test_after_too_many_failures(self, sim: Simulator, tmp_path: Path, most: int, batches: int) -> None:
        furnish(sim, volumes=[volumes(7)])
        plan_now(sim, tmp_path / "run", batch_size=2)
        refuse(sim, after=1)

        ran = apply(sim, tmp_path / "run", max_failures=most)

        assert ran.failed
        assert (ran.result["batches"], ran.result["is_canary"]) == (batches, False)
        assert ran.result["stopped"] == "failures"
        assert ran.result["failed_so_far"] == 2 * (batches - 1)
        assert ran.msg.endswith("Too many changes failed, so nothing more was changed")

    def test_not_without_a_limit(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(4)])
        plan_now(sim, tmp_path / "run", batch_size=1, canary=0)
        refuse(sim)
        ran = run(key_plan_apply.main, sim, plan_file=str(tmp_path / "run" / "plan.json"))
        assert (ran.failed, ran.writes, ran.result["stopped"]) == (True, {PUT: 4}, None)
        assert "last_plan" not in ran.result

    def test_after_the_batch_when_nobody_waits_for_the_result(
        self, sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As where ansible-playbook was killed and its module was not."""
        furnish(sim, volumes=[volumes(4)])
        plan_now(sim, tmp_path / "run", batch_size=1)
        answers = iter([False, True])
        monkeypatch.setattr(plan_rounds, "is_abandoned", lambda: next(answers))
        ran = apply(sim, tmp_path / "run")
        assert (ran.failed, ran.writes, ran.result["stopped"]) == (True, {PUT: 2}, "interrupted")
        assert names_of(tmp_path / "run") == ["batch-0001.json", "batch-0002.json", "plan.json"]
        counts = ran.result["last_plan"]["summary"]
        assert (counts["planned"], counts["changed_earlier"], ran.result["found"]) == (2, 2, None)

    def test_a_key_that_was_disabled_meanwhile_ends_the_run_and_is_told(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(2)], boot_volumes=[volumes(2, name="boot")])
        plan_now(sim, tmp_path / "run", canary=0, batch_size=2)
        sim.change(sim.id("key-a"), state="DISABLED")
        ran = apply(sim, tmp_path / "run")
        assert ran.failed
        assert ran.writes == {}
        assert "DISABLED" in ran.msg
        assert "summary" not in ran.result


class TestRounds:
    def _made_meanwhile(self, sim: Simulator, folder: Path, count: int = 2) -> None:
        """Backups that carry the former key are to be seen after the first change."""
        unseen = {"of": "volume-1", "key": "key-b", "may_inspect": False}
        furnish(sim, volumes=[volumes(2, key="key-b")], volume_backups=[{"name": "made-{n}", "count": count, **unseen}])
        plan_now(sim, folder)
        made = {sim.id(f"made-{number}"): {"may_inspect": True} for number in range(1, count + 1)}
        sim.fault("meanwhile", PUT, after=1, changes=made)

    def test_what_is_made_meanwhile_is_changed_too(self, sim: Simulator, tmp_path: Path) -> None:
        self._made_meanwhile(sim, tmp_path / "run")
        ran = apply(sim, tmp_path / "run", max_changes=4)
        assert not ran.failed, ran.msg
        assert ran.writes == {PUT: 2, "UpdateVolumeBackup": 2}
        assert len(read_plan(tmp_path / "run", "plan-2.json")["entries"]) == 2
        assert read_plan(tmp_path / "run", "plan-3.json")["entries"] == []
        assert ran.result["last_plan"]["summary"]["changed_earlier"] == 4

    def test_not_if_that_makes_too_many(self, sim: Simulator, tmp_path: Path) -> None:
        self._made_meanwhile(sim, tmp_path / "run")
        ran = apply(sim, tmp_path / "run", max_changes=3)
        assert ran.writes == {PUT: 2}
        assert ran.result["last_plan"]["summary"]["planned"] == 2
        assert ran.result["found"] is not None
        assert "plan-3.json" not in names_of(tmp_path / "run")

    def test_not_without_rounds(self, sim: Simulator, tmp_path: Path) -> None:
        self._made_meanwhile(sim, tmp_path / "run")
        ran = apply(sim, tmp_path / "run", rounds=1)
        assert (ran.failed, ran.writes) == (False, {PUT: 2})
        assert names_of(tmp_path / "run") == ["batch-0001.json", "batch-0002.json", "plan.json"]

    def test_the_last_plan_only_shows_what_is_left(self, sim: Simulator, tmp_path: Path) -> None:
        """Somebody changes another volume each time that one was put right."""
        furnish(sim, volumes=[volumes(1), volumes(1, name="other", key="key-a")])
        plan_now(sim, tmp_path / "run")
        ids = [sim.id("other-1"), sim.id("volume-1")] * 2
        for name in ids[:3]:
            sim.fault("meanwhile", PUT, changes={name: {"key": "key-b"}})
        ran = apply(sim, tmp_path / "run")
        assert ran.writes == {PUT: 3}
        assert [name for name in names_of(tmp_path / "run") if name.startswith("plan")] == [
            "plan-2.json",
            "plan-3.json",
            "plan-4.json",
            "plan.json",
        ]
        assert [entry["id"] for entry in read_plan(tmp_path / "run", "plan-4.json")["entries"]] == [ids[2]]
        assert (ran.failed, ran.result["last_plan"]["summary"]["planned"]) == (False, 1)

    def test_the_same_options_and_no_others(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(3), volumes(1, name="other", key="key-b")])
        scope = {"exclude_ids": [sim.id("volume-2")], "from_kms_key_ids": None, "only_oracle_managed": True}
        plan_now(sim, tmp_path / "run", **{name: value for name, value in scope.items() if value is not None})
        ran = apply(sim, tmp_path / "run")
        assert not ran.failed, ran.msg
        later = read_plan(tmp_path / "run", "plan-2.json")
        assert [row["display_name"] for row in later["excluded"]] == ["volume-2"]
        assert (later["not_selected"], later["entries"]) == (3, [])
        assert later["made_with"]["options"] == read_plan(tmp_path / "run")["made_with"]["options"] | {
            "new_discovery_file": str(tmp_path / "run" / "after.json")
        }

    @pytest.mark.parametrize("name", ["exclude_ids", "compartment_ids", "freeform_tags", "approved_file"])
    def test_an_option_that_is_missing_in_the_plan_selects_nothing_more(
        self, sim: Simulator, tmp_path: Path, name: str
    ) -> None:
        furnish(sim, volumes=[volumes(2)])
        plan_now(sim, tmp_path / "run")
        content = read_plan(tmp_path / "run")
        del content["made_with"]["options"][name]
        (tmp_path / "run" / "plan.json").write_text(json.dumps(content))
        ran = apply(sim, tmp_path / "run")
        assert ran.failed
        assert f"'made_with' has no option '{name}'" in ran.msg
        assert ran.calls == {}

    @pytest.mark.parametrize(
        ("name", "value"), [("recursive", None), ("recursive", "perhaps"), ("state", None), ("resource_types", ["all"])]
    )
    def test_nor_does_one_that_was_altered(self, sim: Simulator, tmp_path: Path, name: str, value: Any) -> None:
        furnish(sim, volumes=[volumes(2)])
        plan_now(sim, tmp_path / "run")
        content = read_plan(tmp_path / "run")
        content["made_with"]["options"][name] = value
        (tmp_path / "run" / "plan.json").write_text(json.dumps(content))
        ran = apply(sim, tmp_path / "run")
        assert (ran.failed, ran.calls) == (True, {})
        assert "was modified" in ran.msg
        assert name in ran.msg

    def test_options_that_were_left_out_are_left_out_again(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(2)])
        plan_now(sim, tmp_path / "run", resource_types=None, regions=None, kms_key_ids={IAD: sim.id("key-everywhere")})
        ran = apply(sim, tmp_path / "run")
        assert not ran.failed, ran.msg
        assert ran.writes == {PUT: 2}

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"made_with": None}, "does not record its options"),
            ({"made_with": {"module": "shell", "options": {}}}, "does not record its options"),
            ({"made_with": []}, "expected"),
        ],
    )
    def test_a_plan_that_does_not_say_how_it_was_made(
        self, sim: Simulator, tmp_path: Path, change: dict[str, Any], fault: str
    ) -> None:
        furnish(sim, volumes=[volumes(1)])
        plan_now(sim, tmp_path / "run")
        (tmp_path / "run" / "plan.json").write_text(json.dumps({**read_plan(tmp_path / "run"), **change}))
        ran = apply(sim, tmp_path / "run")
        assert (ran.failed, ran.calls) == (True, {})
        assert fault in ran.msg

    def test_a_discovery_that_fails_is_told_and_what_was_done_too(self, sim: Simulator, tmp_path: Path) -> None:
        furnish(sim, volumes=[volumes(3)])
        plan_now(sim, tmp_path / "run")
        sim.fault("status", "ListCompartments", times=None, status=401, code="NotAuthenticated", message="Expired.")
        ran = apply(sim, tmp_path / "run")
        assert ran.failed
        assert ran.writes == {PUT: 3}
        assert "Expired." in ran.result["discovery_error"]
        assert ran.result["found"] is None
        counts = ran.result["last_plan"]["summary"]
        assert (counts["planned"], counts["changed_earlier"]) == (0, 3)

    @pytest.mark.parametrize("options", [{"rounds": 0}, {"rounds": 11}, {"max_failures": -1}, {"max_changes": -1}])
    def test_limits(self, sim: Simulator, tmp_path: Path, options: dict[str, int]) -> None:
        furnish(sim, volumes=[volumes(1)])
        plan_now(sim, tmp_path / "run")
        ran = apply(sim, tmp_path / "run", **options)
        assert (ran.failed, ran.writes) == (True, {})
        assert f"'{next(iter(options))}' is {next(iter(options.values()))}" in ran.msg


def _deaths(calls: int) -> list[tuple[int, bool]]:
    """Each request of the task, before it is sent and after; in short, some of them."""
    numbers = range(1, calls + 1) if SOAK else sorted({1, calls // 3, 2 * calls // 3})
    return [(number, sent) for number in numbers if number for sent in (False, True)]


def test_killed_anywhere_and_gone_on_with(sim: Simulator, tmp_path: Path) -> None:
    """In the canary, between batches, in the plan after them: the same task ends it, or another run does."""

    def begin(folder: Path) -> None:
        backups = {"name": "backup-{n}", "count": 2, "of": "volume-1", "key": "key-b"}
        furnish(sim, volumes=[volumes(5, key="key-b")], volume_backups=[backups])
        plan_now(sim, folder, batch_size=2)

    begin(tmp_path / "alive")
    before = keys_in_place(sim)
    alive = apply(sim, tmp_path / "alive", concurrency=1)
    assert not alive.failed, alive.msg
    for place, (number, sent) in enumerate(_deaths(sum(alive.calls.values()))):
        folder = tmp_path / f"{number}-{sent}"
        begin(folder)
        life = Life(number, sent=sent)
        with living(life), contextlib.suppress(Killed):
            apply(sim, folder, clock=life, concurrency=1)
        planned = read_plan(folder)
        assert len(planned["entries"]) == 7, "it is on disk before the first write, and stays there"
        if place % 2:
            again = apply(sim, folder)
            assert not again.failed, again.msg
            assert again.result["last_plan"]["summary"]["planned"] == 0
            done = [row for path in folder.glob("batch-*.json") for row in json.loads(path.read_text())["resources"]]
            assert subjects(done) >= subjects(planned["entries"])
        else:
            other = tmp_path / f"{number}-{sent}-other"
            plan_now(sim, other)
            assert not apply(sim, other).failed
        assert set(keys_in_place(sim).values()) == {sim.id("key-a")}, f"killed at request {number}, sent: {sent}"
        assert sim.needless_puts == 0
        if place % 2:
            restore(sim, tmp_path / f"undo-{place}", folder)
            assert keys_in_place(sim) == before
