# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from unit.support.fake_cloud import FRA, IAD, KEY_A, KEY_B, LFI, REGIONS, TENANCY, compartment_id, key_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles import values as options
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.read import artifact_name, read_role

ONE, TWO = compartment_id(1), compartment_id(2)
BLANKS = ["", "  ", "\n", None]
KEY_FRA = key_id("f", FRA)
REKEY = {"rekey_kms_key_ids": {IAD: KEY_A}, "rekey_compartment_ids": [ONE]}


def rekey(**more: Any) -> tuple[dict[str, Any], list[str]]:
    given = {**REKEY, **{f"rekey_{name}": value for name, value in more.items()}}
    return read_role("rekey", given, table=REGIONS, environment={"XDG_STATE_HOME": "/state"})


def read(**more: Any) -> dict[str, Any]:
    values, problems = rekey(**more)
    assert problems == []
    return values


def problem(**more: Any) -> str:
    _values, problems = rekey(**more)
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize(
    "given",
    [
        [ONE, TWO],
        (ONE, TWO, ONE),
        f"{ONE},{TWO}",
        f"{ONE}\n{TWO}\n",
        f" {ONE} ; {TWO}",
        json.dumps([ONE, "", TWO]),
        f"- {ONE}\n- {TWO}",
        [ONE, None, " ", TWO],
    ],
)
def test_lists(given: Any) -> None:
    assert options.string_list(given) == [ONE, TWO]


@pytest.mark.parametrize("given", [[], [""], [None, " "], ",", "[]", "- \n- "])
def test_a_list_that_is_set_but_empty_is_no_blank(given: Any) -> None:
    with pytest.raises(InputError, match="is empty"):
        options.string_list(given)


@pytest.mark.parametrize("given", [[[ONE]], [{"id": ONE}], "[[1]]"])
def test_what_is_no_list_of_text(given: Any) -> None:
    with pytest.raises(InputError, match="where a string is expected"):
        options.string_list(given)


@pytest.mark.parametrize("given", [True, "true", "True", " YES ", "1", 1, "on"])
def test_true(given: Any) -> None:
    assert options.boolean(given) is True


@pytest.mark.parametrize("given", [False, "false", "no", "0", 0, "Off"])
def test_false(given: Any) -> None:
    assert options.boolean(given) is False


@pytest.mark.parametrize("given", ["maybe", 2, [], "truefalse"])
def test_neither_true_nor_false(given: Any) -> None:
    with pytest.raises(InputError, match="neither true nor false"):
        options.boolean(given)


@pytest.mark.parametrize(("given", "number"), [(5, 5), ("7", 7), (" 0 ", 0)])
def test_numbers(given: Any, number: int) -> None:
    assert options.integer(0)(given) == number


@pytest.mark.parametrize("given", ["", "five", 1.5, True, "-1", 11, "1e3", "9" * 40])
def test_what_is_no_number_of_the_range(given: Any) -> None:
    with pytest.raises(InputError, match=r"is not an integer|is out of range"):
        options.integer(0, 10)(given)


@pytest.mark.parametrize(
    "given",
    [
        {IAD: KEY_A, FRA: KEY_FRA},
        {"IAD": KEY_A, "fra": f" {KEY_FRA} "},
        f"{IAD}={KEY_A}\n{FRA}={KEY_FRA}",
        f"iad = {KEY_A}, fra = {KEY_FRA}",
        f"iad: {KEY_A}\nfra: {KEY_FRA}\n",
        json.dumps({IAD: KEY_A, FRA: KEY_FRA}),
        f"{{iad: {KEY_A}, fra: {KEY_FRA}}}",
        f"- iad: {KEY_A}\n- fra: {KEY_FRA}",
        [{IAD: KEY_A}, {FRA: KEY_FRA}],
    ],
)
def test_keys_by_region(given: Any) -> None:
    assert options.keys_by_region(REGIONS)(given) == {IAD: KEY_A, FRA: KEY_FRA}


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, "is empty"),
        ("{}", "is empty"),
        ([], "is empty"),
        (KEY_A, "Write a line such as us-ashburn-1="),
        ({IAD: ""}, "region us-ashburn-1 has no key"),
        (f"iad={KEY_A}\nfra=", "region fra has no key"),
        ({IAD: KEY_A, "iad": KEY_B}, "us-ashburn-1 is set twice"),
        (f"iad={KEY_A}\niad={KEY_B}", "iad is set twice"),
        ({IAD: volume_id(1)}, "is a block volume, but a key is expected"),
        ({"us-ashbrn-1": KEY_A}, "did you mean us-ashburn-1"),
        ({"all": KEY_A}, "'all' is not a region"),
        ("{iad: [", "neither valid JSON nor valid YAML"),
    ],
)
def test_what_gives_no_keys(given: Any, fault: str) -> None:
    with pytest.raises(InputError) as caught:
        options.keys_by_region(REGIONS)(given)
    assert fault in str(caught.value)


