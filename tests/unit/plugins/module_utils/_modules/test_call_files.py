# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No call writes a file twice, over a file of its own input, over credentials, or over what is not the collection's."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.own_files import write_result
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import FORMAT as PLAN_FORMAT
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.call_files import input_files
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.checked_files import (
    CHECKED_ELSEWHERE,
    check_files,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.files import (
    foreign_report_reason,
    write_report,
)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("OCI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def check(written: dict[str, Path], **options: Any) -> None:
    formats = {"plan_file": PLAN_FORMAT, "journal": CHECKED_ELSEWHERE}
    check_files(options, written, input_files(options, "discovery_file", "approved_file", "reports"), formats=formats)


def _symlink(one: Path, other: Path) -> None:
    one.write_text("")
    other.symlink_to(one)


def _hard_link(one: Path, other: Path) -> None:
    one.write_text("")
    os.link(one, other)


WAYS: dict[str, Callable[[Path, Path], None]] = {"symbolic link": _symlink, "hard link": _hard_link}


@pytest.mark.parametrize(
    ("name", "other"), [("plan_file", "keys_file"), ("new_discovery_file", "keys_file"), ("result_file", "journal")]
)
@pytest.mark.parametrize("way", [None, "..", *WAYS])
def test_written_files_are_different_ones(tmp_path: Path, name: str, other: str, way: str | None) -> None:
    one, two = tmp_path / "a.json", tmp_path / "b.json"
    if way in WAYS:
        WAYS[way](one, two)
    else:
        two = one if way is None else tmp_path / "x" / ".." / "a.json"
    with pytest.raises(InputError, match=f"'{name}' and '{other}' are the same file"):
        check({name: one, other: two})


@pytest.mark.parametrize("name", ["discovery_file", "approved_file"])
@pytest.mark.parametrize("as_list", [False, True])
def test_what_is_read_is_not_written_over(tmp_path: Path, name: str, as_list: bool) -> None:
    path = tmp_path / "a.json"
    write_result(path, {"resources": []})
    name = "reports" if as_list else name
    with pytest.raises(InputError, match="are the same file"):
        check({"new_discovery_file": path}, **{name: [str(path)] if as_list else str(path)})


def test_two_files_that_are_only_read_may_be_one(tmp_path: Path) -> None:
    path = str(tmp_path / "a.json")
    check({"plan_file": tmp_path / "plan.json"}, discovery_file=path, approved_file=path, reports=[str(tmp_path)])


@pytest.mark.parametrize("content", ["[DEFAULT]\nuser=x\n", "", '{"changed": true, "summary": {}, "resources": []}'])
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("config file", "the OCI config file"),
        ("default config file", "the OCI config file"),
        ("key file", "the file of the API key"),
        ("CA bundle", "the CA bundle"),
        ("token of a profile", "security_token_file of profile SESSION"),
        ("variable", "the environment variable OCI_RESOURCE_PRINCIPAL_RPST"),
    ],
)
@pytest.mark.parametrize("is_link", [False, True])
def test_credentials_are_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, how: str, words: str, is_link: bool
) -> None:
    secret = tmp_path / "home" / ".oci" / "config"
    secret.parent.mkdir(parents=True)
    options: dict[str, str] = {}
    if how != "default config file":
        secret = tmp_path / "secret"
    secret.write_text(content)
    if how == "config file":
        options["config_file_location"] = str(secret)
    elif how == "key file":
        options["api_user_key_file"] = str(secret)
    elif how == "CA bundle":
        options["cert_bundle"] = str(secret)
    elif how == "variable":
        monkeypatch.setenv("OCI_RESOURCE_PRINCIPAL_RPST", str(secret))
    elif how == "token of a profile":
        (tmp_path / "home" / ".oci" / "config").write_text(f"[SESSION]\nsecurity_token_file={secret}\n")
    path = secret
    if is_link:
        path = tmp_path / "link.json"
        os.link(secret, path)
    for name in ("result_file", "journal"):
        with pytest.raises(InputError, match=f"'{name}' is .*, which is .*{words}"):
            check({name: path}, **options)


