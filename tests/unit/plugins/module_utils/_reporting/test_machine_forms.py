# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import io
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from py_ocsf_models.objects.cloud import Cloud
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.text import visible
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.changes_file import parse_changes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_file import parse_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import RunRecords
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.build import ReportContext, build
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.ocsf import ocsf_text
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.prometheus import metrics_text
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.redaction import Redaction
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.report_csv import csv_text
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.since import ALL_LISTS

NASTY = 'a"b\\c\nd\u202e<script>{}=1'
OCID = re.compile(r"ocidv?1[.:]")
ROOT = Path(__file__).parents[5]


def report(*resources: dict[str, Any], keys: Any = (), changes: Any = (), **fields: Any) -> dict[str, Any]:
    records = RunRecords(
        discovery=parse_discovery(JsonNode(files.discovery(*resources, **fields), "before.json")),
        keys=parse_keys(JsonNode(files.keys(*keys), "keys.json")),
        changes=parse_changes(JsonNode(files.changes(*changes), "batch-0001.json")),
    )
    return build([records], [], ReportContext("run", "2026-11-24T02:00:00.000Z", {"run_id": "a-run"}))


SOME = (
    files.resource(1, key=files.KEY_A, freeform_tags={"team": "payments"}, defined_tags={"ops": {"tier": 1}}),
    files.resource(2),
    files.resource(3, "boot_volume"),
    files.resource(4, "volume_backup", files.KEY_B),
    files.resource(5, "policy_assignment"),
)
KEYS = (
    files.key(),
    files.key(
        files.KEY_B,
        usable=False,
        lifecycle_state="PENDING_DELETION",
        time_of_deletion="2026-12-01T00:00:00Z",
        problems=["is PENDING_DELETION"],
        versions=3,
    ),
)
REPORTS: dict[str, dict[str, Any]] = {
    "some": report(*SOME, keys=KEYS, changes=[files.change(1), files.failure(2)]),
    "nothing": report(),
    "incomplete": report(*SOME, unreadable=[files.unreadable(), files.unreadable(region=None, hint=None)]),
    "unreadable": report(unreadable=[files.unreadable()]),
    "keys not looked up": report(*SOME),
    "keys not readable": report(*SOME, keys=[files.key(usable=False, lifecycle_state=None, time_created=None)]),
    "fleet": report(*files.fleet(300)["resources"]),
    "names": report(
        files.resource(1, display_name=NASTY, freeform_tags={NASTY: NASTY}),
        {**files.resource(2, display_name=None, lifecycle_state=NASTY), "region": NASTY},
        {**files.resource(3), "type": "invented_type"},
        scanned={"compartments": [{"id": files.TENANCY, "name": NASTY, "lifecycle_state": "ACTIVE"}]},
        unreadable=[files.unreadable(message=NASTY)],
        keys=[files.key(lifecycle_state=NASTY)],
    ),
    "redacted": Redaction("secret")(report(*SOME, keys=KEYS, unreadable=[files.unreadable()])),
}


def events(made: dict[str, Any]) -> list[dict[str, Any]]:
    return list(json.loads(ocsf_text(made)))


class TestOcsf:
    @pytest.mark.parametrize("name", REPORTS)
    def test_it_is_of_the_schema(self, name: str) -> None:
        text = ocsf_text(REPORTS[name])
        assert text.isascii()
        for event in json.loads(text):
            read = ComplianceFinding.model_validate(event)
            assert (read.class_uid, int(read.type_uid), read.category_uid) == (2003, 200301, 2)
            assert {*event} - {"cloud"} <= {*ComplianceFinding.model_fields}
            Cloud.model_validate(event["cloud"])
            assert event["time"] == 1795485600000

    def test_who_does_not_meet_what(self) -> None:
        found = {
            (event["compliance"]["control"], one["name"]): event
            for event in events(REPORTS["some"])
            for one in event.get("resources", ())
        }
        assert ("5.2.1", "volume-2") in found
        assert ("5.2.2", "boot_volume-3") in found
        assert ("usable_keys", "main-key") in found
        assert ("5.2.1", "volume-1") not in found
        event = found["usable_keys", "main-key"]
        assert (event["severity"], event["compliance"]["status"]) == ("High", "Fail")
        assert event["remediation"]["desc"].startswith("Cancel the deletion")

    def test_a_finding_keeps_its_identity(self) -> None:
        first, second = (
            {event["finding_info"]["uid"] for event in events(one)} for one in (report(*SOME), report(*SOME))
        )
        assert first == second
        assert len(first) == len(events(report(*SOME)))

    @pytest.mark.parametrize("name", ["incomplete", "nothing", "keys not looked up", "keys not readable"])
    def test_nothing_unknown_passes(self, name: str) -> None:
        made = REPORTS[name]
        passed = {event["compliance"]["control"] for event in events(made) if event["compliance"]["status"] == "Pass"}
        if name == "incomplete":
            assert passed == set()
        assert not passed & {"usable_keys", "single_version_keys"}

    def test_places_that_could_not_be_read_are_warnings(self) -> None:
        found = [one for one in events(REPORTS["incomplete"]) if one["metadata"]["event_code"] == "unreadable"]
        assert len(found) == 2
        assert {one["compliance"]["status"] for one in found} == {"Warning"}

    def test_tags_are_labels(self) -> None:
        tagged = report(files.resource(1, freeform_tags={"team": "payments"}, defined_tags={"ops": {"tier": 1}}))
        (labels,) = [one["resources"][0]["labels"] for one in events(tagged) if one.get("resources")]
        assert labels == ["team=payments", "ops.tier=1"]