def test_without_the_sdk_regions_are_taken_as_they_are() -> None:
    assert options.keys_by_region(None)({"XX-new-1": KEY_A}) == {"xx-new-1": KEY_A}


def test_regions() -> None:
    assert options.regions(REGIONS)("iad, eu-frankfurt-1,iad") == [IAD, FRA]
    assert options.regions(REGIONS)("all") == ["all"]
    with pytest.raises(InputError, match="combined with names"):
        options.regions(REGIONS)(["all", IAD])


@pytest.mark.parametrize("given", [{"env": "a=b", "n": 1}, "env=a=b\nn = 1", '{"env": "a=b", "n": 1}'])
def test_freeform_tags(given: Any) -> None:
    assert options.freeform_tags(given) == {"env": "a=b", "n": "1"}


@pytest.mark.parametrize(
    "given", [{"ops": {"env": "prod", "on": True}}, "ops.env=prod\nops.on=true", {"ops.env": "prod", "ops.on": "true"}]
)
def test_defined_tags(given: Any) -> None:
    assert options.defined_tags(given) == {"ops": {"env": "prod", "on": "true"}}


@pytest.mark.parametrize("given", [{"ops": {}}, {"env": "prod"}, {"ops": {"env": None}}, {}, "env=prod"])
def test_what_is_no_defined_tag(given: Any) -> None:
    with pytest.raises(InputError):
        options.defined_tags(given)


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-11-24", "2026-11-24T00:00:00Z"),
        (date(2026, 11, 24), "2026-11-24T00:00:00Z"),
        ("2026-11-24T13:00:00Z", "2026-11-24T13:00:00Z"),
        ("2026-11-24T13:00:00+02:00", "2026-11-24T11:00:00Z"),
        (datetime(2026, 11, 24, 13, tzinfo=timezone(timedelta(hours=1))), "2026-11-24T12:00:00Z"),
    ],
)
def test_moments(given: Any, moment: str) -> None:
    assert options.timestamp(given) == moment


@pytest.mark.parametrize("given", ["yesterday", 5, "2026-13-01", []])
def test_what_is_no_moment(given: Any) -> None:
    with pytest.raises(InputError, match="not a"):
        options.timestamp(given)


