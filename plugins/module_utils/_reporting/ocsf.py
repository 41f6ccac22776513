# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The findings of a report in the Open Cybersecurity Schema Framework (OCSF): Compliance Finding, class 2003. Pure.

There is an event for each resource or key that fails a check, for each place that could not be read, and for each check
as a whole. A check that could not be assessed, or only in part, is a Warning, which is OCSF's word for what yielded no
result due to missing information; Pass is only said of what was read completely.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._common.timestamps import parse_rfc3339
from .._model.resource_types import INSTANCE_POOL, RESOURCE_TYPES
from .attachments import unread_places
from .checks import EXCEPTED, MET, NOT_APPLICABLE, NOT_MET
from .owners import owner_of
from .scope import compartment_paths

OCSF_VERSION = "1.5.0"

_CLASS_UID, _CATEGORY_UID = 2003, 2
_CREATE = 1
_NEW, _SUPPRESSED, _RESOLVED = 1, 3, 4
_INFORMATIONAL, _MEDIUM, _HIGH = 1, 3, 4
_SEVERITIES = {_INFORMATIONAL: "Informational", _MEDIUM: "Medium", _HIGH: "High"}
_PASS, _WARNING, _FAIL, _OTHER = 1, 2, 3, 99
_STATUSES = {_PASS: "Pass", _WARNING: "Warning", _FAIL: "Fail", _OTHER: "Not applicable"}
_OTHER_ACCOUNT = 99
_VENDOR, _PRODUCT = "oci_keys", "oci_keys.block_volume"

# What to do about a finding of each check.
_REMEDIES = {
    "4.16": "Assign a new key each year with the role rekey.",
    "protection": "Assign a key of the demanded protection level with the role rekey.",
    "single_version_keys": "Rotate by a new key, and assign it with the role rekey, if old versions must not be used.",
    "usable_keys": "Cancel the deletion of the key, or enable it, or assign another one with the role rekey.",
    "new_volumes": "Point the pool to a copy of its configuration with a customer-managed key, with the module "
    "instance_configuration_kms_key. Give a node pool its key with the role rekey.",
    "policy_copies": "Assign a key for the copies with the role backup_policy.",
}
_REMEDY = "Assign a customer-managed key with the role oci_keys.block_volume.rekey."
_READ = "Give the principal of the report the permission that the message names, and report again."

_Event = dict[str, Any]


def ocsf_text(report: Mapping[str, Any]) -> str:
    """The events as a JSON array, one in a line. Only ASCII, so that no terminal acts on it."""
    lines = ",\n".join(json.dumps(event, sort_keys=True, ensure_ascii=True) for event in ocsf_events(report))
    return f"[\n{lines}\n]\n" if lines else "[]\n"


def ocsf_events(report: Mapping[str, Any]) -> list[_Event]:
    return list(_Events(report).all())


