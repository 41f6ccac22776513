# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an AnsibleModule's options to the files of a report, and back to a result. Nothing in OCI is read or changed."""

from __future__ import annotations

import hashlib
import os
import platform
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._common.clock import Clock
from .._common.errors import InputError
from .._common.ssh_signatures import REPORT_NAMESPACE, sign
from .._common.text import quote
from .._common.values import is_blank
from .._documents.changes_file import ChangeRow, read_batch_changes, read_changes
from .._documents.discovery_file import DiscoveryFile, read_discovery
from .._documents.journal_reader import read_journal
from .._documents.journal_rows import changes_of
from .._documents.json_reader import read_json
from .._documents.keys_file import KeyRow, read_keys
from .._documents.plan_file import read_plan
from .._documents.report_file import RunRecords, parse_report, plan_section
from .._documents.report_summary import summary_document
from .._documents.subject import subject
from .._model.key_exceptions import KeyException
from .._model.names import is_name
from .._model.ocid import Ocid, expect_type, parse
from .._model.terraform import TerraformStates
from .._reporting.alarms import alarms
from .._reporting.benchmark import before_counts
from .._reporting.build import (
    ReportContext,
    build,
    canonical,
    undiscovered,
)
from .._reporting.checks import UNKNOWN, Demands
from .._reporting.files import foreign_report_reason, report_paths, write_report
from .._reporting.history import summarize
from .._reporting.html import render
from .._reporting.new_volumes import new_volumes_csv
from .._reporting.ocsf import ocsf_text
from .._reporting.prometheus import metrics_text
from .._reporting.redaction import Redaction
from .._reporting.report_csv import csv_text
from .._reporting.report_text import report_lines, report_message
from .._reporting.since import ALL_LISTS
from .._reporting.terraform import terraform_csv
from .call_files import expect_distinct, expect_replaceable, input_files
from .errors import fail_module_on_error
from .exception_options import given_exceptions
from .output import invocation, warn
from .report_history import NO_BASELINE, History
from .report_interrupted import interrupted_lines
from .terraform_options import given_states

# A result lists at most this many of the keys to be retired; the report has all of them.
_MOST_LISTED = 200
_NOT_LOOKED_UP_AGAIN = "not looked up after the run"
# What is written besides the page and the manifest.
_KINDS = ("json", "csv", "ocsf", "metrics", "summary")


def make_report(module: AnsibleModule, clock: Clock | None = None) -> NoReturn:
    """Read the files that the options name, write the report into its folder, and end the module."""
    with fail_module_on_error(module, "Nothing in OCI was touched."):
        try:
            result = _make(module, clock or Clock())
        except ImportError:
            module.fail_json(
                invocation=invocation(module), msg=missing_required_lib("jinja2"), exception=traceback.format_exc()
            )
        except OSError as error:
            raise InputError(f"The report could not be written: {error}") from error
    if result["alarms"]:
        module.fail_json(invocation=invocation(module), **{**result, "msg": "\n".join(result["alarms"])})
    module.exit_json(invocation=invocation(module), **result)


def _make(module: AnsibleModule, clock: Clock) -> dict[str, Any]:
    options = module.params
    if options["max_key_age_days"] < 1:
        raise InputError(f"'max_key_age_days' is {options['max_key_age_days']}. Give a number of days, 1 or more")
    template = _template(options["template"])
    folder = _folder(options["report_dir"])
    kinds = [
        *_KINDS,
        *(["html"] if template is not None else []),
        *(["terraform"] if options["terraform_state"] else []),
    ]
    _check_files(options, report_paths(folder, [*kinds, "new_volumes"]))
    history = History.of(options, folder)
    runs = _runs(options)
    context = ReportContext(
        mode="check" if module.check_mode else "run",
        time_finished=clock.timestamp(),
        evidence={name: None if is_blank(value) else value for name, value in (options["evidence"] or {}).items()},
        ansible_core=getattr(module, "ansible_version", None),
        python=platform.python_version(),
        demands=Demands(options["max_key_age_days"], options["required_protection"]),
        owner_tag=None if is_blank(options["owner_tag"]) else str(options["owner_tag"]).strip(),
        exceptions=_exceptions(options, runs),
        terraform=_terraform(options, runs),
    )
    report = build(runs, _keys_to_retire(options["kms_key_ids"], runs), context)
    report["evidence"]["redacted"] = runs[0].run["redacted"] if runs[0].run else None
    if options["redact"]:
        redaction = Redaction(None if is_blank(options["redact_key"]) else options["redact_key"])
        report = redaction(report)
        report["evidence"]["redacted"] = redaction.method
    history.add_to(report)
    text = canonical(report)
    digest = hashlib.sha256(text.encode()).hexdigest()
    texts = {
        "json": text,
        "csv": csv_text(report),
        "ocsf": ocsf_text(report),
        "metrics": metrics_text(report),
        "summary": canonical(summary_document(summarize(report, digest))),
    }
    if report["terraform"] is not None:
        texts["terraform"] = terraform_csv(report["terraform"])
    if report["new_volumes"] is not None:
        texts["new_volumes"] = new_volumes_csv(report)
    if template is not None:
        texts["html"] = render(template, report, digest)
    paths = write_report(folder, texts, report["evidence"]["run_id"])
    signing_key = _path(options["signing_key"])
    if signing_key is not None:
        paths["signature"] = sign(paths["manifest"], signing_key, REPORT_NAMESPACE)
    published = history.publish(texts["metrics"])
    warn(module, history.warnings, "the folder of the reports")
    result = _result(report, _planned_names(options) if report["retirement"] else {})
    if history.baseline is not None and report["since"] is None:
        result["msg"] += f". {NO_BASELINE}"
        result["lines"].append(f"{NO_BASELINE}.")
    if history.keeps:
        is_redacted = report["evidence"]["redacted"] is not None
        result["lines"] += interrupted_lines(folder.parent, runs, is_redacted=is_redacted)
    return {
        "changed": False,
        "paths": {**{kind: str(path) for kind, path in paths.items()}, **published},
        **result,
        "alarms": alarms(report, options["fail_on"] or ()),
        "digest": digest,
    }