class TestRekey:
    def test_what_is_not_set_has_its_default(self) -> None:
        values = read()
        assert values["regions"] == [IAD]
        assert values["recursive"] is True
        assert values["batch_size"] == 500
        assert values["report_dir"] == "/state/oci_keys.block_volume/reports"
        assert "policy_assignment" in values["resource_types"]

    @pytest.mark.parametrize("blank", BLANKS)
    def test_blanks_change_nothing(self, blank: Any) -> None:
        names = set(read()) - {"kms_key_ids", "compartment_ids", "artifact", "approved_plan"}
        assert read(**dict.fromkeys(names, blank)) == read()

    @pytest.mark.parametrize("blank", BLANKS)
    def test_no_compartment_is_never_the_whole_tenancy(self, blank: Any) -> None:
        assert "rekey_compartment_ids is not set" in problem(compartment_ids=blank)

    @pytest.mark.parametrize("blank", BLANKS)
    def test_no_key_is_never_the_oracle_managed_one(self, blank: Any) -> None:
        assert "rekey_kms_key_ids is not set" in problem(kms_key_ids=blank)

    @pytest.mark.parametrize(
        "name",
        ["compartment_ids", "regions", "resource_types", "from_kms_key_ids", "exclude_ids"],
    )
    @pytest.mark.parametrize("empty", [[], "[]", ",", [""]])
    def test_an_empty_filter_is_an_error(self, name: str, empty: Any) -> None:
        assert problem(**{name: empty}).startswith(f"rekey_{name}: ")

    @pytest.mark.parametrize("name", ["freeform_tags", "defined_tags"])
    @pytest.mark.parametrize("empty", [{}, "{}"])
    def test_an_empty_tag_filter_is_an_error(self, name: str, empty: Any) -> None:
        assert "is empty" in problem(**{name: empty})

    def test_a_region_without_a_key(self) -> None:
        assert "no key for eu-frankfurt-1" in problem(regions="iad,fra")

    def test_a_name_that_is_not_known(self) -> None:
        assert problem(compartments=ONE) == (
            "rekey_compartments is not a variable of role rekey; did you mean rekey_compartment_ids?"
        )

    def test_what_a_dry_run_has_handed_on_is_what_is_approved(self) -> None:
        name = read()["artifact"].replace("rekey_", "", 1)
        small = read(**{name: {"digest": "a" * 64, "plan": "text", "plan_file": "/reports/plan.json"}})
        assert (small["approved_plan"], small["plan_file"], small["plan_digest"]) == ("text", None, "a" * 64)
        large = read(**{name: {"digest": "a" * 64, "plan": None, "plan_file": "/reports/plan.json"}})
        assert (large["approved_plan"], large["plan_file"]) == (None, "/reports/plan.json")
        named = read(**{name: {"digest": "a" * 64, "plan": "text"}}, plan_file="/other.json")
        assert (named["approved_plan"], named["plan_file"], named["plan_digest"]) == (None, "/other.json", None)

    def test_a_host_for_which_nothing_was_handed_on(self) -> None:
        assert "nothing was approved for it" in problem(plan_of_other_abcdef={"plan": "text"})

    @pytest.mark.parametrize("empty", [{}, {"plan": None, "plan_file": None}, {"plan": "", "digest": "a" * 64}])
    def test_a_plan_that_was_handed_on_without_its_content_is_not_as_none(self, empty: dict[str, Any]) -> None:
        name = read()["artifact"].replace("rekey_", "", 1)
        assert "nothing was approved for this host" in problem(**{name: empty})

    def test_hosts_whose_names_differ_little_hand_on_different_variables(self) -> None:
        assert artifact_name("rekey", "a-b") != artifact_name("rekey", "a.b")

    def test_all_that_is_wrong_is_told_at_once(self) -> None:
        _values, problems = rekey(kms_key_ids="nothing", batch_size="many", recursive="perhaps", state="gone")
        assert len(problems) == 4

    def test_the_oracle_managed_key_has_to_be_confirmed(self) -> None:
        absent = {"state": "absent", "kms_key_ids": "", "regions": "iad"}
        assert "rekey_confirm_oracle_managed" in problem(**absent)
        assert read(**absent, confirm_oracle_managed="true")["state"] == "absent"
        assert "rekey_kms_key_ids is set" in problem(state="absent", regions="iad", confirm_oracle_managed=True)
        assert "rekey_regions is not set" in problem(state="absent", kms_key_ids="", confirm_oracle_managed=True)

    def test_one_realm(self) -> None:
        assert "no tenancy is in both" in problem(kms_key_ids={LFI: f"ocid1.key.oc2.lfi.vaultg.{'g' * 60}"})

    def test_a_shard_replaces_regions_and_compartments(self) -> None:
        given = {**REKEY, "rekey_regions": "all", "rekey_compartment_ids": TENANCY}
        values, problems = read_role(
            "rekey", given, shard_region="iad", shard_compartment_id=TWO, table=REGIONS, environment={}
        )
        assert problems == []
        assert (values["regions"], values["compartment_ids"], values["recursive"]) == ([IAD], [TWO], False)

    @pytest.mark.parametrize("shard", [{"shard_region": "iad"}, {"shard_compartment_id": TWO}])
    def test_half_a_shard_is_an_error(self, shard: dict[str, str]) -> None:
        _values, problems = read_role("rekey", REKEY, table=REGIONS, environment={}, **shard)
        assert "A shard needs both" in problems[0]

    def test_contradictions(self) -> None:
        assert "no resource can match both" in problem(only_oracle_managed="yes", from_kms_key_ids=KEY_B)
        assert "is not the digest of a plan" in problem(plan_digest="abc")


