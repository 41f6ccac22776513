# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import csv
import hashlib
import io
import json
import re
import stat
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from integration.support.harness import Ran, run, soak
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_report
from simulator.client import Simulator

ROOT = Path(__file__).parents[2]
ROLE = ROOT / "roles" / "encryption_report"
TEMPLATE = ROLE / "templates" / "report.html.j2"
SCHEMA = json.loads((ROLE / "files" / "report.schema.json").read_text())


class Folder:
    """The folder of a run, with the files that other modules left there."""

    def __init__(self, path: Path, sim: Simulator) -> None:
        self.path = path
        self._sim = sim
        path.mkdir(exist_ok=True)
        self.options: dict[str, Any] = {"report_dir": str(path), "template": str(TEMPLATE)}

    def put(self, option: str, name: str, content: Any) -> None:
        file = self.path / name
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        if option == "change_files":
            self.options.setdefault(option, []).append(str(file))
        else:
            self.options[option] = str(file)

    def report(self, check: bool = False, **options: Any) -> Ran:
        ran = run(key_assignment_report.main, self._sim, check=check, **{**self.options, **options})
        assert ran.calls == {}, "a report asks nothing of OCI"
        assert "Traceback" not in ran.printed
        return ran

    def read(self) -> dict[str, Any]:
        report = json.loads((self.path / "report.json").read_text())
        jsonschema.Draft202012Validator(SCHEMA).validate(report)
        return dict(report)

    def text(self, name: str) -> str:
        return (self.path / name).read_text()


@pytest.fixture
def folder(sim: Simulator, tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "run", sim)
    made.put("discovery_file", "before.json", files.discovery(*SOME))
    return made


SOME = (
    files.resource(1, key=files.KEY_A),
    files.resource(2),
    files.resource(3, "boot_volume", files.KEY_A),
    files.resource(4, "policy_assignment", files.KEY_B),
    files.resource(5, "replica"),
)


def furnish_everything(folder: Folder) -> None:
    folder.put("discovery_file", "after.json", files.discovery(*SOME, unreadable=[files.unreadable()]))
    folder.put("initial_discovery_file", "before.json", files.discovery(*SOME[:2]))
    folder.put("keys_file", "keys.json", files.keys(files.key(), files.key(files.KEY_B, versions=2)))
    lists = {name: [files.planned(9, reason="because")] for name in ("blocked", "left_alone", "excluded")}
    folder.put(
        "plan_file",
        "plan.json",
        files.plan(files.planned(1), not_approved=[files.planned(8, reason="because")], **lists),
    )
    folder.put("change_files", "batch-0001.json", files.changes(files.change(1), files.failure(2)))
    folder.put("change_files", "batch-0002.json", files.changes(files.change(4, assignment_id="a", policy_id="p")))
    folder.options["kms_key_ids"] = [files.KEY_A, files.key_ocid(7)]
    folder.options["evidence"] = {"run_id": "20261124T013439Z-1a2b3c-localhost", "parameters": {"a": [1, None]}}


@pytest.mark.parametrize("check", [False, True])
def test_a_report_is_written_and_nothing_counts_as_changed(folder: Folder, check: bool) -> None:
    ran = folder.report(check=check)

    assert not ran.failed
    assert not ran.changed
    assert ran.result["paths"] == {
        name: str(folder.path / file)
        for name, file in {
            "json": "report.json",
            "csv": "report.csv",
            "html": "report.html",
            "ocsf": "findings.ocsf.json",
            "metrics": "metrics.prom",
            "summary": "summary.json",
            "new_volumes": "new_volumes.csv",
            "manifest": "manifest.json",
        }.items()
    }
    assert ran.result["summary"] == {"total": 5, "customer": 3, "oracle": 2, "unreadable": 0}
    assert ran.result["headline"]["level"] == "amber"
    assert ran.msg.startswith("3 resources are on keys that could not be read: ")
    assert ran.msg.endswith(
        "0 of 5 resources are on customer-managed keys, 2 on the Oracle-managed key, 3 unknown. "
        "The report is incomplete"
    )
    assert ran.result["violations"] == {"4.16": None, "5.2.1": 1, "5.2.2": None}
    assert ran.result["digest"] == hashlib.sha256((folder.path / "report.json").read_bytes()).hexdigest()
    assert ran.result["digest"] in folder.text("report.html")
    for path in ran.result["paths"].values():
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert folder.read()["evidence"]["mode"] == ("check" if check else "run")


