# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are read back, altered at random: whatever stands in them, it is taken, or refused in words."""

from __future__ import annotations

import base64
import copy
import json
import random
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.support import report_files as files
from unit.support.fake_cloud import KEY_A, KEY_B, TENANCY, volume_id
from unit.support.terraform_states import OPENTOFU_1_8

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents import plan_file
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.changes_file import read_changes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import read_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.journal_reader import (
    read_journal,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.journal_rows import changes_of
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import read_json
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_file import read_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.packed_plan import unpack_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import (
    parse_report,
    plan_section,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.terraform_state import (
    read_terraform_states,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.batch_results import (
    read_previous_attempt,
    read_previous_batches,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.former_keys import read_former_keys

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**400, 1.5),
    *("", " ", "x" * 5000, "\ud800", "\0", "\u202e", "../../etc/passwd", "2026", "volume", "assign"),
    *([], {}, [[]], [None], [1], {"a": {}}),
    *("ocid1.volume.oc1.iad.abc", "ocid1.key.oc1.iad.v.abc"),
)
LONGEST_REFUSAL = 1000
COPY, MEMBER = (volume_id(number, kind="volumebackup") for number in (3, 4))


def _report() -> Any:
    assignment = files.change(2, "policy_assignment", asset_id=volume_id(2), previous_policy_id="p")
    head = {"format": "oci_keys.block_volume/report", "version": 1, "plan": {"dry_run": False}}
    rows = [files.change(1), files.failure(3), assignment, files.change(4, copy_id=COPY)]
    return {**head, "evidence": {"tenancy": TENANCY, "time_started": "2026-11-24T01:00:00Z"}, "changes": rows}


def _whole_report() -> Any:
    report, discovery = _report(), _discovery()
    plan = {**_plan(), "counts": {"unchanged": 0}}
    evidence = {**report["evidence"], "scanned": discovery["scanned"], "versions": {}}
    return {**report, "evidence": evidence, "resources": discovery["resources"], "plan": plan, "keys": [files.key()]}


def _plan() -> Any:
    assignment = files.planned(2, "policy_assignment", asset_id=volume_id(2), policy_id="p")
    part = {"region": files.IAD, "type": "volume", "start": 0, "stop": 2, "first": 1, "last": 2, "total": 2}
    return files.plan(files.planned(1), assignment, batches=[{"number": 1, "slices": [part]}], tenancy=TENANCY)


def _journal() -> Any:
    about = {"run": "r", "id": volume_id(1), "time": "2026-11-24T01:00:00Z"}
    intent = {**about, "event": "intent", "tenancy": TENANCY, "type": "volume", "action": "assign"}
    intent.update(previous_encryption="customer", previous_kms_key_id=KEY_A, kms_key_id=KEY_B, region=files.IAD)
    outcome = {**about, "event": "outcome", "changed": True, "settled": True, "known": True, "error": None}
    of_copy = {**intent, "previous_copy_id": COPY, "previous_member_keys": {MEMBER: KEY_A}}
    return [intent, {**outcome, "encryption": "customer", "kms_key_id": KEY_B}, of_copy]


def _discovery() -> Any:
    kinds = [files.resource(1, key=files.KEY_A), files.resource(2, "policy_assignment"), files.resource(3, "replica")]
    tagged = files.resource(4, freeform_tags={"a": "b"}, defined_tags={"n": {"a": "b"}})
    return files.discovery(*kinds, tagged, unreadable=[files.unreadable()])


def _batch() -> Any:
    counts = {"total": 2, "changed": 1, "unchanged": 0, "failed": 1}
    return {**files.changes(files.change(1), files.failure(2)), "summary": counts, "seconds": 1.5}


def _packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


def _approved(path: Path) -> Any:
    return unpack_plan(_packed(path.read_bytes()), "approved_plan")


def _state() -> dict[str, Any]:
    return dict(json.loads(OPENTOFU_1_8.read_text(encoding="utf-8")))


READERS: dict[str, tuple[Callable[[], Any], Callable[[Path], Any]]] = {
    "a report to restore": (_report, lambda path: read_former_keys([path])),
    "a plan to restore": (_plan, lambda path: read_former_keys([path])),
    "a journal to restore": (_journal, lambda path: read_former_keys([path])),
    "an approved plan": (_plan, plan_file.read_plan),
    "an approved plan as a value": (_plan, _approved),
    "a discovery to plan for or to report on": (_discovery, read_discovery),
    "a plan to report on": (_plan, lambda path: plan_section(plan_file.read_plan(path))),
    "a journal to report on": (_journal, lambda path: changes_of(read_journal(path), [])),
    "a report to merge": (_whole_report, lambda path: parse_report(read_json(path))),
    "keys to report on": (lambda: files.keys(files.key()), read_keys),
    "changes to report on": (_batch, read_changes),
    "batches so far": (_batch, lambda path: read_previous_batches(path.parent)),
    "a state of Terraform": (_state, lambda path: read_terraform_states([path])),
    "a batch that is tried again": (_batch, lambda path: read_previous_attempt(path.parent, 1)),
}


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value, as what holds it and under which name or number."""
    for name in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, name
        if isinstance(value[name], (dict, list)):
            yield from _places(value[name])


def _altered(value: Any, dice: random.Random) -> Any:
    value = copy.deepcopy(value)
    for _place in range(dice.choice((1, 1, 2))):
        holder, name = dice.choice(list(_places(value)))
        what = dice.random()
        if what < 0.15:
            del holder[name]
        elif what < 0.25 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[name]))
        else:
            holder[name] = copy.deepcopy(dice.choice(VALUES))
        if not value:
            break
    if isinstance(value, dict) and isinstance(value.get("entries"), list):
        # Whoever alters a plan on purpose sees to its digest.
        value["digest"] = plan_file.digest(value["entries"])
    return value


@pytest.mark.parametrize("name", READERS)
def test_whatever_stands_in_a_file(tmp_path: Path, name: str) -> None:
    original, read = READERS[name]
    path = tmp_path / "batch-0001.json"
    refusals = []
    for seed in range(120):
        content = _altered(original(), random.Random(seed))
        lines = content if "journal" in name else [content]
        path.write_text("\n".join(json.dumps(line) for line in lines))
        try:
            read(path)
        except InputError as error:
            refusals.append(str(error))
    assert len(refusals) > 5
    assert max(map(len, refusals)) < LONGEST_REFUSAL