EVERY_ROLE: dict[str, dict[str, Any]] = {
    "rekey": {"kms_key_ids": {IAD: KEY_A}, "compartment_ids": [ONE]},
    "backup_policy": {"kms_key_id": KEY_A, "compartment_ids": [ONE], "regions": [IAD]},
    "restore_keys": {"report": "/run/report.json"},
    "copy_backups": {
        "backup_ids": "ocid1.volumebackup.oc1.iad.unique",
        "destination_region": "fra",
        "oracle_managed": True,
    },
    "encryption_report": {},
}


@pytest.mark.parametrize("role", EVERY_ROLE)
class TestEveryRole:
    @staticmethod
    def read(role: str, **more: Any) -> tuple[dict[str, Any], list[str]]:
        given = {f"{role}_{name}": value for name, value in {**EVERY_ROLE[role], **more}.items()}
        return read_role(role, given, table=REGIONS, environment={})

    def test_blanks_are_as_nothing(self, role: str) -> None:
        plain, problems = self.read(role)
        assert problems == []
        for blank in BLANKS:
            others = set(plain) - set(EVERY_ROLE[role]) - {"artifact", "approved_plan"}
            assert self.read(role, **dict.fromkeys(others, blank)) == (plain, [])

    def test_what_is_needed_is_not_there_if_it_is_blank(self, role: str) -> None:
        for name in EVERY_ROLE[role]:
            for blank in BLANKS:
                _values, problems = self.read(role, **{name: blank})
                if name == "oracle_managed":
                    assert any(f"{role}_kms_key_id is not set" in problem for problem in problems)
                    continue
                assert any(f"{role}_{name} is" in problem for problem in problems) or (
                    (role, name) == ("backup_policy", "compartment_ids") and problems[0].startswith("Neither")
                )

    def test_a_list_that_came_out_empty_is_no_blank(self, role: str) -> None:
        values, _problems = self.read(role)
        for name in set(values) & {
            *("compartment_ids", "regions", "resource_types", "from_kms_key_ids", "exclude_ids"),
            *("asset_ids", "backup_ids", "freeform_tags", "defined_tags", "kms_key_ids"),
        }:
            for empty in ([], {}, "[]", "{}", [""], [None], ","):
                _values, problems = self.read(role, **{name: empty})
                assert [problem for problem in problems if problem.startswith(f"{role}_{name}: ")], (name, empty)

    def test_text_is_as_good_as_truth_values_and_numbers(self, role: str) -> None:
        values, _problems = self.read(role)
        for name, value in values.items():
            spellings: tuple[Any, ...] = ()
            if isinstance(value, bool):
                spellings = (str(value), str(value).lower(), "yes" if value else "no", "1" if value else "0")
            elif isinstance(value, int):
                spellings = (str(value), f" {value} ")
            for spelling in spellings:
                assert self.read(role, **{name: spelling}) == (values, []), name

    def test_a_name_that_is_not_known_is_told_for_what_it_may_be(self, role: str) -> None:
        _values, problems = self.read(role, wait_timeoutt="9", region_s="iad")
        assert len(problems) == 2
        assert all(f"is not a variable of role {role}" in problem for problem in problems)


class TestBackupPolicy:
    @pytest.mark.parametrize(
        ("given", "fault"),
        [
            ({"kms_key_id": KEY_A}, "Neither backup_policy_asset_ids nor"),
            ({"kms_key_id": KEY_A, "asset_ids": volume_id(1), "compartment_ids": ONE}, "are both set"),
            ({"asset_ids": volume_id(1)}, "backup_policy_kms_key_id is not set"),
            ({"asset_ids": volume_id(1), "state": "absent", "kms_key_id": KEY_A}, "state absent"),
            ({"kms_key_id": KEY_A, "compartment_ids": ONE}, "backup_policy_regions is not set"),
            (
                {"kms_key_id": KEY_A, "asset_ids": volume_id(1), "freeform_tags": "a=b"},
                "among discovered assets",
            ),
            ({"kms_key_id": KEY_A, "asset_ids": []}, "is empty"),
            ({"kms_key_id": KEY_A, "asset_ids": KEY_A}, "is a key, but"),
        ],
    )
    def test_what_is_wrong(self, given: dict[str, Any], fault: str) -> None:
        named = {f"backup_policy_{name}": value for name, value in given.items()}
        _values, problems = read_role("backup_policy", named, table=REGIONS)
        assert any(fault in found for found in problems), problems

    def test_by_list(self) -> None:
        given = {"backup_policy_asset_ids": f"{volume_id(1)},{volume_id(2)}", "backup_policy_kms_key_id": KEY_A}
        values, problems = read_role("backup_policy", given, table=REGIONS)
        assert problems == []
        assert values["asset_ids"] == [volume_id(1), volume_id(2)]