def test_everything_at_once_is_of_the_documented_form(folder: Folder) -> None:
    furnish_everything(folder)

    ran = folder.report()

    report = folder.read()
    assert report["outcomes"] == {"total": 3, "changed": 2, "unchanged": 0, "failed": 1, "unsettled": 0}
    assert report["before"] == {"total": 2, "customer": 1, "oracle": 1}
    assert report["changes"][2]["type"] == "policy_assignment"
    assert report["evidence"]["principal"].startswith("user ocid1.user")
    assert report["evidence"]["versions"]["collection"] == "0.1.0"
    assert [key["verdict"] for key in ran.result["retirement"]] == ["in_use", "incomplete"]
    assert ran.msg.startswith("1 change failed.")
    assert ran.msg.endswith("The report is incomplete")
    assert "1 place could not be read, so resources may be missing." in ran.result["lines"]
    page = folder.text("report.html")
    for words in ("This report is incomplete", "not approved", "skipped", "because", "What could not be read"):
        assert words in page


@pytest.mark.parametrize("name", [name for name in SCHEMA["required"] if name != "before"])
def test_the_form_is_told_apart_from_others(folder: Folder, name: str) -> None:
    furnish_everything(folder)
    folder.report()
    report = folder.read()
    for spoiled in ({**report, name: "x"}, {key: value for key, value in report.items() if key != name}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate(spoiled)


def test_every_record_has_only_what_is_documented(folder: Folder) -> None:
    furnish_everything(folder)
    folder.report()
    report = folder.read()
    for place in ("resources", "keys", "changes", "unreadable"):
        spoiled = copy.deepcopy(report)
        spoiled[place][0]["more"] = 1
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate(spoiled)


def test_the_manifest_has_every_file_of_the_run(folder: Folder) -> None:
    furnish_everything(folder)
    (folder.path / ".half-written").write_text("x")
    folder.report()

    listed = json.loads(folder.text("manifest.json"))["files"]

    assert {row["name"]: row["sha256"] for row in listed} == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.path.iterdir()
        if path.name not in ("manifest.json", ".half-written")
    }
    assert {"report.html", "batch-0002.json", "plan.json"} <= {row["name"] for row in listed}


def test_a_missing_folder_is_made_for_its_owner_only(folder: Folder, tmp_path: Path) -> None:
    folder.report(report_dir=str(tmp_path / "new"))
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_blanks_are_not_set(folder: Folder) -> None:
    blank = dict.fromkeys(
        ("initial_discovery_file", "plan_file", "keys_file", "merge_reports", "change_files", "redact_key"), ""
    )
    evidence = {"run_id": "", "awx_job_id": "", "time_started": ""}
    ran = folder.report(**blank, kms_key_ids=[""], evidence=evidence)
    assert not ran.failed, ran.msg
    assert folder.read()["evidence"]["awx"]["job_id"] is None


class TestInputOfOthers:
    NAMES = (
        "<script>document.title='pwned'</script>",
        '"><img src=x onerror=alert(1)>',
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r\n=1",
        "\x1b[2J\x1b[31mred\x07",
        "\u202egpj.exe",
        "{{ 7 * 7 }}{% for x in y %}",
        "nul\x00byte \ud800",
    )

    @pytest.fixture(autouse=True)
    def names(self, folder: Folder) -> None:
        resources = [files.resource(n, display_name=name, locked=name) for n, name in enumerate(self.NAMES)]
        scanned = {"compartments": [{"id": files.compartment_ocid(1), "name": name} for name in self.NAMES]}
        folder.put("discovery_file", "before.json", files.discovery(*resources, scanned=scanned))

    def test_a_page_shows_them_as_they_are(self, folder: Folder) -> None:
        folder.report()
        page = folder.text("report.html")
        assert "<script>document" not in page
        assert "&lt;script&gt;document" in page
        assert "<img" not in page
        assert "{{ 7 * 7 }}" in page
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page)

    def test_a_spreadsheet_calculates_nothing(self, folder: Folder) -> None:
        folder.report()
        rows = list(csv.DictReader(io.StringIO(folder.text("report.csv"))))
        assert len(rows) == len(self.NAMES)
        for row in rows:
            for value in row.values():
                assert not re.match(r"\s*[=+\-@]", value)
                assert not re.search("[\x00-\x1f]", value)

    def test_a_terminal_obeys_nothing(self, folder: Folder) -> None:
        ran = folder.report()
        for text in (ran.printed, folder.text("report.json"), folder.text("report.csv"), folder.text("manifest.json")):
            assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)