class _Events:
    def __init__(self, report: Mapping[str, Any]) -> None:
        self._report = report
        self._evidence = report["evidence"]
        self._time = _milliseconds(self._evidence["time_finished"])
        self._paths = compartment_paths(self._evidence["scanned"])
        self._owner_tag = report["owners"]["owner_tag"]
        self._resources: dict[str, Mapping[str, Any]] = {row["id"]: row for row in report["resources"]}
        self._pools = _pools(report)
        self._keys: dict[str, Mapping[str, Any]] = {row["id"]: row for row in report["keys"]}
        violations = report["violations"]
        self._benchmark = f"{violations['benchmark']} {violations['benchmark_version']}"

    def all(self) -> Iterable[_Event]:
        violations = self._report["violations"]
        for check in violations["checks"]:
            yield from self._of_check(check, self._benchmark)
        for check in violations["beyond"]:
            yield from self._of_check(check, _PRODUCT)
        for place in unread_places(self._report):
            yield self._of_place(place)

    def _of_check(self, check: Mapping[str, Any], standard: str) -> Iterable[_Event]:
        control, title = check["id"], check["title"]
        remedy = _REMEDIES.get(control, _REMEDY)
        for uid in check["findings"]:
            name = self._name(uid)
            yield self._event(
                control, standard, uid, _FAIL, f"{title}: {name} does not", remedy,
                resources=[self._resource(uid, check["of"])],
                severity=_HIGH if control == "usable_keys" else _MEDIUM,
                region=self._row(uid).get("region"),
            )  # fmt: skip
        for uid in check["unknown"]:
            yield self._event(
                control, standard, uid, _WARNING, f"{title}: not known of {self._name(uid)}", _READ,
                resources=[self._resource(uid, check["of"])],
                region=self._row(uid).get("region"),
            )  # fmt: skip
        for uid in check["excepted"]:
            yield {
                **self._event(
                    control, standard, uid, _FAIL, f"{title}: {self._name(uid)} does not, and is excepted", remedy,
                    resources=[self._resource(uid, check["of"])],
                    region=self._row(uid).get("region"),
                ),
                "status_id": _SUPPRESSED,
                "status": "Suppressed",
            }  # fmt: skip
        status, sentence = self._verdict(check)
        yield self._event(control, standard, "", status, f"{title}: {sentence}", remedy if status == _FAIL else None)

    def _verdict(self, check: Mapping[str, Any]) -> tuple[int, str]:
        if check["state"] == NOT_MET:
            return _FAIL, f"{len(check['findings'])} of {check['total']} {check['of']} do not"
        if check["state"] == MET:
            return _PASS, f"all {check['total']} {check['of']}"
        if check["state"] == EXCEPTED:
            return _PASS, f"all {check['total']} {check['of']} but {len(check['excepted'])} that are excepted"
        if check["state"] == NOT_APPLICABLE:
            return _OTHER, "there is nothing that it is about"
        return _WARNING, "not known of all" if check["assessed"] else "not assessed"

    def _of_place(self, place: Mapping[str, Any]) -> _Event:
        where = "/".join(str(place[name] or "all") for name in ("region", "compartment_id", "what"))
        problem = " ".join(str(place[name]) for name in ("status", "code", "message") if place[name])
        return self._event(
            "unreadable", _PRODUCT, where, _WARNING, f"Could not be read: {problem}", place["hint"] or _READ,
            region=place["region"],
        )  # fmt: skip

    def _event(
        self,
        control: str,
        standard: str,
        subject: str,
        status: int,
        message: str,
        remedy: str | None,
        *,
        resources: Sequence[Mapping[str, Any]] = (),
        severity: int = _MEDIUM,
        region: str | None = None,
    ) -> _Event:
        """One event. Its ``finding_info.uid`` is the same in every report, so that findings can be followed."""
        severity = _INFORMATIONAL if status in (_PASS, _OTHER) else severity
        tenancy = self._evidence["tenancy"] or "unknown"
        identity = json.dumps([tenancy, standard, control, subject])
        event: _Event = {
            "class_uid": _CLASS_UID,
            "class_name": "Compliance Finding",
            "category_uid": _CATEGORY_UID,
            "category_name": "Findings",
            "activity_id": _CREATE,
            "activity_name": "Create",
            "type_uid": _CLASS_UID * 100 + _CREATE,
            "type_name": "Compliance Finding: Create",
            "time": self._time,
            "severity_id": severity,
            "severity": _SEVERITIES[severity],
            "status_id": _NEW if status in (_FAIL, _WARNING) else _RESOLVED,
            "status": "New" if status in (_FAIL, _WARNING) else "Resolved",
            "message": message,
            "metadata": {
                "version": OCSF_VERSION,
                "product": {
                    "name": _PRODUCT,
                    "vendor_name": _VENDOR,
                    "version": self._evidence["versions"]["collection"] or "unknown",
                },
                "profiles": ["cloud"],
                "event_code": control,
                "tenant_uid": tenancy,
            },
            "cloud": self._cloud(tenancy, region),
            "finding_info": {
                "uid": hashlib.sha256(identity.encode()).hexdigest(),
                "title": message,
                "types": ["Encryption at rest"],
                "created_time": self._time,
            },
            "compliance": {
                "control": control,
                "requirements": [control],
                "standards": [standard],
                "status_id": status,
                "status": _STATUSES[status],
            },
        }
        if self._evidence["run_id"]:
            event["metadata"]["correlation_uid"] = self._evidence["run_id"]
        if remedy:
            event["remediation"] = {"desc": remedy}
        if resources:
            event["resources"] = list(resources)
        return event

    def _cloud(self, tenancy: str, region: str | None) -> dict[str, Any]:
        account = {
            "uid": tenancy,
            "name": self._paths.get(tenancy) or tenancy,
            "type_id": _OTHER_ACCOUNT,
            "type": "OCI Tenancy",
        }
        return {"provider": "OCI", "account": account, **({"region": region} if region else {})}

    def _row(self, uid: str) -> Mapping[str, Any]:
        return self._resources.get(uid) or self._pools.get(uid) or self._keys.get(uid) or {}

    def _name(self, uid: str) -> str:
        name = self._row(uid).get("display_name")
        return f"{name} ({uid})" if name else uid

    def _resource(self, uid: str, of: str) -> dict[str, Any]:
        row = self._row(uid)
        kind = RESOURCE_TYPES.get(row["type"]) if "type" in row else None
        made: dict[str, Any] = {
            "uid": uid,
            "name": row.get("display_name") or uid,
            "type": kind.singular if kind is not None else row.get("type") or of,
            "labels": [*_labels(row)],
            "data": {
                name: row[name]
                for name in ("compartment_id", "kms_key_id", "lifecycle_state", "protection_mode")
                if row.get(name)
            },
        }
        if "freeform_tags" in row and self._owner_tag is not None:
            made["data"]["owner"] = owner_of(row, self._owner_tag) or "unknown"  # type: ignore[arg-type]
        if row.get("region"):
            made["region"] = row["region"]
        compartment = row.get("compartment_id")
        if compartment:
            path = self._paths.get(compartment) or compartment
            made["group"] = {"uid": compartment, "name": path, "type": "OCI Compartment"}
        return made


def _pools(report: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What creates new volumes, by its OCID."""
    section = report.get("new_volumes")
    sources = section["sources"] if section else []
    found: dict[str, Mapping[str, Any]] = {source["id"]: source for source in sources}
    for source in sources:
        found.update(
            (pool["id"], {**pool, "type": INSTANCE_POOL, "region": source["region"]}) for pool in source["pools"]
        )
    return found


def _labels(row: Mapping[str, Any]) -> Iterable[str]:
    """Tags as ``name=value``, defined ones with their namespace before it."""
    for name, value in sorted((row.get("freeform_tags") or {}).items()):
        yield f"{name}={value}"
    for namespace, tags in sorted((row.get("defined_tags") or {}).items()):
        for name, value in sorted(tags.items()):
            yield f"{namespace}.{name}={value}"


def _milliseconds(moment: str) -> int:
    return round(parse_rfc3339(moment).timestamp() * 1000)
