# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan says, as a person reads it."""

from __future__ import annotations

from typing import Any

import pytest
from unit.plugins.module_utils._planning.test_plan import KEY_FRA, KEYS, assignment, found, replica
from unit.support.fake_cloud import IAD, KEY_A, KEY_B, KEY_C, compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.table import text_width
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid_names import Names
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan import (
    Plan,
    PlanFilter,
    approve,
    make_plan,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan_text import (
    BAD,
    CHANGES,
    GOOD,
    LEFT,
    PlanWords,
    entry_lines,
    plan_lines,
    tone_of,
)

NAMES = Names({KEY_A: "bank-key-2026", KEY_B: "bank-key-2025", KEY_FRA: "bank-key-fra", compartment_id(1): "prod"})
WIDTHS = pytest.mark.parametrize("width", [40, 60, 80, 100, 160])


def lines_of(plan: Plan, **words: Any) -> list[str]:
    return plan_lines(plan, PlanWords(**{"dry_run": True, "names": NAMES, **words}))


def test_a_plan_in_full() -> None:
    rows = [
        *(found(number) for number in (1, 2, 10)),
        found(3, kms_key_id=KEY_B),
        found(4, kms_key_id=KEY_A),
        assignment(5),
        found(6, lifecycle_state="FAULTY"),
        found(7, replicas=[replica(elsewhere=True)]),
        found(8, type="volume_backup", locked="it is under retention lock"),
    ]
    plan = make_plan(rows, PlanFilter(KEYS))
    assert lines_of(plan) == [
        "5 resources would be changed, 1 already right, 2 blocked, 1 skipped",
        "  Region        Kind               From                To             Count",
        "  us-ashburn-1  policy assignment  Oracle-managed key  bank-key-fra       1",
        "      volume-5",
        "  us-ashburn-1  block volumes      Oracle-managed key  bank-key-2026      3",
        "      volume-1, volume-2, volume-10",
        "  us-ashburn-1  block volume       bank-key-2025       bank-key-2026      1",
        "      volume-3",
        "2 blocked; fix these first:",
        "  FAULTY; OCI accepts no change to it. Replace it from a backup, or leave it out with 'exclude_ids'",
        "  (in the playbook: rekey_exclude_ids).",
        "    us-ashburn-1: block volume volume-6",
        "  It is under retention lock. Remove the lock, or try it with 'include_locked' (in the playbook:",
        "  rekey_include_locked) set to true.",
        "    us-ashburn-1: volume backup volume-8",
        "1 skipped:",
        "  Has a replica in another region (replica), which keeps its own key. Set 'include_replicated' (in",
        "  the playbook: rekey_include_replicated) to true to change the volume alone.",
        "    us-ashburn-1: block volume volume-7",
        f"Digest of the plan: {plan.digest}",
    ]


def test_in_a_narrow_terminal() -> None:
    plan = make_plan([found(1), found(2)], PlanFilter(KEYS))
    assert lines_of(plan, width=60)[:4] == [
        "2 resources would be changed",
        "  Region        Kind           Count",
        "  us-ashburn-1  block volumes      2",
        "      Oracle-managed key -> bank-key-2026",
    ]


@WIDTHS
@pytest.mark.parametrize("count", [0, 1, 20, 21, 1000])
def test_lines_and_widths(count: int, width: int) -> None:
    """The digest stays whole, since it is copied; all else fits."""
    faulty = [found(number, lifecycle_state="FAULTY") for number in range(5000, 5000 + count)]
    named = [found(number, display_name=f"a-rather-long-name-of-a-volume-鍵-{number}") for number in range(count)]
    plan = make_plan([*named, *faulty], PlanFilter(KEYS))
    lines = lines_of(plan, width=width)
    wide = [line for line in lines if text_width(line) > width and plan.digest not in line]
    assert wide == []
    assert len(lines) <= (3 if count == 0 else 60)
    assert ("a-rather-long-name" in "".join(lines)) == (0 < count <= 20)


def test_each_reason_once_however_many_have_it() -> None:
    plan = make_plan([found(number, lifecycle_state="FAULTY") for number in range(500)], PlanFilter(KEYS))
    lines = lines_of(plan)
    assert sum("FAULTY" in line for line in lines) == 1
    assert "and 490 more" in " ".join(lines)


def test_many_reasons_are_counted_at_the_end() -> None:
    plan = Plan(blocked=[{**make_plan([found()], PlanFilter(KEYS)).entries[0], "reason": f"no {n}"} for n in range(30)])
    lines = lines_of(plan)
    assert "  ... and 20 more; see the plan file" in lines
    assert len(lines) < 30


def test_keys_of_one_name_are_told_apart_and_unknown_ones_are_shortened() -> None:
    names = Names({KEY_A: "bank-key", KEY_B: "bank-key", KEY_C: None})
    assert len({names.key(key) for key in (KEY_A, KEY_B, KEY_C, None)}) == 4
    assert names.key(KEY_A) == f"bank-key (…{KEY_A[-6:]})"
    assert names.key(KEY_C) == f"key …{KEY_C[-6:]}"


def test_no_key_can_pass_for_the_one_of_oracle() -> None:
    assert Names({KEY_A: "Oracle-managed key"}).key(KEY_A) != Names({}).key(None)


def test_ocids_that_end_alike_are_told_apart() -> None:
    ends_alike = [f"ocid1.key.oc1.iad.vault.{start}abcdefghijklmnop" for start in ("aaaa", "bbbb")]
    names = Names(dict.fromkeys(ends_alike))
    assert len({names.key(key) for key in ends_alike}) == 2


def test_sentences_have_names_for_ocids() -> None:
    replica_id = volume_id(9)
    policy = f"ocid1.volumebackuppolicy.oc1..{'a' * 50}quwyba"
    assert NAMES.in_text(f"backup policy {policy} with key {KEY_C}") == f"backup policy …quwyba with key …{KEY_C[-6:]}"
    sentence = f"its current key {KEY_B} is DISABLED (see {KEY_A}.) has a replica ({replica_id}, {replica_id}), too"
    assert NAMES.in_text(sentence) == (
        "its current key bank-key-2025 is DISABLED (see bank-key-2026.) has a replica, too"
    )


def test_what_a_terminal_would_obey_is_shown() -> None:
    plan = make_plan([found(display_name="db\x1b[31m"), found(2, display_name="e\u202evil")], PlanFilter(KEYS))
    text = "\n".join([*lines_of(plan), *entry_lines(plan.entries, NAMES)])
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\u001b[31m" in text


def test_an_approved_plan_that_is_out_of_date_shows_both_digests() -> None:
    approved = make_plan([found(1), found(2), found(3)], PlanFilter(KEYS))
    plan = make_plan([found(1), found(2, kms_key_id=KEY_B)], PlanFilter(KEYS))
    present = plan.digest
    approve(plan, approved.entries)
    text = " ".join(lines_of(plan, approved=approved.digest, present=present, gone=1))
    assert f"Approved plan: {approved.digest}" in text
    assert f"Plan of now:   {present}" in text
    assert "make another dry run and have it approved" in text
    assert "1 approved change is not needed or not possible any more" in text
    assert "1 not approved" in text


def test_one_that_is_not_out_of_date_says_nothing() -> None:
    plan = make_plan([found(1)], PlanFilter(KEYS))
    assert "Approved" not in " ".join(lines_of(plan, approved=plan.digest, present=plan.digest))


@pytest.mark.parametrize(
    ("count", "dry_run", "line"),
    [
        (1, True, "1 resource would be changed"),
        (1, False, "1 resource will be changed"),
        (0, False, "0 resources will be changed"),
    ],
)
def test_one_resource_is_no_resources(count: int, dry_run: bool, line: str) -> None:
    plan = make_plan([found(number) for number in range(count)], PlanFilter(KEYS))
    assert lines_of(plan, dry_run=dry_run)[0] == line


def test_places_that_could_not_be_read_are_in_the_first_line() -> None:
    assert lines_of(Plan(), places_not_seen=3)[0] == "0 resources would be changed, 3 places not seen"


@WIDTHS
def test_details_have_every_ocid(width: int) -> None:
    plan = make_plan([found(number) for number in range(3)], PlanFilter(KEYS))
    lines = entry_lines(plan.entries, NAMES, width)
    assert [line.strip() for line in lines if line.strip().startswith("ocid1")] == [row["id"] for row in plan.entries]
    assert "in prod" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("line", "tone"),
    [
        ("5 resources would be changed, 2 blocked", CHANGES),
        ("0 resources would be changed", GOOD),
        ("2 blocked; fix these first:", BAD),
        ("2 not approved:", BAD),
        ("1 begun by a run that was interrupted and not settled by this plan:", BAD),
        ("1 skipped:", LEFT),
        ("  us-ashburn-1  2", ""),
        ("Digest of the plan: 00", ""),
        (f"  {IAD}:", ""),
        ("", ""),
    ],
)
def test_headings_have_a_tone(line: str, tone: str) -> None:
    assert tone_of(line) == tone


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, ["1 backup policy that"]), (2, ["2 backup policies that"]), (7, ["7 backup", "and 2 more"])],
)
def test_policies_that_come_back_are_named_with_their_assets(count: int, words: list[str]) -> None:
    rows = [{**assignment(number), "lost_in_runs": ["r"]} for number in range(count)]
    plan = make_plan(rows, PlanFilter(KEYS))  # type: ignore[arg-type]
    text = " ".join(line.strip() for line in lines_of(plan, width=400))
    for number, row in enumerate(rows[:5]):
        assert f"{row['policy_id']} of volume-{number}" in text
    assert all(word in text for word in words)
    assert "no backup policy" in text
