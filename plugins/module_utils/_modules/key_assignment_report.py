# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""From an AnsibleModule's options to the files of a report, and back to a result. Nothing in OCI is read or changed."""

from __future__ import annotations

import hashlib
import os
import platform
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._common.clock import Clock
from .._common.errors import InputError
from .._common.files import (
    write_private,
    write_private_text,
)
from .._common.text import csv_table
from .._common.values import is_blank
from .._documents.journal_reader import journal_records
from .._documents.json_reader import read_json
from .._documents.records import (
    BEFORE_COUNTS,
    UNSEEN,
    change_records,
    discovery_record,
    key_records,
    plan_record,
    report_record,
    unseen_record,
)
from .._model.ocid import expect_type, parse
from .._reporting.benchmark import counts
from .._reporting.build import (
    ReportContext,
    RunRecords,
    build,
    canonical,
)
from .._reporting.html import render
from .._reporting.redaction import Redaction
from .errors import fail_module_on_error
from .output import invocation

MANIFEST = "manifest.json"

# A result lists this many of the keys to be retired; all of them are in the report.
_MOST_LISTED = 200
_BLOCK = 1024 * 1024

CSV_COLUMNS = (
    "region",
    "type",
    "id",
    "display_name",
    "compartment_id",
    "compartment",
    "lifecycle_state",
    "encryption",
    "kms_key_id",
    "key",
    "time_created",
    "group_id",
    "asset_id",
    "policy_id",
    "destination_region",
    "source_id",
    "locked",
    "managed_by_paas",
)


def make_report(module: AnsibleModule, clock: Clock | None = None) -> NoReturn:
    """Read what the options name, write the report into its folder, and end the module."""
    with fail_module_on_error(module, "Nothing in OCI was touched."):
        try:
            result = _make(module, clock or Clock())
        except ImportError:
            module.fail_json(
                invocation=invocation(module), msg=missing_required_lib("jinja2"), exception=traceback.format_exc()
            )
        except OSError as error:
            module.fail_json(invocation=invocation(module), msg=f"The report could not be written: {error}")
    module.exit_json(invocation=invocation(module), **result)


def _make(module: AnsibleModule, clock: Clock) -> dict[str, Any]:
    options = module.params
    template = _template(options["template"])
    runs = _parts(options)
    context = ReportContext(
        mode="check" if module.check_mode else "run",
        time_finished=clock.timestamp(),
        evidence={name: None if is_blank(value) else value for name, value in (options["evidence"] or {}).items()},
        ansible_core=getattr(module, "ansible_version", None),
        python=platform.python_version(),
    )
    report = build(runs, _keys_to_retire(options["kms_key_ids"], runs), context)
    report["evidence"]["redacted"] = runs[0].run["redacted"] if runs[0].run else None
    if options["redact"]:
        redaction = Redaction(None if is_blank(options["redact_key"]) else options["redact_key"])
        report = redaction(report)
        report["evidence"]["redacted"] = redaction.method
    text = canonical(report)
    digest = hashlib.sha256(text.encode()).hexdigest()
    texts = {"json": text, "csv": _csv(report)}
    if template is not None:
        texts["html"] = render(template, report, digest)
    return _write(_folder(options["report_dir"]), texts, report, digest)


def _parts(options: Mapping[str, Any]) -> list[RunRecords]:
    """What the report is made from: the files of one run, or earlier reports."""
    earlier = _paths(options["merge_reports"])
    names = ("discovery_file", "initial_discovery_file", "plan_file", "keys_file", "discovery_error")
    of_one_run = [name for name in names if not is_blank(options[name])]
    of_one_run += ["change_files"] if _paths(options["change_files"]) else []
    if earlier and of_one_run:
        raise InputError(f"'merge_reports' and '{of_one_run[0]}' are mutually exclusive.")
    if earlier:
        runs = [RunRecords(**report_record(read_json(path))) for path in earlier]
        if len({part.run["redacted"] for part in runs if part.run}) > 1:
            raise InputError("'merge_reports' names reports that are redacted in different ways, or not all of them")
        return runs
    before = _read(options["initial_discovery_file"], discovery_record)
    return [
        RunRecords(
            found=_found(options, before),
            before=None if before is None else _counts_of(before["resources"]),
            plan=_read(options["plan_file"], plan_record),
            changes=[change for path in _paths(options["change_files"]) for change in _changes(path)],
            keys=_read(options["keys_file"], key_records) or [],
        )
    ]