class TestMistakes:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"discovery_file": ""}, "Neither 'discovery_file' nor 'merge_reports' is set"),
            ({"discovery_file": "/nowhere/before.json"}, "'/nowhere/before.json' can't be read: No such file"),
            ({"merge_reports": ["/tmp/report.json"]}, "'merge_reports' and 'discovery_file' are mutually exclusive"),
            ({"template": "/nowhere/report.html.j2"}, "'template' '/nowhere/report.html.j2' can't be read"),
            ({"report_dir": "/nowhere/at/all"}, "'report_dir' '/nowhere/at/all' can't be created: No such file"),
            ({"report_dir": ""}, "'report_dir' is empty"),
            ({"kms_key_ids": ["mine"]}, "'kms_key_ids' has 'mine', which is a name"),
            ({"kms_key_ids": ["ocid1.key.oc1"]}, "is not an OCID"),
            ({"kms_key_ids": [files.ocid("volume", 1)]}, "is a block volume, but a key is expected"),
            (
                {"evidence": {"parameters": {"a": float("inf")}}},
                "'evidence' contains a value that can't be serialized as JSON",
            ),
        ],
    )
    def test_options(self, folder: Folder, options: dict[str, Any], words: str) -> None:
        ran = folder.report(**options)
        assert ran.failed
        assert words in ran.msg

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\xff",
            b"[" * 100_000,
            b"null",
            b"[]",
            b"7",
            b'{"resources": 1}',
            b'{"a": NaN}',
            b"{" * 1000,
            b'{"resources": [7], "scanned": {}, "caller": null}',
        ],
    )
    @pytest.mark.parametrize(
        "option",
        ["discovery_file", "initial_discovery_file", "plan_file", "keys_file", "change_files", "merge_reports"],
    )
    def test_files_that_are_none(self, folder: Folder, option: str, content: bytes) -> None:
        folder.put(option, "bad.json", content)
        if option == "merge_reports":
            folder.options["discovery_file"] = ""
        ran = folder.report()
        assert ran.failed
        assert "bad.json'" in ran.msg
        assert not (folder.path / "report.json").exists()

    @pytest.mark.parametrize(
        "template", ["{{ 1 | nope }}", "{% for %}", "{{ report.nothing.at_all }}", "{{ ''.__class__ }}"]
    )
    def test_a_template_that_does_not_work(self, folder: Folder, tmp_path: Path, template: str) -> None:
        (tmp_path / "bad.j2").write_text(template)
        ran = folder.report(template=str(tmp_path / "bad.j2"))
        assert ran.failed
        assert "'template' could not be rendered" in ran.msg
        assert not (folder.path / "report.json").exists()

    def test_a_machine_without_jinja2(self, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
        ran = folder.report()
        assert ran.failed
        assert "Failed to import the required Python library (jinja2)" in ran.msg
        ran = folder.report(template="")
        assert not ran.failed
        assert "html" not in ran.result["paths"]


class TestRedaction:
    @pytest.mark.parametrize("key", ["", "secret"])
    def test_no_ocid_is_left_anywhere(self, folder: Folder, key: str) -> None:
        furnish_everything(folder)
        folder.report(redact=True, redact_key=key)
        report = folder.read()
        assert report["evidence"]["redacted"] == ("hmac-sha256" if key else "sha256")
        for name in ("report.json", "report.csv", "report.html"):
            for ocid in re.findall(r"ocid1\.[\w.-]+", folder.text(name)):
                assert re.fullmatch(r"ocid1\.[a-z]+\.oc1\.[a-z0-9-]*\.redacted-[0-9a-f]{24}\.?", ocid)
        (place,) = report["unreadable"]
        assert place["compartment_id"] in place["message"]
        assert report["resources"][0]["kms_key_id"] in {row["kms_key_id"] for row in report["summary"]["by_key"]}

    def test_the_secret_is_nowhere(self, folder: Folder) -> None:
        ran = folder.report(redact=True, redact_key="correct horse")
        texts = [path.read_text() for path in folder.path.iterdir()]
        assert not [text for text in (ran.printed, *texts) if "correct horse" in text]


class TestMerging:
    def make(self, folder: Folder, name: str, *resources: dict[str, Any], **options: Any) -> str:
        shard = Folder(folder.path.parent / name, folder._sim)
        shard.put("discovery_file", "before.json", files.discovery(*resources))
        assert not shard.report(**options).failed
        return str(shard.path / "report.json")

    def test_shards_become_one(self, folder: Folder) -> None:
        paths = [self.make(folder, f"shard{n}", SOME[n]) for n in (0, 1, 2)]
        ran = folder.report(discovery_file="", merge_reports=paths)
        assert ran.result["summary"]["total"] == 3
        assert len(folder.read()["evidence"]["merged_from"]) == 3

    def test_redacted_ones_go_together_with_their_like_only(self, folder: Folder) -> None:
        one, two = (self.make(folder, f"shard{n}", SOME[n], redact=True) for n in (0, 1))
        plain = self.make(folder, "shard2", SOME[2])
        merged = folder.report(discovery_file="", merge_reports=[one, two])
        assert not merged.failed
        assert folder.read()["evidence"]["redacted"] == "sha256"
        assert "redacted in different ways" in folder.report(discovery_file="", merge_reports=[one, plain]).msg
        ran = folder.report(discovery_file="", merge_reports=[one], kms_key_ids=[files.KEY_A])
        assert "'kms_key_ids' can't be looked up in redacted reports" in ran.msg


_PROMISE = re.compile(
    r"no longer (?:needed|used|in use|required)|(?:not|n't) (?:needed|required)|\bunused\b|obsolete"
    r"|(?:can|may|could|safe|free|ready|ok(?:ay)?)(?: now| safely| to| be)* (?:delet|remov|retir|disabl|destroy|dropp)",
    re.IGNORECASE,
)


class TestNoPromiseAboutKeys:
    """Law 7: what was searched, what was not, what was found, and never that a key is needed no more."""

    @pytest.mark.parametrize(
        "words", ["It is no longer needed.", "may be deleted", "safe to delete", "can now be retired"]
    )
    def test_a_promise_would_be_noticed(self, words: str) -> None:
        assert _PROMISE.search(words)

    @pytest.mark.parametrize("verdict", ["in_use", "no_use_found_in_block_volume", "incomplete"])
    def test_no_text_makes_one(self, folder: Folder, verdict: str) -> None:
        furnish_everything(folder)
        folder.options["kms_key_ids"] = [files.KEY_A if verdict == "in_use" else files.key_ocid(7)]
        if verdict == "no_use_found_in_block_volume":
            folder.put("discovery_file", "after.json", files.discovery(*SOME))
        ran = folder.report()
        assert [key["verdict"] for key in ran.result["retirement"]] == [verdict]
        told = [str(ran.result["retirement"]), ran.msg]
        for text in (*told, *(folder.text(f"report.{kind}") for kind in ("json", "csv", "html"))):
            assert not _PROMISE.search(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)))
        page = folder.text("report.html")
        assert "Not searched:" in page
        assert "other tenancies" in page

    def test_nor_does_what_people_read_before(self) -> None:
        texts = [path for path in ROLE.glob("**/*") if path.is_file()]
        texts += (ROOT / "plugins").glob("**/*report*.py")
        for path in texts:
            assert not _PROMISE.search(path.read_text()), path


