# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What exceptions make of a report: of its checks, headline, alarms, tables, page and other forms."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_file import parse_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import (
    RunRecords,
    parse_report,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_summary import FolderOfRun
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.key_exceptions import KeyException, Selector
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.alarms import alarms
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.build import (
    ReportContext,
    build,
    canonical,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.checks import Demands
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.history import summarize, trend
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.html import render
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.ocsf import ocsf_events
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.prometheus import metrics_text
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.redaction import Redaction
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.report_csv import csv_text
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.report_text import report_lines
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.since import compare

ROLE = Path(__file__).resolve().parents[5] / "roles" / "encryption_report"
TEMPLATE = (ROLE / "templates" / "report.html.j2").read_text(encoding="utf-8")
SCHEMA = Draft202012Validator(json.loads((ROLE / "files" / "report.schema.json").read_text(encoding="utf-8")))
NOW = "2026-11-24T02:00:00.000Z"
PARENTS = {files.compartment_ocid(1): files.TENANCY}
ORACLE = [files.resource(number) for number in (1, 2)]
CUSTOMER = files.resource(3, key=files.KEY_A)


def exception(number: int = 1, expires: str = "2027-06-30", **selector: Any) -> KeyException:
    selector = selector or {"resource_ids": (ORACLE[0]["id"],)}
    return KeyException(number, Selector(**selector), "can't be restarted", "storage", f"CHG-{number}", expires)


def report(
    *exceptions: KeyException,
    resources: Any = (*ORACLE, CUSTOMER),
    key: dict[str, Any] | None = None,
    now: str = NOW,
    parents: dict[str, str] = PARENTS,
    demands: Demands | None = None,
) -> dict[str, Any]:
    found = files.discovery(*resources, scanned={"compartment_parents": parents})
    keys = parse_keys(JsonNode({"keys": [files.key(**(key or {}))]}, "keys.json"))
    run = RunRecords(discovery=parse_discovery(JsonNode(found, "after.json"), "after.json"), keys=keys)
    context = ReportContext("run", now, exceptions=list(exceptions), demands=demands or Demands())
    made = build([run], [], context)
    SCHEMA.validate(made)
    return made


def check(made: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [each for each in [*made["violations"]["checks"], *made["violations"]["beyond"]] if each["id"] == name]
    return dict(found)


def test_an_excepted_resource_is_counted_apart() -> None:
    made = report(exception())
    found = check(made, "5.2.1")
    assert (found["state"], found["findings"], found["excepted"]) == ("not_met", [ORACLE[1]["id"]], [ORACLE[0]["id"]])
    assert (found["total"], found["compliant"]) == (3, 1)
    assert (made["headline"]["coverage"]["oracle"], made["headline"]["coverage"]["excepted"]) == (2, 1)
    assert "1 of 3 resources is on the Oracle-managed key, and no exception excuses that." in _said(made)


def test_nothing_is_said_to_be_met_by_all_if_exceptions_excuse_some() -> None:
    made = report(exception(resource_types=("volume",)))
    assert check(made, "5.2.1")["state"] == "excepted"
    assert made["headline"]["level"] == "green"
    assert "All but 2 excepted of 3 resources" in made["headline"]["sentence"]
    assert not alarms(made, ["cis", "incomplete", "expired_exceptions"])
    assert "2 of it excepted" in " ".join(report_lines(made))


def _said(made: dict[str, Any]) -> list[str]:
    return [made["headline"]["sentence"], *made["headline"]["others"]]


@pytest.mark.parametrize(
    ("expires", "now", "state"),
    [("2026-11-23", NOW, "expired"), ("2027-06-30", "2020-01-01T00:00:00.000Z", "unknown")],
)
def test_an_exception_that_is_not_known_to_hold_excuses_nothing_and_raises_the_alarm(
    expires: str, now: str, state: str
) -> None:
    made = report(exception(expires=expires, resource_types=("volume",)), now=now)
    assert made["exceptions"][state] == [1]
    assert made["exceptions"]["excepted"] == 0
    assert len(check(made, "5.2.1")["findings"]) == 2
    assert made["headline"]["level"] == "amber"
    assert any("Exception 1 (CHG-1, storage, until" in text for text in _said(made))
    [sentence] = alarms(made, ["expired_exceptions"])
    assert state in sentence
    assert f'"bad">{state}' in _page(made) or f'"oracle">{state}' in _page(made)


def test_no_file_of_exceptions_is_unknown_and_an_empty_one_is_none() -> None:
    assert alarms(report(), ["expired_exceptions"]) == []
    made = report()
    made["exceptions"] = None
    assert "unknown" in alarms(made, ["expired_exceptions"])[0]


def test_one_that_matches_nothing_is_told() -> None:
    made = report(exception(resource_types=("boot_volume",)))
    assert made["exceptions"]["unmatched"] == [1]
    assert any("matches nothing in scope" in line for line in report_lines(made))
    assert "Matches nothing in scope." in _page(made)


def test_what_may_be_below_its_compartment_is_not_excused() -> None:
    made = report(exception(compartment_ids=(files.compartment_ocid(7),)), parents={})
    assert made["exceptions"]["excepted"] == 0
    assert len(made["exceptions"]["rows"][0]["possible"]) == 3
    assert made["exceptions"]["unmatched"] == []
    assert any("may be about more" in line for line in report_lines(made))


def test_a_key_is_excused_only_if_all_that_is_on_it_is() -> None:
    other = files.resource(4, key=files.KEY_A)
    demands = Demands(required_protection="EXTERNAL")
    both = report(exception(resource_types=("volume",)), resources=(CUSTOMER, other), demands=demands)
    assert check(both, "protection")["excepted"] == [files.KEY_A]
    one = report(exception(resource_ids=(CUSTOMER["id"],)), resources=(CUSTOMER, other), demands=demands)
    assert check(one, "protection")["findings"] == [files.KEY_A]


@pytest.mark.parametrize(
    ("key", "name", "verdict"),
    [
        ({"lifecycle_state": "PENDING_DELETION", "usable": False, "problems": ["is"]}, "usable_keys", "findings"),
        ({"lifecycle_state": None, "usable": False, "problems": ["was not found"]}, "usable_keys", "unknown"),
        ({"lifecycle_state": None, "usable": False, "problems": ["was not found"]}, "5.2.1", "unknown"),
    ],
)
def test_neither_danger_nor_the_unknown_is_excused(key: dict[str, Any], name: str, verdict: str) -> None:
    made = report(exception(resource_types=("volume",)), key=key)
    found = check(made, name)
    assert found[verdict]
    assert found["state"] != "excepted"
    assert made["headline"]["level"] != "green"


def _page(made: dict[str, Any]) -> str:
    made.setdefault("since", None)
    made.setdefault("trend", None)
    return render(TEMPLATE, made, "0" * 64)


def test_page_table_and_findings_have_them() -> None:
    made = report(exception())
    page = _page(made)
    assert 'id="exceptions"' in page
    assert "CHG-1" in page
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(csv_text(made)))}
    assert [rows[one["id"]]["exceptions"] for one in ORACLE] == ["CHG-1", ""]
    assert rows[ORACLE[0]["id"]]["not_met"] == ""
    [event] = [one for one in ocsf_events(made) if one["status"] == "Suppressed"]
    assert (event["status_id"], event["compliance"]["status"]) == (3, "Fail")
    assert event["resources"][0]["uid"] == ORACLE[0]["id"]


