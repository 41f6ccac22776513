# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from unit.support.fake_cloud import KEY_A, KEY_B, KEY_C, TENANCY, compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import digest
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.former_keys import (
    FormerKeys,
    read_former_keys,
)

ONE, TWO = volume_id(1), volume_id(2)


def intent(previous: str | None, given: str | None, time: str = "2026-11-24T01:00:00.000Z", **more: Any) -> str:
    action = "assign" if given else "remove"
    line = {"event": "intent", "action": action, "type": "volume", "id": ONE, "time": time, "tenancy": TENANCY}
    return json.dumps({**line, "previous_kms_key_id": previous, "kms_key_id": given, **more})


def change(**more: Any) -> dict[str, Any]:
    row = {
        "id": ONE,
        "type": "volume",
        "changed": True,
        "action": "assign",
        "time_requested": "2026-11-24T01:00:00.000Z",
    }
    keys = {
        "previous_encryption": "customer",
        "previous_kms_key_id": KEY_A,
        "encryption": "customer",
        "kms_key_id": KEY_B,
    }
    return {**row, **keys, **more}


def report(*changes: dict[str, Any], dry_run: bool = False) -> str:
    head = {"format": "oci_keys.block_volume/report", "version": 1, "evidence": {"tenancy": TENANCY}}
    return json.dumps({**head, "plan": {"dry_run": dry_run}, "changes": list(changes)})


def read(folder: Path, *contents: str) -> FormerKeys:
    files = []
    for number, content in enumerate(contents):
        file = folder / f"given-{number}"
        file.write_text(content)
        files.append(file)
    return read_former_keys(files)


def test_the_oldest_former_key_is_the_original_one_in_whatever_order_the_files_come(tmp_path: Path) -> None:
    later = intent(KEY_B, KEY_C, "2026-11-24T02:00:00.000Z")
    for contents in ((intent(KEY_A, KEY_B), later), (later, report(change())), (f"{later}\n{intent(KEY_A, KEY_B)}\n",)):
        former = read(tmp_path, *contents).found["volume", ONE]
        assert former.original == KEY_A
        assert former.assigned_keys == {KEY_B, KEY_C}


def test_a_journal_of_a_run_that_was_killed(tmp_path: Path) -> None:
    outcome = json.dumps({"event": "outcome", "id": ONE})
    former = read(tmp_path, f"{intent(None, KEY_B)}\n{outcome}\n{intent(KEY_A, KEY_C)[:50]}")
    assert former.truncated_lines == 1
    assert former.found["volume", ONE].original is None
    assert former.tenancies == {TENANCY}


def test_a_volume_and_its_policy_assignment_are_two_things(tmp_path: Path) -> None:
    of_policy = intent(None, KEY_C, type="volume", previous_policy_id="policy")
    in_report = change(id="assignment", type="policy_assignment", asset_id=TWO, previous_policy_id="policy")
    former = read(tmp_path, f"{intent(KEY_A, KEY_B)}\n{of_policy}\n", report(in_report))
    assert set(former.found) == {("volume", ONE), ("policy_assignment", ONE), ("policy_assignment", TWO)}
    assert former.found["policy_assignment", TWO].policy_id == "policy"


def test_what_was_not_known_then_and_what_was_not_changed(tmp_path: Path) -> None:
    rows = [
        change(previous_encryption="unknown", previous_kms_key_id=None),
        change(id=TWO, changed=False),
        change(id=volume_id(3), action="copy"),
        change(id=volume_id(4), encryption="unknown", kms_key_id=None),
    ]
    former = read(tmp_path, report(*rows))
    assert former.unknown == {ONE: "it could not be read then"}
    assert set(former.found) == {("volume", volume_id(4))}
    assert former.found["volume", volume_id(4)].assigned_keys == set()