class TestCopyBackups:
    BACKUP = "ocid1.volumebackup.oc1.iad.unique"

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({}, "copy_backups_backup_ids is not set"),
            ({"backup_ids": BACKUP}, "copy_backups_destination_region is not set"),
            ({"backup_ids": BACKUP, "destination_region": ""}, "copy_backups_destination_region is not set"),
            ({"backup_ids": BACKUP, "destination_region": "all"}, "must be a single region"),
            ({"backup_ids": BACKUP, "destination_region": "iad,fra"}, "must be a single region"),
            ({"backup_ids": volume_id(1), "destination_region": "fra"}, "is expected"),
            ({"backup_ids": BACKUP, "destination_region": "fra"}, "set copy_backups_oracle_managed to true"),
            (
                {"backup_ids": BACKUP, "destination_region": "fra", "kms_key_id": " ", "oracle_managed": "false"},
                "copy_backups_kms_key_id is not set",
            ),
            (
                {"backup_ids": BACKUP, "destination_region": "fra", "kms_key_id": KEY_A, "oracle_managed": "yes"},
                "are both set",
            ),
        ],
    )
    def test_what_is_wrong_is_told(self, given: dict[str, Any], words: str) -> None:
        named = {f"copy_backups_{name}": value for name, value in given.items()}
        _values, problems = read_role("copy_backups", named, table=REGIONS)
        assert words in " ".join(problems)

    def test_a_survey_with_blanks_is_understood(self) -> None:
        given = {
            "backup_ids": f"{self.BACKUP}1, {self.BACKUP}2,",
            "destination_region": "fra",
            "kms_key_id": "",
            "oracle_managed": "true",
        }
        named = {f"copy_backups_{name}": value for name, value in given.items()}
        values, problems = read_role("copy_backups", named, table=REGIONS)
        assert problems == []
        assert values["backup_ids"] == [f"{self.BACKUP}1", f"{self.BACKUP}2"]
        assert (values["destination_region"], values["kms_key_id"]) == (["eu-frankfurt-1"], None)


class TestFiles:
    """A relative path is meant from where ansible-playbook was started; tasks of a collection run elsewhere."""

    @pytest.mark.parametrize(
        ("role", "name", "given", "names"),
        [
            ("restore_keys", "report", "former-keys.jsonl", ["former-keys.jsonl"]),
            ("restore_keys", "report", ["a/report.json", "/tmp/plan.json"], ["a/report.json", "/tmp/plan.json"]),
            ("rekey", "plan_file", "plan.json", "plan.json"),
            ("encryption_report", "baseline", "latest/report.json", "latest/report.json"),
            ("encryption_report", "metrics_file", "keys.prom", "keys.prom"),
        ],
    )
    def test_paths_become_absolute(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str, name: str, given: Any, names: Any
    ) -> None:
        monkeypatch.chdir(tmp_path)
        values, _problems = read_role(role, {f"{role}_{name}": given}, table=REGIONS)

        found = values[name]
        assert found == ([str(tmp_path / one) for one in names] if isinstance(names, list) else str(tmp_path / names))

    def test_the_word_latest_is_no_path(self) -> None:
        values, problems = read_role("encryption_report", {"encryption_report_baseline": " latest "}, table=REGIONS)
        assert (values["baseline"], problems) == ("latest", [])

    def test_home_is_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/someone")
        values, _problems = read_role("restore_keys", {"restore_keys_report": "~/reports/run"}, table=REGIONS)

        assert values["report"] == ["/home/someone/reports/run"]
