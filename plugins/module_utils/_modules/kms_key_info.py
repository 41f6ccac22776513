# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs kms_key_info: from the module's options to validated keys, and to the result. Changes nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection
from .._api.iam import refused_credentials
from .._common.concurrency import map_concurrently
from .._common.errors import BlockVolumeKeyError, InputError
from .._common.values import is_blank
from .._documents.own_files import write_result
from .._keys.results import key_entry, message, selected, summary
from .._keys.validation import KeyReport, KeyValidator
from .._model.ocid import Ocid, expect_realm, expect_region, expect_type, parse
from .._model.regions import RegionTable
from .call_files import input_files
from .checked_files import check_files
from .connection import connect_to_read
from .errors import fail_module_on_error
from .key_names import NamedKeys
from .options import listed, writable_file
from .output import invocation, warn_of
from .runtime import Runtime

# Lookups in flight. The rate limit of Vault is the bottleneck; more threads would only retry more calls at once.
_CONCURRENCY = 8
_REMEDY = "Name regions, or leave 'regions' out to look up each key where it was created."

# Each host of an unreachable region takes these attempts, some 20 s if connections are refused.
_ATTEMPTS = 5


def run_kms_key_info(module: AnsibleModule, runtime: Runtime | None = None) -> NoReturn:
    """Look up every key in every requested region, and exit the module. An unusable key is not a failure."""
    runtime = runtime or Runtime.default()
    with fail_module_on_error(module):
        result_file = writable_file("result_file", module.params["result_file"])
        read = input_files(module.params, "discovery_file")
        check_files(module.params, {"result_file": result_file}, read)
        entries, resolved = _look_up(module, runtime)
    _end(module, entries, resolved, result_file)


def _look_up(module: AnsibleModule, runtime: Runtime) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The entries, and the keys that names stand for, if any were given."""
    connection = connect_to_read(module, runtime, concurrency=_CONCURRENCY, attempts=_ATTEMPTS)
    names = NamedKeys(connection, runtime.clock)

    def regions() -> list[str]:
        given = listed(module.params, "regions", _REMEDY) or []
        return [connection.regions.expect(each, "'regions' names") for each in given] or names.subscribed_regions()

    options = names.keys(module.params, regions)
    requested = requested_keys(options, regions=connection.regions, tenancy=connection.tenancy)
    validator = KeyValidator(connection, runtime.clock, exact_versions=True)
    reports = look_up(requested, validator, connection)
    entries = [key_entry(report, connection.auth_type) for report in reports]
    return entries, {"kms_key_ids": options["kms_key_ids"]} if names.found else {}


def requested_keys(options: Mapping[str, Any], *, regions: RegionTable, tenancy: str | None) -> list[tuple[str, str]]:
    """Each key and region to look up, once: the given keys in their order, then those of ``discovery_file``.

    Raises InputError for anything that is not a key of the realm of the tenancy, and for regions that are unknown, in
    another realm, or missing in the OCID of a key.
    """
    names = listed(options, "regions", _REMEDY) or []
    places = list(dict.fromkeys(regions.expect(name, "'regions' names") for name in names))
    realm, whose = (parse(tenancy).realm, "the tenancy") if tenancy else (None, "")
    if options["kms_key_ids"] is None and is_blank(options.get("discovery_file")):
        raise InputError("Neither 'kms_key_ids' nor 'discovery_file' is set. Set one of them to the keys to look up")
    given = [(value, places) for value in options["kms_key_ids"] or () if not is_blank(value)]
    used = [(key, [regions.region(region) or region]) for key, region in _in_use(options)]
    requested: dict[tuple[str, str], None] = {}
    for value, where in [*given, *used]:
        ocid = parse(value)
        expect_type(ocid, "key")
        if realm is None:
            realm, whose = ocid.realm, "the other keys"
        expect_realm(ocid, realm, whose)
        for place in where or [_home_region(ocid, regions)]:
            if place in regions.realms:  # the destination of a backup policy may be any text
                expect_realm(ocid, regions.realms[place], place)
            requested[(ocid.value, place)] = None
    return list(requested)


def _in_use(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The keys in a result file of ``key_assignment_info``, each with each region where it is used."""
    given = options.get("discovery_file")
    if is_blank(given):
        return []
    # Only here, since most calls name keys: the reader takes 10 ms of a start.
    from .._documents.discovery_file import read_discovery

    return read_discovery(Path(os.path.expanduser(str(given)))).keys_in_use


def _home_region(ocid: Ocid, regions: RegionTable) -> str:
    if not ocid.region_part:
        raise InputError(f"{ocid} contains no region. Name the regions to look it up in with 'regions'.")
    return expect_region(ocid, regions)


def look_up(requested: Sequence[tuple[str, str]], validator: KeyValidator, connection: Connection) -> list[KeyReport]:
    """A report on each key and region. Raises InputError if OCI rejects the credentials for all calls."""

    def check(key_and_region: tuple[str, str]) -> KeyReport:
        try:
            return validator.check_assignable(*key_and_region)
        except BlockVolumeKeyError:
            raise
        except Exception as error:  # an internal error must not lose the reports on the other keys
            problem = f"could not be looked up, because of an internal error in oci_keys.block_volume: {error!r}"
            return KeyReport(*key_and_region, found=False, problems=(problem,))

    reports = map_concurrently(check, requested, _CONCURRENCY)
    refused = validator.refused_credentials
    if refused is not None:
        raise refused_credentials(connection, refused.code, refused.message)
    return [replace(report, warnings=(*report.warnings, *_key_warnings(report))) for report in reports]


def _key_warnings(report: KeyReport) -> list[str]:
    warnings = []
    if report.is_external:
        warnings.append(
            "is stored outside of OCI (protection mode EXTERNAL); each use is slow and depends on the external key "
            "manager"
        )
    if report.is_auto_rotation_enabled:
        warnings.append(
            "is rotated automatically, which adds versions; Block Volume documents support only for keys with a single "
            "version"
        )
    return warnings


def _end(
    module: AnsibleModule, entries: list[dict[str, Any]], resolved: dict[str, Any], result_file: Path | None
) -> NoReturn:
    result: dict[str, Any] = {"changed": False, "summary": summary(entries), "msg": message(entries)}
    if result_file is not None:
        try:
            write_result(result_file, {**result, "keys": entries})
        except OSError as error:
            warn_of(module, f"'result_file' {str(result_file)!r} could not be written: {error}")
    shown = selected(entries, module.params["result"])
    # In templates, ``keys`` is a method, and ansible-core 2.21 forbids documenting it; playbooks use it nevertheless.
    module.exit_json(invocation=invocation(module), **result, resolved=resolved, kms_keys=shown, keys=shown)