def test_the_type_follows_from_the_ocid_whatever_the_file_says(tmp_path: Path) -> None:
    boot = volume_id(5, kind="bootvolume")
    assert set(read(tmp_path, report(change(id=boot, type="volume"))).found) == {("boot_volume", boot)}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"id": "nothing"}, "not an OCID"),
        ({"id": KEY_A}, "is a key, but"),
        ({"id": "ocid1.blockvolumereplica.oc1.fra.abc", "type": "replica"}, "is a"),
        ({"id": "ocid1.crossregionreplica.oc1.fra.abc", "type": "replica"}, "is a"),
        ({"id": "ocid2.blockvolumereplica:oc1:fra:abc", "type": "replica"}, "not an OCID"),
        ({"id": volume_id(7, kind="volumebackup"), "copy_id": "ocid1.backupcopy.oc1.phx.abc"}, "is a"),
        ({"id": "ocid1.x.oc1.iad.abc", "type": "policy_assignment", "asset_id": "ocid1.disk.oc1.iad.abc"}, "is a"),
    ],
)
def test_an_ocid_of_an_unknown_form_concerns_only_its_resource(tmp_path: Path, row: dict[str, Any], fault: str) -> None:
    former = read(tmp_path, report(change(**row), change(id=volume_id(9))))

    assert set(former.found) == {("volume", volume_id(9))}
    assert list(former.unknown) == [row.get("copy_id") or row["id"]]
    assert fault in former.unknown[row.get("copy_id") or row["id"]]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (report(change(), dry_run=True), "is of a dry run"),
        (report(change(previous_kms_key_id=ONE)), "but a key is expected"),
        (report(change(previous_kms_key_id=5)), "expected a string"),
        (report(change(previous_kms_key_id=None)), "'previous_encryption' is customer"),
        (report(change(previous_encryption="oracle")), "'previous_encryption' is oracle"),
        (
            report(change(previous_encryption=None)),
            "previous_encryption' (one of customer, oracle, unknown) is missing",
        ),
        (
            intent(None, KEY_B).replace("previous_kms_key_id", "former"),
            "field 'previous_kms_key_id' (key or null) is missing",
        ),
        (intent(KEY_A, KEY_B, tenancy="x" * 100_000), "is not an OCID"),
        (json.dumps({"event": "intent"}), "'previous_kms_key_id' (key or null) is missing"),
        ("[" * 100_000, "nested too deeply"),
        (" \n", "is empty"),
        ('{"format": "oci_keys.block_volume/report", "version": 9}', "is of version 9"),
        ("\x00\x01", "neither a report nor a plan nor a journal"),
    ],
)
def test_what_is_not_to_be_trusted(tmp_path: Path, content: str, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    assert fault in str(caught.value)


@pytest.mark.parametrize("content", ["", '{"time": "2026'])
def test_a_run_that_was_killed_before_its_first_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "journal.jsonl").write_text(content)
    assert read_former_keys([tmp_path]).found == {}


def plan(*entries: dict[str, Any], **more: Any) -> str:
    head = {"format": "oci_keys.block_volume/plan", "version": 1, "tenancy": TENANCY, "dry_run": False}
    facts = {"time_created": "2026-11-24T00:00:00.000Z", "digest": digest(entries), "entries": entries}
    return json.dumps({**head, **facts, **more})


def entry(name: str, **more: Any) -> dict[str, Any]:
    keys = {"kms_key_id": KEY_A, "wanted_kms_key_id": KEY_B, "action": "assign"}
    where = {"region": "us-ashburn-1", "key_region": "us-ashburn-1", "compartment_id": compartment_id(1)}
    return {"id": name, "type": "volume", **where, **keys, **more}