def test_a_folder_stands_for_its_batches_however_it_is_called(sim: Simulator, tmp_path: Path) -> None:
    folder = Folder(tmp_path / "run [1] *?", sim)
    folder.put("discovery_file", "after.json", files.discovery(*SOME))
    for number, name in enumerate(("0001", "9999", "10000"), 1):
        (folder.path / f"batch-{name}.json").write_text(json.dumps(files.changes(files.change(number))))
    folder.report(change_files=[str(folder.path)])
    assert [row["id"] for row in folder.read()["changes"]] == [files.change(number)["id"] for number in (1, 2, 3)]


@soak
def test_a_large_tenancy(folder: Folder) -> None:
    folder.put("discovery_file", "before.json", files.fleet(5000))
    folder.put("change_files", "batch-0001.json", files.changes(*[files.change(n) for n in range(5000)]))
    ran = folder.report(kms_key_ids=[files.key_ocid(n) for n in range(1, 400)])
    del ran.result["invocation"]
    assert ran.result["summary"]["total"] == 5000
    assert len(json.dumps(ran.result)) < 100_000
    assert (folder.path / "report.html").stat().st_size < 8_000_000


def key_states(folder: Folder) -> dict[str, Any]:
    return {key["id"]: key["lifecycle_state"] for key in folder.read()["keys"]}


@pytest.mark.parametrize("state", ["ENABLED", "PENDING_DELETION", "DISABLED"])
def test_keys_that_were_looked_up_only_before_the_run_have_no_known_state(folder: Folder, state: str) -> None:
    unused = files.key_ocid(7)
    before = [files.key(lifecycle_state=state), files.key(unused, lifecycle_state=state)]
    folder.put("initial_keys_file", "keys.json", files.keys(*before))

    assert not folder.report().failed
    report = folder.read()
    assert {key["id"]: key["lifecycle_state"] for key in report["keys"]} == {files.KEY_A: None, unused: None}
    assert {key["usable"] for key in report["keys"]} == {False}
    assert report["complete"] is False
    (danger,) = (row for row in report["headline"]["dangers"] if row["kms_key_id"] == files.KEY_A)
    assert (danger["condition"], danger["reason"]) == ("not_readable", "not looked up after the run")

    folder.put("keys_file", "keys-after.json", files.keys(files.key(files.KEY_B)))
    assert not folder.report().failed
    assert key_states(folder) == {files.KEY_A: None, files.KEY_B: "ENABLED", unused: state}

    folder.put("keys_file", "keys-after.json", files.keys(files.key(lifecycle_state="DISABLING", usable=False)))
    assert not folder.report().failed
    assert key_states(folder) == {files.KEY_A: "DISABLING", unused: state}