RESULT = {"changed": False, "summary": {"total": 0}, "msg": "", "resources": []}


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        "text",
        '{"a": 1}',
        '{"format": "something/else", "resources": [], "summary": {}}',
        '{"resources": []}',
        '{"summary": {}}',
        "-----BEGIN PRIVATE KEY-----",
        "\x00\xff",
        "[" * 100_000,
        json.dumps({"format": "oci_keys.block_volume/plan", "version": 1}),
    ],
)
def test_only_results_are_replaced_by_results(tmp_path: Path, content: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=r"'result_file' is .*so it is not replaced"):
        check({"result_file": path})
    assert path.read_text(encoding="latin-1") == content


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to("nowhere"), lambda path: path.symlink_to("/dev/null")]
)
def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "result.json"
    make(path)
    with pytest.raises(InputError, match="so it is not replaced"):
        check({"result_file": path})


@pytest.mark.parametrize(
    "content",
    [
        "",
        json.dumps(RESULT, indent=2),  # of version 0.1.0
        json.dumps({"changed": False, "summary": {}, "keys": []}),
        json.dumps({"resources": [], "unreadable": [], "scanned": {}, "caller": {}}),
    ],
)
def test_results_of_the_collection_are_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "result.json"
    path.write_text(content)
    check({"result_file": path})
    write_result(path, RESULT)
    check({"result_file": path})
    assert json.loads(path.read_text()) == {"format": "oci_keys.block_volume/result", "version": 1, **RESULT}


def test_plans_are_replaced_by_plans_only(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"format": PLAN_FORMAT, "version": 1}, indent=2))
    check({"plan_file": path})
    write_result(path, RESULT)
    with pytest.raises(InputError, match=r"'plan_file' is .* which is the result of a module"):
        check({"plan_file": path})


def test_files_of_a_report_are_replaced_by_those_of_a_report(tmp_path: Path) -> None:
    report = json.dumps({"a": 1, "format": "oci_keys.block_volume/report"}, indent=2)
    for _once_more in range(2):
        assert not any(
            map(foreign_report_reason, map(tmp_path.joinpath, ("report.json", "report.csv", "manifest.json")))
        )
        write_report(tmp_path, {"json": report, "csv": "a\n", "html": "<html>"}, "run")
    (tmp_path / "manifest.json").unlink()
    assert foreign_report_reason(tmp_path / "report.csv") == "is not of this collection"
    (tmp_path / "report.json").write_text('{"a": 1}')
    assert foreign_report_reason(tmp_path / "report.json") == "is not of this collection"
    (tmp_path / "manifest.json").write_text('{"files": [{"name": "report.csv"}]}')
    assert foreign_report_reason(tmp_path / "manifest.json") == "is not of this collection"
    assert foreign_report_reason(tmp_path / "report.csv") == "is not of this collection"


@pytest.mark.parametrize("name", ["report.html", "terraform.csv", "metrics.prom"])
def test_a_file_of_somebody_else_beside_a_report_is_never_ours(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    for _once_more in range(2):
        write_report(tmp_path, {"csv": "a\n"}, "run")
        assert foreign_report_reason(tmp_path / name) == "is not of this collection"
        assert foreign_report_reason(tmp_path / "report.csv") is None


def test_a_file_that_an_earlier_run_wrote_stays_ours_until_it_is_another(tmp_path: Path) -> None:
    write_report(tmp_path, {"csv": "a\n", "html": "<html>"}, "run")
    for _once_more in range(2):
        write_report(tmp_path, {"csv": "b\n"}, "run")
        assert foreign_report_reason(tmp_path / "report.html") is None
    (tmp_path / "report.html").write_text("mine")
    write_report(tmp_path, {"csv": "c\n"}, "run")
    assert foreign_report_reason(tmp_path / "report.html") == "is not of this collection"