def test_a_folder_of_a_dry_run_or_of_another_tenancy_tells_so_beside_a_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text("")
    (tmp_path / "plan.json").write_text(plan(entry(ONE)))
    assert read_former_keys([tmp_path]).tenancies == {TENANCY}
    (tmp_path / "plan.json").write_text(plan(entry(ONE), dry_run=True))
    with pytest.raises(InputError, match="is of a dry run"):
        read_former_keys([tmp_path])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (plan(entry(ONE, asset_id=[1])), "asset_id' is a list, but only a policy_assignment and a replica have one"),
        (plan(entry(ONE, asset_id=TWO)), "only a policy_assignment and a replica have one"),
        (plan({k: v for k, v in entry(ONE).items() if k != "kms_key_id"}), "kms_key_id' (key or null) is missing"),
        (plan(entry(ONE), tenancy="\x1b[31m"), "is not an OCID"),
        (plan(entry(ONE), digest="0" * 64), "were modified"),
    ],
)
def test_plans_that_are_not_to_be_trusted(tmp_path: Path, content: str, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    assert fault in str(caught.value)


def _plans_of_two_rounds(folder: Path) -> None:
    (folder / "plan.json").write_text(plan(entry(ONE), entry(TWO)))
    (folder / "plan-2.json").write_text(plan(entry(volume_id(3))))
    (folder / "journal.jsonl").write_text(intent(KEY_A, KEY_B) + "\n")


def test_what_a_run_that_ended_planned_but_did_not_begin_was_given_no_key(tmp_path: Path) -> None:
    """Whoever put it on the key that the run only planned for it meant it: it is not for this run to take back."""
    _plans_of_two_rounds(tmp_path)
    (tmp_path / "report.json").write_text(report())
    former = read_former_keys([tmp_path])
    assert set(former.found) == {("volume", ONE)}
    assert former.tenancies == {TENANCY}


def test_what_a_run_planned_that_was_killed_goes_back_whoever_did_it(tmp_path: Path) -> None:
    _plans_of_two_rounds(tmp_path)
    found = read_former_keys([tmp_path]).found
    assert set(found) == {("volume", volume_id(number)) for number in (1, 2, 3)}
    assert {former.original for former in found.values()} == {KEY_A}
    assert all(former.assigned_keys == {KEY_B} for former in found.values())


def test_a_plan_that_is_named_itself_counts_in_full(tmp_path: Path) -> None:
    _plans_of_two_rounds(tmp_path)
    (tmp_path / "report.json").write_text(report())
    assert set(read_former_keys([tmp_path / "plan-2.json"]).found) == {("volume", volume_id(3))}


def test_of_copies_what_bears_the_key_goes_back_and_what_was_made_stays(tmp_path: Path) -> None:
    backup, one, other = (volume_id(number, kind="volumebackup") for number in (1, 2, 3))
    group = volume_id(4, kind="volumegroupbackup")
    rows = [
        change(id=backup, type="volume_backup", copy_id=one),
        change(id=backup, type="volume_backup", copy_id=other, action="copy", previous_kms_key_id=None),
        change(id=volume_id(5, kind="volumegroupbackup"), type="volume_group_backup", copy_id=group),
    ]
    former = read(tmp_path, report(*rows))
    assert set(former.found) == {("volume_backup", one)}
    assert former.found["volume_backup", one].original == KEY_A
    assert set(former.unknown) == {group}
    assert "pass the run's journal instead" in former.unknown[group]


def test_a_change_without_a_time_is_as_old_as_its_run(tmp_path: Path) -> None:
    """Else it would count as the oldest of all, and its former key as the original one."""
    untimed = json.loads(report(change(previous_kms_key_id=KEY_C, kms_key_id=KEY_B, time_requested=None)))
    first = intent(KEY_A, KEY_C, "2026-11-24T01:00:00.000Z")
    for name in ("time_started", "time_finished"):
        untimed["evidence"] = {"tenancy": TENANCY, name: "2026-11-24T03:00:00Z"}
        assert read(tmp_path, json.dumps(untimed), first).found["volume", ONE].original == KEY_A
    untimed["evidence"] = {"tenancy": TENANCY, "time_started": ""}
    with pytest.raises(InputError, match=r"changes\[0\].time_requested' \(string\) is missing"):
        read(tmp_path, json.dumps(untimed), first)


def test_folders(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text(intent(KEY_A, KEY_B))
    assert read_former_keys([tmp_path]).found["volume", ONE].original == KEY_A
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match=r"no report\.json"):
        read_former_keys([tmp_path / "none"])
    with pytest.raises(InputError, match="can't be read"):
        read_former_keys([tmp_path / "missing"])


def outcome(**more: Any) -> str:
    return json.dumps({"event": "outcome", "id": ONE, "changed": True, "settled": True, "error": None, **more})


class TestRefused:
    """What was refused is no change: whoever assigned that key later meant it."""

    @pytest.mark.parametrize("run", [None, "one"])
    def test_in_a_journal(self, tmp_path: Path, run: str | None) -> None:
        assert read(tmp_path, f"{intent(KEY_A, KEY_B, run=run)}\n{outcome(changed=False, run=run)}").found == {}

    def test_an_outcome_of_another_run_says_nothing_of_it(self, tmp_path: Path) -> None:
        lines = f"{intent(KEY_A, KEY_B, run='one')}\n{outcome(changed=False, run='two')}"
        assert read(tmp_path, lines).found["volume", ONE].original == KEY_A

    def test_one_resource_of_a_run_says_nothing_of_another_one(self, tmp_path: Path) -> None:
        lines = f"{intent(KEY_A, KEY_B)}\n{intent(KEY_A, KEY_B, id=TWO)}\n{outcome(changed=False, id=TWO)}"
        assert set(read(tmp_path, lines).found) == {("volume", ONE)}

    def test_the_policy_of_an_asset_says_nothing_of_its_key(self, tmp_path: Path) -> None:
        of_policy = intent(None, KEY_C, previous_policy_id="policy")
        refused = outcome(changed=False, kind="policy of volume")
        lines = f"{intent(KEY_A, KEY_B)}\n{of_policy}\n{refused}\n{outcome(kind='volume')}"
        assert set(read(tmp_path, lines).found) == {("volume", ONE)}

    def test_in_the_folder_of_a_run_that_was_killed_whatever_its_plan_says(self, tmp_path: Path) -> None:
        (tmp_path / "plan.json").write_text(plan(entry(ONE), entry(TWO)))
        (tmp_path / "journal.jsonl").write_text(f"{intent(KEY_A, KEY_B)}\n{outcome(changed=False)}\n")
        assert set(read_former_keys([tmp_path]).found) == {("volume", TWO)}

    def test_where_only_the_report_says_so(self, tmp_path: Path) -> None:
        """The outcome could not be written to the journal."""
        (tmp_path / "report.json").write_text(report(change(changed=False)))
        (tmp_path / "journal.jsonl").write_text(intent(KEY_A, KEY_B))
        assert read_former_keys([tmp_path]).found == {}

    def test_a_second_attempt_that_was_accepted_counts(self, tmp_path: Path) -> None:
        """A colleague assigned another key before it, which is what it replaced."""
        lines = f"{intent(KEY_A, KEY_B)}\n{intent(KEY_C, KEY_B)}\n{outcome()}"
        assert read(tmp_path, lines).found["volume", ONE].original == KEY_C

    def test_a_second_attempt_that_finds_what_the_first_one_made_does_not(self, tmp_path: Path) -> None:
        lines = f"{intent(KEY_A, KEY_B)}\n{intent(KEY_B, KEY_B)}\n{outcome()}"
        assert read(tmp_path, lines).found["volume", ONE].original == KEY_A


class TestClocksThatWereSetBack:
    EARLY, LATE = "2026-11-24T01:00:00.000Z", "2026-11-24T02:00:00.000Z"

    def test_in_one_journal_the_order_of_the_lines_decides(self, tmp_path: Path) -> None:
        lines = f"{intent(KEY_A, KEY_B, self.LATE)}\n{intent(KEY_B, KEY_C, self.EARLY)}\n"
        assert read(tmp_path, lines).found["volume", ONE].original == KEY_A
        (tmp_path / "journal.jsonl").write_text(lines)
        assert read_former_keys([tmp_path]).found["volume", ONE].original == KEY_A

    def test_so_it_does_between_changes_that_have_ended(self, tmp_path: Path) -> None:
        changes = ((KEY_A, KEY_B, self.LATE), (KEY_B, KEY_C, self.EARLY))
        lines = [
            line for old, new, time in changes for line in (intent(old, new, time), outcome(kms_key_id=new, time=time))
        ]
        found = read(tmp_path, "\n".join(lines)).found["volume", ONE]
        assert (found.original, found.first_step(KEY_C).before) == (KEY_A, KEY_A)

    def test_of_several_files_the_keys_decide_where_the_times_contradict_them(self, tmp_path: Path) -> None:
        former = read(tmp_path, intent(KEY_A, KEY_B, self.LATE), intent(KEY_B, KEY_C, self.EARLY))
        assert former.found["volume", ONE].first_step(KEY_C).before == KEY_A

    def test_where_the_keys_do_not_lead_to_the_present_one_the_times_decide(self, tmp_path: Path) -> None:
        former = read(tmp_path, intent(KEY_A, KEY_B, self.LATE), intent(KEY_B, KEY_C, self.EARLY))
        assert former.found["volume", ONE].first_step(KEY_A).before == KEY_B

    @pytest.mark.parametrize("time", ["0", "yesterday", "2026-11-24", "2026-11-24T01:00:00", "2026-13-24T01:00:00Z"])
    def test_what_is_no_time_is_an_error(self, tmp_path: Path, time: str) -> None:
        for content in (
            intent(KEY_A, KEY_B, time),
            report(change(time_requested=time)),
            plan(entry(ONE), time_created=time),
            f"{intent(KEY_A, KEY_B)}\n{outcome(time=time)}",
        ):
            with pytest.raises(InputError, match="a time such as"):
                read(tmp_path, content)


class TestPolicies:
    """A backup policy that a run took away, and did not assign again."""

    def _former(self, folder: Path, *lines: str) -> Any:
        return read(folder, "\n".join(lines)).found["policy_assignment", ONE]

    @pytest.mark.parametrize("action", ["assign", "remove", "unassign"])
    def test_without_an_outcome_it_may_be_gone(self, tmp_path: Path, action: str) -> None:
        former = self._former(tmp_path, intent(KEY_A, KEY_B, previous_policy_id="policy", action=action))
        assert (former.is_policy_taken, former.policy_id, former.original) == (True, "policy", KEY_A)

    def test_an_outcome_says_whether_it_is(self, tmp_path: Path) -> None:
        begun = intent(KEY_A, KEY_B, previous_policy_id="policy")
        there, gone = outcome(known=True, policy_id="policy"), outcome(known=True, policy_id=None, error={"code": "X"})
        assert not self._former(tmp_path, begun, there).is_policy_taken
        assert self._former(tmp_path, begun, gone).is_policy_taken
        assert self._former(tmp_path, begun, outcome(known=False, error={"code": "X"}, kind="policy of volume"))

    @pytest.mark.parametrize("source", ["journal", "report", "plan"])
    @pytest.mark.parametrize("given", ["another", None])
    def test_a_policy_that_a_run_replaced_or_removed(self, tmp_path: Path, source: str, given: str | None) -> None:
        action = "assign" if given else "unassign"
        key = KEY_B if given else None
        more = {"action": action, "previous_policy_id": "policy", "policy_id": given}
        if source == "journal":
            former = read(tmp_path, intent(KEY_A, key, unassigned=given is None, **more))
        elif source == "report":
            row = {"id": "x", "type": "policy_assignment", "asset_id": ONE, "kms_key_id": key, **more}
            former = read(tmp_path, report(change(**row, encryption="customer" if given else "oracle")))
        else:
            row = {"type": "policy_assignment", "asset_id": ONE, "policy_id": "policy", "action": action}
            wanted = {
                "wanted_policy_id": volume_id(2, kind="volumebackuppolicy") if given else None,
                "wanted_kms_key_id": key,
            }
            former = read(tmp_path, plan(entry(ONE, **{**row, "kms_key_id": KEY_A, **wanted})))
        found = former.found["policy_assignment", ONE]
        assert (found.policy_id, found.original) == ("policy", KEY_A)
        assert found.assigned_policies == {
            given and (volume_id(2, kind="volumebackuppolicy") if source == "plan" else given)
        }
        assert found.is_policy_taken == (given is None or source == "journal")


class TestUnknownForms:
    """What a journal names in a form that is not known concerns that resource; the others go back."""

    @pytest.mark.parametrize(
        "line",
        [
            intent(KEY_A, KEY_B, id="ocid2.volume.oc1.iad.new"),
            intent(KEY_A, KEY_B, id="ocid1.newvolume.oc1.iad.abc", type="new_volume"),
            intent("ocid2.key.oc1.iad.new", KEY_B, id="ocid2.volume.oc1.iad.new"),
            intent(ONE, KEY_B),
            intent(KEY_A, "arn:key", id="ocid2.volume.oc1.iad.new"),
            intent(KEY_A, KEY_B, id="an asset", previous_policy_id="p", previous_assignment_id="a"),
            intent(KEY_A, KEY_B, id=ONE, previous_copy_id="ocid2.volumebackup.oc1.phx.new"),
            intent(
                KEY_A, KEY_B, id=ONE, previous_copy_id="group", previous_member_keys={"member": KEY_A}, type="volume"
            ),
        ],
    )
    @pytest.mark.parametrize("in_folder", [True, False])
    def test_of_a_resource(self, tmp_path: Path, line: str, in_folder: bool) -> None:
        content = f"{line}\n{intent(KEY_A, KEY_B, id=TWO)}\n"
        if in_folder:
            (tmp_path / "journal.jsonl").write_text(content)
            former = read_former_keys([tmp_path])
        else:
            former = read(tmp_path, content)

        assert {about: key.original for about, key in former.found.items()} == {("volume", TWO): KEY_A}
        (reason,) = former.unknown.values()
        assert "line 1" in reason

    @pytest.mark.parametrize("other", ["journal", "report"])
    def test_no_later_key_is_taken_for_the_original_one(self, tmp_path: Path, other: str) -> None:
        lines = [intent("ocid2.key.oc1.iad.new", KEY_B)]
        if other == "report":
            (tmp_path / "report.json").write_text(report(change(previous_kms_key_id=KEY_B, kms_key_id=KEY_C)))
        else:
            lines.append(intent(KEY_B, KEY_C))
        (tmp_path / "journal.jsonl").write_text("\n".join(lines))

        former = read_former_keys([tmp_path])

        assert former.found == {}
        assert list(former.unknown) == [ONE]