def test_exceptions_are_redacted_with_the_report() -> None:
    made = Redaction()(report(exception(), exception(2, compartment_ids=(files.compartment_ocid(1),))))
    text = json.dumps(made["exceptions"])
    assert ORACLE[0]["id"] not in text
    assert files.compartment_ocid(1) not in json.dumps(made)


def _read_back(made: dict[str, Any]) -> RunRecords:
    return parse_report(JsonNode(json.loads(canonical(made)), "report.json"))


LATER = "2027-07-02T02:00:00.000Z"


@pytest.mark.parametrize(
    ("before", "after", "lists", "worse"),
    [
        pytest.param(report(), report(exception()), {"newly_excepted": 1}, [], id="an-exception-is-new"),
        pytest.param(
            report(exception()),
            report(),
            {"no_longer_excepted": 1},
            ["1 resource is no longer excused by an exception."],
            id="an-exception-is-gone",
        ),
        pytest.param(
            report(exception()),
            report(exception(), now=LATER),
            {"no_longer_excepted": 1, "exceptions_newly_expired": 1},
            ["1 resource is no longer excused by an exception.", "1 exception has expired."],
            id="an-exception-expires",
        ),
        pytest.param(
            report(exception(expires="2026-11-23")),
            report(exception(expires="2026-11-23")),
            {},
            [],
            id="it-had-expired-before",
        ),
        pytest.param(report(exception(1)), report(exception(1)), {}, [], id="nothing-is-different"),
        pytest.param(
            report(exception(expires="2026-11-23"), now="2020-01-01T00:00:00.000Z"),
            report(exception(expires="2026-11-23")),
            {"exceptions_newly_expired": 1},
            ["1 exception has expired."],
            id="then-it-was-unknown",
        ),
    ],
)
def test_since_an_earlier_report(
    before: dict[str, Any], after: dict[str, Any], lists: dict[str, int], worse: list[str]
) -> None:
    since: Any = compare(_read_back(before), _read_back(after))
    names = ("newly_excepted", "no_longer_excepted", "exceptions_newly_expired")
    assert {name: len(since[name]) for name in names if since[name]} == lists
    assert [text for text in since["worse"] if "exce" in text or "excu" in text] == worse
    made = {**after, "since": since, "trend": None}
    SCHEMA.validate(made)
    page = render(TEMPLATE, made, "digest")
    assert all(f'id="since-{name}"' in page for name in lists)


def test_the_trend_and_the_metrics_count_them() -> None:
    made = report(exception(), exception(2, "2026-11-23", resource_ids=(ORACLE[1]["id"],)))
    short = summarize(made, "digest")
    assert (short["excepted"], short["expired_exceptions"]) == (1, 1)
    earlier = FolderOfRun("earlier", {**short, "time_finished": "2026-11-01T00:00:00.000Z"}, None, True)
    found = trend([earlier], short)
    assert found is not None
    assert [(point["excepted"], point["expired_exceptions"]) for point in found["points"]] == [(1, 1), (1, 1)]
    page = render(TEMPLATE, {**made, "trend": found, "since": None}, "digest")
    assert 'data-l="Excepted">1<br><small class="bad">1 expired</small>' in page
    metrics = metrics_text({**made, "since": None})
    assert "oci_block_volume_keys_excepted_resources 1\n" in metrics
    for state, count in (("active", 1), ("expired", 1), ("unknown", 0)):
        assert f'oci_block_volume_keys_exceptions{{state="{state}"}} {count}\n' in metrics


def test_without_a_file_of_exceptions_nothing_is_counted() -> None:
    run = report()
    run["exceptions"] = None
    short = summarize(run, "digest")
    assert short["excepted"] is short["expired_exceptions"] is None
    assert "except" not in metrics_text({**run, "since": None})
