# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""From an AnsibleModule's options to the vetting of keys, and back to a result. Nothing is ever changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection, ReadRetry, connect
from .._api.iam import (
    refused_credentials,
)
from .._api.settings import (
    resolve_connection,
)
from .._common.errors import (
    BlockVolumeKeyError,
    InputError,
)
from .._common.files import write_private
from .._common.values import is_blank
from .._documents.discovery_file import read_discovery
from .._keys.results import key_entry, summary
from .._keys.validation import KeyReport, KeyValidator
from .._model.ocid import Ocid, expect_realm, expect_region, expect_type, parse
from .._model.regions import RegionTable
from . import runtime as runtime
from .errors import fail_module_on_error
from .options import (
    listed,
    writable_file,
)
from .output import invocation
from .runtime import Runtime

# Lookups at a time. Vault's share of calls is the bound; more would only mean more retries at once when it refuses.
_SIDE_BY_SIDE = 8

# A region that can't be reached costs each of its hosts these attempts, some 20 s where connections are refused.
_RETRY = ReadRetry(attempts=5)

# A message names this many of the keys that can't be used; all of them are in ``keys``.
_PROBLEMS_IN_MESSAGE = 3


def run_kms_key_info(module: AnsibleModule, runtime: Runtime | None = None) -> NoReturn:
    """Look every key up in every region asked for, and end the module. A key that can't be used is no failure."""
    runtime = runtime or Runtime.default()
    with fail_module_on_error(module):
        result_file = writable_file("result_file", module.params["result_file"])
        entries = _look_up(module, runtime)
    _end(module, entries, result_file)


def _look_up(module: AnsibleModule, runtime: Runtime) -> list[dict[str, Any]]:
    settings = resolve_connection(module.params, os.environ)
    module.no_log_values.update(settings.secrets)
    connection = connect(settings, concurrency=_SIDE_BY_SIDE, retry=runtime.retry or _RETRY, timeout=runtime.timeout)
    module.no_log_values.update(connection.secrets)
    requested = questions(module.params, regions=connection.regions, tenancy=connection.tenancy)
    validator = KeyValidator(connection, runtime.clock, exact_versions=True)
    reports = look_up(requested, validator, connection)
    return [key_entry(report, connection.auth_type) for report in reports]


def questions(options: Mapping[str, Any], *, regions: RegionTable, tenancy: str | None) -> list[tuple[str, str]]:
    """Each key and region to look at, once, keys in the order given, and after them those that are in use.

    Raises InputError for whatever is not a key of the tenancy's realm, and for regions that are unknown, of another
    realm, or can't be told.
    """
    names = listed(options, "regions", "Name regions, or leave 'regions' out to look where each key was made.") or []
    places = list(dict.fromkeys(regions.expect(name, "'regions' names") for name in names))
    realm, whose = (parse(tenancy).realm, "the tenancy") if tenancy else (None, "")
    if options["kms_key_ids"] is None and is_blank(options.get("assignments_file")):
        raise InputError("Neither 'kms_key_ids' nor 'assignments_file' is set, so there are no keys to look up")
    given = [(value, places) for value in options["kms_key_ids"] or () if not is_blank(value)]
    used = [(key, [regions.expect(region, "'assignments_file' names")]) for key, region in _in_use(options)]
    requested: dict[tuple[str, str], None] = {}
    for value, desired in [*given, *used]:
        ocid = parse(value)
        expect_type(ocid, "key")
        if realm is None:
            realm, whose = ocid.realm, "the other keys"
        expect_realm(ocid, realm, whose)
        for place in desired or [_own_region(ocid, regions)]:
            expect_realm(ocid, regions.realms[place], place)
            requested[(ocid.value, place)] = None
    return list(requested)


def _in_use(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The keys that a result file of ``key_assignment_info`` names, each with each region where it is used."""
    given = options.get("assignments_file")
    if is_blank(given):
        return []
    return read_discovery(Path(os.path.expanduser(str(given)))).keys_in_use


def _own_region(ocid: Ocid, regions: RegionTable) -> str:
    if not ocid.region_part:
        raise InputError(f"{ocid} names no region, so it can't be told where to look for it. Name it in 'regions'.")
    return expect_region(ocid, regions)


def look_up(requested: Sequence[tuple[str, str]], validator: KeyValidator, connection: Connection) -> list[KeyReport]:
    """What can be told of each key and region. Raises InputError where OCI does not accept the credentials at all."""
    if not requested:
        return []

    def look(question: tuple[str, str]) -> KeyReport:
        try:
            return validator.check_assignable(*question)
        except BlockVolumeKeyError:
            raise
        except Exception as error:  # a fault of ours must not lose what was learned about the others
            problem = f"could not be looked up, by a fault of this collection: {error!r}"
            return KeyReport(id=question[0], region=question[1], found=False, problems=(problem,))

    with ThreadPoolExecutor(min(len(requested), _SIDE_BY_SIDE)) as pool:
        reports = list(pool.map(look, requested))
    refused = validator.refused_credentials
    if refused is not None:
        raise refused_credentials(connection.describe_principal(), refused.code, refused.message)
    return [replace(report, warnings=(*report.warnings, *_key_warnings(report))) for report in reports]


def _key_warnings(report: KeyReport) -> list[str]:
    cautions = []
    if report.is_external:
        cautions.append(
            "is kept outside of OCI (protection mode EXTERNAL), where each use of it is slow and depends on that place"
        )
    if report.is_auto_rotation_enabled:
        cautions.append(
            "is rotated automatically, which gives it more versions, and Block Volume documents support for keys with "
            "a single version only"
        )
    return cautions


def message(entries: Sequence[Mapping[str, Any]]) -> str:
    """One line for the terminal, and below it the first keys that can't be used, and why."""
    if not entries:
        return "No keys were given, so there is nothing to tell"
    counts = summary(entries)
    per_region = len({entry["id"] for entry in entries}) < len(entries)
    noun = "keys, counted once per region," if per_region else "key" if len(entries) == 1 else "keys"
    line = f"{counts['usable']} of {counts['total']} {noun} can be used"
    bad = [entry for entry in entries if not entry["usable"]]
    lines = [
        f"In {entry['region']}, {entry['id']} {problem}."
        for entry in bad[:_PROBLEMS_IN_MESSAGE]
        for problem in entry["problems"]
    ]
    if len(bad) > _PROBLEMS_IN_MESSAGE:
        lines.append(f"... and {len(bad) - _PROBLEMS_IN_MESSAGE} more, see 'kms_keys'")
    return "\n".join([line + ":" if lines else line, *lines])


def selected(entries: Sequence[dict[str, Any]], which: str) -> list[dict[str, Any]]:
    """The entries that the task's result lists. Nothing changes here, so ``changed`` leaves what would fail a task."""
    if which == "summary":
        return []
    return [entry for entry in entries if which == "all" or not entry["usable"]]


def _end(module: AnsibleModule, entries: list[dict[str, Any]], result_file: Path | None) -> NoReturn:
    result: dict[str, Any] = {"changed": False, "summary": summary(entries), "msg": message(entries)}
    if result_file is not None:
        try:
            write_private(result_file, {**result, "keys": entries})
        except OSError as error:
            module.warn(f"'result_file' {str(result_file)!r} could not be written: {error}")
    listed = selected(entries, module.params["result"])
    # Templates take ``keys`` for a method, and ansible-core 2.21 does not let it be documented; but it is in use.
    module.exit_json(invocation=invocation(module), **result, kms_keys=listed, keys=listed)