def _runs(options: Mapping[str, Any]) -> list[RunRecords]:
    """What the report is made from: the files of one run, or earlier reports."""
    earlier = _paths(options["merge_reports"])
    names = (
        "discovery_file",
        "initial_discovery_file",
        "plan_file",
        "keys_file",
        "initial_keys_file",
        "discovery_error",
    )
    of_one_run = [name for name in names if not is_blank(options[name])]
    of_one_run += ["change_files"] if _paths(options["change_files"]) else []
    if earlier and of_one_run:
        raise InputError(
            f"'merge_reports' and '{of_one_run[0]}' are mutually exclusive: the first makes one report of earlier ones"
        )
    if earlier:
        runs = [parse_report(read_json(path)) for path in earlier]
        if len({run.run["redacted"] for run in runs if run.run}) > 1:
            raise InputError("'merge_reports' names reports that are redacted in different ways, or not all redacted")
        return runs
    before = _path(options["initial_discovery_file"])
    plan = _path(options["plan_file"])
    keys, earlier_keys = _path(options["keys_file"]), _path(options["initial_keys_file"])
    discovery_before = None if before is None else read_discovery(before)
    discovery = _discovery(options, discovery_before)
    return [
        RunRecords(
            discovery=discovery,
            before=None if discovery_before is None else before_counts(discovery_before.resources),
            plan=None if plan is None else plan_section(read_plan(plan)),
            changes=[change for path in _paths(options["change_files"]) for change in _changes(path)],
            keys=_keys(
                discovery.keys_in_use,
                before=[] if earlier_keys is None else read_keys(earlier_keys),
                after=[] if keys is None else read_keys(keys),
                looked_again=keys is not None,
            ),
        )
    ]


def _keys(
    used: Sequence[tuple[str, str]], *, before: Sequence[KeyRow], after: Sequence[KeyRow], looked_again: bool
) -> list[KeyRow]:
    """The keys as they are after the changes.

    Of those that were looked up only before, the state is unknown now, unless the keys in use were looked up again and
    this one is not among them.
    """
    seen = {(key["id"], key["region"]) for key in after}
    earlier = {place: key for key in before if (place := (key["id"], key["region"])) not in seen}
    return [
        *(key if looked_again and place not in used else _outdated(key) for place, key in earlier.items()),
        *after,
    ]


def _outdated(key: KeyRow) -> KeyRow:
    """The key without what may have changed since it was looked up."""
    return {
        **key,
        "usable": False,
        "problems": [_NOT_LOOKED_UP_AGAIN],
        "warnings": [],
        "lifecycle_state": None,
        "time_of_deletion": None,
        "current_key_version": None,
        "time_current_version_created": None,
        "versions": None,
        "is_auto_rotation_enabled": None,
    }


def _discovery(options: Mapping[str, Any], before: DiscoveryFile | None) -> DiscoveryFile:
    """The state after the changes, or that it is unknown."""
    reason, after = options["discovery_error"], _path(options["discovery_file"])
    if is_blank(reason):
        if after is None:
            raise InputError("Neither 'discovery_file' nor 'merge_reports' is set, so there is nothing to report on")
        return read_discovery(after)
    if after is not None:
        raise InputError("'discovery_error' and 'discovery_file' are mutually exclusive")
    if before is None:
        raise InputError("'discovery_error' requires 'initial_discovery_file'")
    return undiscovered(before, str(reason).strip())


def _path(given: Any) -> Path | None:
    return None if is_blank(given) else Path(os.path.expanduser(str(given)))


def _paths(given: Sequence[Any] | None) -> list[Path]:
    return [path for path in map(_path, given or ()) if path is not None]


