# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report among earlier ones: what is since, the trend, the index and the link beside it, and metrics elsewhere."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import html5lib
import jsonschema
import pytest
from integration.support.harness import Ran, run
from prometheus_client.parser import text_string_to_metric_families
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_report
from simulator.client import Simulator

ROLE = Path(__file__).parents[2] / "roles" / "encryption_report"
TEMPLATE = ROLE / "templates" / "report.html.j2"
SCHEMA = json.loads((ROLE / "files" / "report.schema.json").read_text())

SOME = (files.resource(1, key=files.KEY_A), files.resource(2))
USABLE = files.key()
DYING = files.key(usable=False, lifecycle_state="PENDING_DELETION", problems=["is PENDING_DELETION"])


class Reports:
    """A folder with the folders of runs."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self.folder = folder / "reports"
        self.folder.mkdir()
        self._sim = sim

    def make(
        self, name: str, *resources: dict[str, Any], keys: Any = (USABLE,), scanned: Any = None, **options: Any
    ) -> Ran:
        run_folder = self.folder / name
        run_folder.mkdir(exist_ok=True)
        found = files.discovery(*resources, scanned=scanned or {})
        for file, content in (("before.json", found), ("keys.json", files.keys(*keys))):
            (run_folder / file).write_text(json.dumps(content))
        given = {
            "report_dir": str(run_folder),
            "discovery_file": str(run_folder / "before.json"),
            "keys_file": str(run_folder / "keys.json"),
            "template": str(TEMPLATE),
            "history": True,
            "evidence": {"run_id": name},
            **options,
        }
        ran = run(key_assignment_report.main, self._sim, **given)
        assert "Traceback" not in ran.printed
        if not ran.failed:
            jsonschema.Draft202012Validator(SCHEMA).validate(self.read(name))
            html5lib.HTMLParser(strict=True).parse((run_folder / "report.html").read_text())
        return ran

    def read(self, name: str) -> dict[str, Any]:
        return dict(json.loads((self.folder / name / "report.json").read_text()))


@pytest.fixture
def reports(sim: Simulator, tmp_path: Path) -> Reports:
    return Reports(tmp_path, sim)


class TestSince:
    @pytest.mark.parametrize("baseline", ["latest", "report.json", "folder", "link"])
    def test_it_is_in_the_report_the_page_and_the_result(self, reports: Reports, baseline: str) -> None:
        reports.make("one", *SOME)
        given = {
            "latest": "latest",
            "report.json": str(reports.folder / "one" / "report.json"),
            "folder": str(reports.folder / "one"),
            "link": str(reports.folder / "latest"),
        }[baseline]
        ran = reports.make("two", *SOME, files.resource(3), keys=(DYING,), baseline=given, fail_on=["since"])
        assert {name: count for name, count in ran.result["since"].items() if count} == {
            "baseline": "one",
            "new": 1,
            "no_longer_compliant": 1,
            "keys_newly_unusable": 1,
            "worse": [
                "1 key can't be used any more.",
                "1 resource is no longer on a customer-managed key that can be used.",
                "1 new resource is not on a customer-managed key that can be used.",
            ],
        }
        assert any("1 new, 1 no longer compliant, 1 key newly unusable" in line for line in ran.result["lines"])
        assert "1 key can't be used any more." in ran.result["lines"]
        assert ran.result["alarms"] == [f"Since the baseline: {' '.join(ran.result['since']['worse'])}"]
        assert 'id="since-keys_newly_unusable"' in (reports.folder / "two" / "report.html").read_text()
        metrics = (reports.folder / "two" / "metrics.prom").read_text()
        assert 'oci_block_volume_keys_since_baseline{change="new"} 1\n' in metrics

    def test_latest_is_the_newest_of_the_same_scope(self, reports: Reports) -> None:
        reports.make("one", *SOME)
        reports.make("two", *SOME, scanned={"resource_types": ["volume"]})
        reports.make("three", *SOME, redact=True)
        (reports.folder / "four").mkdir()
        ran = reports.make("five", *SOME, baseline="latest")
        assert ran.result["since"]["baseline"] == "one"

    def test_the_first_report_has_none_to_compare_with_and_does_not_fail(self, reports: Reports) -> None:
        ran = reports.make("one", *SOME, baseline="latest")
        assert not ran.failed
        assert ran.result["since"] is None
        assert ran.msg.endswith("There is no earlier report of the same scope to compare with")

    def test_a_broken_latest_is_passed_over_with_a_warning(self, reports: Reports) -> None:
        reports.make("one", *SOME)
        reports.make("two", *SOME)
        (reports.folder / "two" / "report.json").write_text("{")
        ran = reports.make("three", *SOME, baseline="latest")
        assert ran.result["since"]["baseline"] == "one"
        assert any("was passed over" in warning for warning in ran.result["warnings"])

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("{", "is not JSON"),
            ("[]", "is a list"),
            ('{"format": "x"}', "is not of format"),
        ],
    )
    def test_a_baseline_that_is_none_is_an_error(self, reports: Reports, content: str, words: str) -> None:
        path = reports.folder / "other.json"
        path.write_text(content)
        ran = reports.make("one", *SOME, baseline=str(path))
        assert ran.failed
        assert words in ran.msg
        assert not (reports.folder / "one" / "report.json").exists()

    @pytest.mark.parametrize("options", [{"redact": True}, {"redact": True, "redact_key": "k"}])
    def test_reports_that_can_not_be_compared_are_told_so(self, reports: Reports, options: dict[str, Any]) -> None:
        reports.make("one", *SOME)
        ran = reports.make("two", *SOME, baseline=str(reports.folder / "one"), **options)
        assert ran.failed
        assert "redacted in another way" in ran.msg

    def test_redacted_reports_are_compared_with_their_like(self, reports: Reports) -> None:
        redacted = {"redact": True, "redact_key": "secret"}
        reports.make("one", *SOME, **redacted)
        ran = reports.make("two", *SOME[:1], files.resource(2, key=files.KEY_A), baseline="latest", **redacted)
        assert ran.result["since"]["newly_compliant"] == 1
        for path in (reports.folder / "two").iterdir():
            if path.name not in ("before.json", "keys.json"):
                assert SOME[0]["id"] not in path.read_text(), path.name


class TestFolder:
    def test_the_index_lists_the_runs_and_latest_leads_to_the_last(self, reports: Reports) -> None:
        for name in ("one", "two"):
            ran = reports.make(name, *SOME)
        assert os.readlink(reports.folder / "latest") == "two"
        assert ran.result["paths"]["latest"] == str(reports.folder / "latest")
        page = (reports.folder / "index.html").read_text()
        html5lib.HTMLParser(strict=True).parse(page)
        assert re.findall(r'href="(\w+)/report.html"', page) == ["two", "one"]
        assert stat.S_IMODE((reports.folder / "index.html").stat().st_mode) == 0o600
        assert len(reports.read("two")["trend"]["points"]) == 2
        assert reports.read("one")["trend"] is None

    def test_a_folder_that_keeps_no_history_gets_nothing(self, reports: Reports) -> None:
        reports.make("one", *SOME, history=False)
        assert [path.name for path in reports.folder.iterdir()] == ["one"]

    @pytest.mark.parametrize("name", ["index.html", "latest"])
    @pytest.mark.parametrize("make", [lambda path: path.write_text("mine"), lambda path: path.mkdir()])
    def test_what_is_somebodys_own_stays_and_is_named(
        self, reports: Reports, name: str, make: Callable[[Path], object]
    ) -> None:
        path = reports.folder / name
        make(path)
        before = os.lstat(path)
        ran = reports.make("one", *SOME)
        assert not ran.failed
        assert os.lstat(path).st_ino == before.st_ino
        assert any(str(path) in warning for warning in ran.result["warnings"])
        assert name.partition(".")[0] not in ran.result["paths"]
        assert (reports.folder / "one" / "report.json").exists()

    def test_every_file_of_the_run_is_in_its_manifest(self, reports: Reports) -> None:
        reports.make("one", *SOME)
        folder = reports.folder / "one"
        listed = {row["name"]: row["sha256"] for row in json.loads((folder / "manifest.json").read_text())["files"]}
        assert {"findings.ocsf.json", "metrics.prom", "summary.json", "report.csv", "report.html"} <= set(listed)
        for name, digest in listed.items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


class TestMetrics:
    def test_they_are_written_where_they_are_collected_and_everyone_may_read_them(
        self, reports: Reports, tmp_path: Path
    ) -> None:
        path = tmp_path / "oci.prom"
        for name in ("one", "two"):
            ran = reports.make(name, *SOME, metrics_file=str(path))
        assert ran.result["paths"]["metrics_file"] == str(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert path.read_text() == (reports.folder / "two" / "metrics.prom").read_text()
        assert len(list(text_string_to_metric_families(path.read_text()))) > 10
        assert [one.name for one in tmp_path.glob("*prom*")] == ["oci.prom"]

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda path: path.write_text("# mine\n"), "is not of this collection"),
            (lambda path: path.mkdir(), "is not a regular file"),
            (lambda path: path.symlink_to("elsewhere"), "is a symbolic link"),
        ],
    )
    def test_what_is_somebodys_own_stays(
        self, reports: Reports, tmp_path: Path, make: Callable[[Path], object], words: str
    ) -> None:
        path = tmp_path / "node.prom"
        make(path)
        ran = reports.make("one", *SOME, metrics_file=str(path))
        assert ran.failed
        assert words in ran.msg
        assert not (reports.folder / "one" / "report.json").exists()

    def test_a_folder_that_does_not_exist_is_told(self, reports: Reports, tmp_path: Path) -> None:
        ran = reports.make("one", *SOME, metrics_file=str(tmp_path / "missing" / "a.prom"))
        assert ran.failed
        assert "whose folder does not exist" in ran.msg