def _found(options: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the last look found, or that there was none."""
    reason = options["discovery_error"]
    if is_blank(reason):
        if is_blank(options["discovery_file"]):
            raise InputError("Neither 'discovery_file' nor 'merge_reports' is set, so there is nothing to report on.")
        return discovery_record(read_json(_path(options["discovery_file"])))
    if not is_blank(options["discovery_file"]):
        raise InputError("'discovery_error' and 'discovery_file' are mutually exclusive.")
    if before is None:
        raise InputError("'discovery_error' requires 'initial_discovery_file'.")
    return unseen_record(before, str(reason).strip())


def _read(given: Any, record: Callable[[Any], Any]) -> Any:
    """The record of an optional file; None where none is named."""
    return None if is_blank(given) else record(read_json(_path(given)))


def _counts_of(resources: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    counted = counts(resources)
    return {name: counted[name] for name in BEFORE_COUNTS}


def _path(given: Any) -> Path:
    return Path(os.path.expanduser(str(given)))


def _paths(given: Sequence[Any] | None) -> list[Path]:
    return [_path(value) for value in given or () if not is_blank(value)]


def _changes(path: Path) -> list[dict[str, Any]]:
    """What a file tells, or in a folder those of its batches in their order, and the journal what they don't."""
    if not path.is_dir():
        return change_records(read_json(path))
    batches = sorted(path.glob("batch-*.json"), key=lambda file: (len(file.name), file.name))
    found = [change for file in batches for change in change_records(read_json(file))]
    journal = path / "journal.jsonl"
    if journal.exists():
        told = {(change["type"], change.get("asset_id") or change["id"]) for change in found}
        found += journal_records(journal, told)
    return found


def _keys_to_retire(given: Sequence[Any] | None, runs: Sequence[RunRecords]) -> list[str]:
    keys = [parse(value) for value in given or () if not is_blank(value)]
    for key in keys:
        expect_type(key, "key")
    if keys and any(part.run and part.run["redacted"] for part in runs):
        raise InputError("'kms_key_ids' can't be found in reports that are redacted; merge those that are not")
    return [key.value for key in keys]


def _template(given: Any) -> str | None:
    if is_blank(given):
        return None
    path = _path(given)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'template' {str(path)!r} can't be read: {error}") from error


def _folder(given: Any) -> Path:
    """The folder of the run, made where it is missing; nobody else may look into it."""
    if is_blank(given):
        raise InputError("'report_dir' is empty; give the folder for the report")
    path = _path(given)
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InputError(f"'report_dir' {str(path)!r} can't be made: {error.strerror}") from error
    return path


def _csv(report: Mapping[str, Any]) -> str:
    scanned = report["evidence"]["scanned"]
    compartments = {row["id"]: row["name"] for row in scanned["compartments"]}
    keys = {key["id"]: key["display_name"] for key in report["keys"]}
    more = [
        {
            **resource,
            "compartment": compartments.get(resource["compartment_id"]),
            "key": keys.get(resource["kms_key_id"]),
        }
        for resource in report["resources"]
    ]
    return csv_table(CSV_COLUMNS, ([row.get(name) for name in CSV_COLUMNS] for row in more))


def _write(folder: Path, texts: Mapping[str, str], report: Mapping[str, Any], digest: str) -> dict[str, Any]:
    paths = {kind: folder / f"report.{kind}" for kind in texts}
    for kind, path in paths.items():
        write_private_text(path, texts[kind])
    paths["manifest"] = folder / MANIFEST
    write_private(paths["manifest"], manifest(folder, report["evidence"]["run_id"]))
    return {
        "changed": False,
        "paths": {kind: str(path) for kind, path in paths.items()},
        **result(report),
        "digest": digest,
    }


def result(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a task returns of a report: counts and verdicts, however large it is."""
    checks = report["violations"]["checks"]
    keys = report["retirement"]["keys"] if report["retirement"] else []
    summary = report["summary"]
    violations = {check["id"]: len(check["findings"]) if check["assessed"] else None for check in checks}
    return {
        "summary": {name: summary[name] for name in ("total", "customer", "oracle", "unreadable")},
        "complete": report["complete"],
        "outcomes": report["outcomes"],
        "violations": violations,
        "retirement": [
            {"kms_key_id": key["kms_key_id"], "verdict": key["verdict"], "uses": len(key["uses"])}
            for key in keys[:_MOST_LISTED]
        ],
        "msg": message(report),
    }


def message(report: Mapping[str, Any]) -> str:
    """The report in a sentence, and one more for what makes it incomplete."""
    unseen = [row["message"] for row in report["unreadable"] if row["code"] == UNSEEN]
    if unseen and not report["resources"]:
        return f"{unseen[0]}. The report tells what was changed, but not what is there now"
    summary = report["summary"]
    noun = "resource is" if summary["customer"] == 1 else "resources are"
    lines = [f"{summary['customer']} of {summary['total']} {noun} on customer-managed keys"]
    if not report["complete"]:
        places = "place" if summary["unreadable"] == 1 else "places"
        why = f"{summary['unreadable']} {places} could not be read" if summary["unreadable"] else "see 'scanned' in it"
        lines.append(f"The report is incomplete: {why}")
    return ". ".join(lines)


def manifest(folder: Path, run_id: str | None) -> dict[str, Any]:
    """The SHA-256 of each file of a run, but of this one."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())
    return {
        "format": "oci_keys.block_volume/manifest",
        "version": 1,
        "run_id": run_id,
        "files": [
            {"name": path.name, "size": path.stat().st_size, "sha256": _sha256(path)}
            for path in files
            if path.name != MANIFEST and not path.name.startswith(".")
        ],
    }


def _sha256(path: Path) -> str:
    made = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            made.update(block)
    return made.hexdigest()