def _changes(path: Path) -> list[ChangeRow]:
    """The changes in a result file; in a folder those in its batch files, and those that only its journal has."""
    if not path.is_dir():
        return read_changes(path)
    found = read_batch_changes(path)
    journal = path / "journal.jsonl"
    if journal.exists():
        found += changes_of(read_journal(journal), {subject(change) for change in found})
    return found


def _keys_to_retire(given: Sequence[Any] | None, runs: Sequence[RunRecords]) -> list[str]:
    keys = [_key_to_retire(value) for value in given or () if not is_blank(value)]
    if keys and any(run.run and run.run["redacted"] for run in runs):
        raise InputError("'kms_key_ids' can't be looked up in redacted reports. Merge reports that are not redacted")
    return [key.value for key in keys]


def _key_to_retire(value: Any) -> Ocid:
    if is_name(value):
        raise InputError(
            f"'kms_key_ids' has {quote(value)}, which is a name, but OCI is not asked here. Give the key's OCID, e.g. "
            "'resolved.kms_key_ids' of kms_key_info, or run the role encryption_report, which takes names"
        )
    key = parse(value)
    expect_type(key, "key")
    return key


def _exceptions(options: Mapping[str, Any], runs: Sequence[RunRecords]) -> list[KeyException] | None:
    found = given_exceptions(options)
    if found and any(run.run and run.run["redacted"] for run in runs):
        raise InputError(
            "Exceptions can't be found in redacted reports, since these have no OCIDs. Merge reports that are not "
            "redacted"
        )
    return found


def _terraform(options: Mapping[str, Any], runs: Sequence[RunRecords]) -> TerraformStates | None:
    states = given_states(options)
    if states is not None and any(run.run and run.run["redacted"] for run in runs):
        raise InputError(
            "What Terraform manages can't be found in redacted reports, since these have no OCIDs. Leave "
            "'terraform_state' out, or merge reports that are not redacted"
        )
    return states


def _template(given: Any) -> str | None:
    path = _path(given)
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'template' {str(path)!r} can't be read: {error}") from error


def _folder(given: Any) -> Path:
    """The folder of the run, created where it is missing, for its owner only."""
    path = _path(given)
    if path is None:
        raise InputError("'report_dir' is empty. Give the folder for the report")
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InputError(f"'report_dir' {str(path)!r} can't be created: {error.strerror}") from error
    return path


def _check_files(options: Mapping[str, Any], paths: Mapping[str, Path]) -> None:
    """Raise InputError if a file of the report is one that it is made from, or is not one of ours."""
    outputs = {path.name: path for path in paths.values()}
    names = (
        "discovery_file",
        "initial_discovery_file",
        "plan_file",
        "keys_file",
        "initial_keys_file",
        "change_files",
        "merge_reports",
        "terraform_state",
    )
    expect_distinct([*outputs.items(), *input_files(options, *names, "template")], outputs)
    for name, path in outputs.items():
        expect_replaceable(name, path, foreign_report_reason)


def _result(report: Mapping[str, Any], planned: Mapping[str, str | None]) -> dict[str, Any]:
    """What a task returns of a report: counts and verdicts, however large it is. ``planned`` has names of a plan."""
    checks = report["violations"]["checks"]
    keys = report["retirement"]["keys"] if report["retirement"] else []
    summary = report["summary"]
    names = {key["id"]: key["display_name"] for key in report["keys"]}
    violations = {
        check["id"]: len(check["findings"]) if check["findings"] or check["state"] != UNKNOWN else None
        for check in checks
    }
    return {
        "headline": {name: report["headline"][name] for name in ("level", "sentence", "others", "coverage")},
        "scope": report["headline"]["scope"]["text"],
        "summary": {name: summary[name] for name in ("total", "customer", "oracle", "unreadable")},
        "complete": report["complete"],
        "outcomes": report["outcomes"],
        "violations": violations,
        "retirement": [
            {
                "kms_key_id": key["kms_key_id"],
                "verdict": key["verdict"],
                "uses": len(key["uses"]),
                "display_name": names.get(key["kms_key_id"]) or planned.get(key["kms_key_id"]),
            }
            for key in keys[:_MOST_LISTED]
        ],
        "since": _since(report),
        "lines": report_lines(report),
        "msg": report_message(report),
    }


def _planned_names(options: Mapping[str, Any]) -> Mapping[str, str | None]:
    """The names that the plan has of keys, such as those that the user gave. None while OCIDs are to be replaced."""
    path = _path(options["plan_file"])
    return {} if path is None or options["redact"] else read_plan(path).names


def _since(report: Mapping[str, Any]) -> dict[str, Any] | None:
    """The counts of what is different since the earlier report, and what got worse in sentences."""
    since = report["since"]
    if since is None:
        return None
    return {
        "baseline": since["baseline"]["run_id"],
        **{name: len(since[name]) for name in ALL_LISTS},
        "worse": since["worse"],
    }