def samples(made: dict[str, Any]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name.removeprefix("oci_block_volume_keys_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics_text(made))
        for sample in family.samples
    }


class TestPrometheus:
    @pytest.mark.parametrize("name", REPORTS)
    def test_it_can_be_parsed_and_names_no_resource(self, name: str) -> None:
        text = metrics_text(REPORTS[name])
        families = list(text_string_to_metric_families(text))
        assert all(family.type == "gauge" and family.documentation for family in families)
        assert len({family.name for family in families}) == len(families)
        assert not OCID.search(text)
        assert "volume-1" not in text
        assert visible(text.replace("\n", "")) == text.replace("\n", "")

    def test_figures(self) -> None:
        found = samples(REPORTS["some"])
        assert found["resources", (("encryption", "oracle"), ("region", files.IAD), ("type", "volume"))] == 1
        assert found["report_complete", ()] == 1
        assert found["report_time_seconds", ()] == 1795485600
        assert found["check_findings", (("check", "5.2.1"),)] == 1
        assert found["keys", (("state", "PENDING_DELETION"),)] == 1
        assert found["resources_on_keys", (("state", "ENABLED"),)] == 1
        assert found["next_key_deletion_time_seconds", ()] == 1796083200
        assert found["outcomes", (("outcome", "failed"),)] == 1

    def test_rules_of_the_readme_are_about_metrics_of_a_report(self) -> None:
        readme = (ROOT / "roles" / "encryption_report" / "README.md").read_text()
        rules = re.findall(r"^  expr: (.+)$", readme, re.MULTILINE)
        named = {name for rule in rules for name in re.findall(r"oci_block_volume_keys_(\w+)", rule)}
        assert rules
        assert len(named) >= len(rules)
        assert named - {name for name, _labels in samples(REPORTS["some"])} == set()

    def test_what_is_unknown_is_not_nothing(self) -> None:
        found = samples(REPORTS["keys not looked up"])
        assert found["resources_on_keys", (("state", "unknown"),)] == 2
        assert not [
            name for name, _labels in found if name in ("oldest_key_age_days", "next_key_deletion_time_seconds")
        ]
        unread = samples(REPORTS["keys not readable"])
        assert unread["resources_on_keys", (("state", "unknown"),)] == 2
        assert not [name for name, _labels in samples(report()) if name == "resources"]

    @pytest.mark.parametrize(
        ("name", "check"),
        [
            ("unreadable", "5.2.1"),
            ("incomplete", "replicas"),
            ("keys not looked up", "4.16"),
            ("keys not readable", "usable_keys"),
        ],
    )
    def test_a_check_of_unknown_state_has_no_findings_of_0(self, name: str, check: str) -> None:
        found, label = samples(REPORTS[name]), (("check", check),)
        made = REPORTS[name]["violations"]
        (row,) = [row for row in (*made["checks"], *made["beyond"]) if row["id"] == check]
        assert row["state"] == "unknown"
        assert ("check_findings", label) not in found
        assert found["check_uncertain", label] == 1
        assert found.get(("check_unknown", label)) == (len(row["unknown"]) or None)

    def test_a_check_of_a_known_state_is_certain(self) -> None:
        found = samples(REPORTS["some"])
        assert found["check_uncertain", (("check", "5.2.1"),)] == 0
        assert found["check_unknown", (("check", "5.2.1"),)] == 0
        assert found["check_findings", (("check", "policy_copies"),)] == 1
        met = samples(report(files.resource(1, key=files.KEY_A), keys=[files.key()]))
        assert met["check_findings", (("check", "5.2.1"),)] == 0

    def test_keys_in_use_that_nobody_looked_up_are_unknown(self) -> None:
        assert samples(REPORTS["keys not looked up"])["keys", (("state", "unknown"),)] == 2
        assert samples(REPORTS["keys not readable"])["keys", (("state", "unknown"),)] == 2
        assert ("keys", (("state", "unknown"),)) not in samples(REPORTS["some"])

    def test_the_oldest_age_is_that_of_all_keys_in_use(self) -> None:
        two = (files.resource(1, key=files.KEY_A), files.resource(2, key=files.KEY_B))
        assert ("oldest_key_age_days", ()) in samples(report(*two, keys=KEYS))
        later = files.key(files.KEY_B, time_created="2027-01-01T00:00:00.000Z")
        for other in ([], [files.key(files.KEY_B, time_created=None)], [later]):
            assert ("oldest_key_age_days", ()) not in samples(report(*two, keys=[files.key(), *other]))

    def test_labels_have_few_values_whatever_a_file_says(self) -> None:
        rows = [
            {**files.resource(number, lifecycle_state=f"S{number}"), "region": f"xx-region-{number}"}
            for number in range(500)
        ]
        keys = [files.key(files.key_ocid(n), lifecycle_state="S" * (n % 60 + 1)) for n in range(400)]
        used = [files.resource(1000 + n, key=files.key_ocid(n)) for n in range(400)]
        found = samples(report(*rows, *used, keys=keys))
        assert len(found) < 450
        total = sum(value for (name, _labels), value in found.items() if name == "resources")
        assert total == 900
        assert sum(value for (name, _labels), value in found.items() if name == "resources_on_keys") == 400

    def test_since_is_there_with_a_baseline_only(self) -> None:
        made = report(*SOME)
        assert not [name for name, _labels in samples(made) if name == "since_baseline"]
        made["since"] = {name: [1, 2] for name in ALL_LISTS}
        assert samples(made)["since_baseline", (("change", "unknown"),)] == 2


class TestCsv:
    def rows(self, made: dict[str, Any]) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(csv_text(made), newline="")))

    def test_tags_size_and_checks(self) -> None:
        first, second, boot, backup, _policy = sorted(self.rows(REPORTS["some"]), key=lambda row: row["id"][-60:])
        assert json.loads(first["freeform_tags"]) == {"team": "payments"}
        assert json.loads(first["defined_tags"]) == {"ops": {"tier": 1}}
        assert (first["size_in_gbs"], first["key_state"], first["cis_not_met"]) == ("50", "ENABLED", "")
        assert (second["cis_not_met"], second["not_met"], second["key_state"]) == ("5.2.1", "5.2.1", "")
        assert boot["cis_not_met"] == "5.2.2"
        assert backup["key_state"] == "PENDING_DELETION"
        assert "usable_keys" in backup["not_met"]

    def test_a_key_that_was_not_read_is_unknown(self) -> None:
        assert {row["key_state"] for row in self.rows(REPORTS["keys not looked up"]) if row["kms_key_id"]} == {
            "UNKNOWN"
        }

    @pytest.mark.parametrize("name", REPORTS)
    def test_no_cell_is_a_formula(self, name: str) -> None:
        for row in self.rows(REPORTS[name]):
            for value in row.values():
                assert not [
                    part
                    for part in value.split(";")
                    if part.lstrip(" \"'").startswith(("=", "+", "-", "@")) and part[0] != "'"
                ]


@pytest.mark.parametrize("text", [ocsf_text, metrics_text, csv_text])
def test_redaction_leaves_no_ocid(text: Any) -> None:
    found = text(REPORTS["redacted"])
    assert not re.search(
        r"ocid1\.\w+\.oc1\.[\w-]*\.(?!redacted-|vault|[\w-]*\.redacted-)", found.replace("vault01.", "")
    )


def test_the_same_report_gives_the_same_text() -> None:
    made = report(*SOME, keys=KEYS)
    shuffled = {name: made[name] for name in random.Random(1).sample(sorted(made), len(made))}
    assert [text(made) for text in (ocsf_text, metrics_text)] == [text(shuffled) for text in (ocsf_text, metrics_text)]
