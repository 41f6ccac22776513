# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection itself on the resources of a run, each result compared with what the SDK sees afterwards.

The only file in here that runs the collection. It does so as a user would, with ansible-playbook, and never on anything
but the run's own resources: the rekey is restricted to their tag.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .cloud import all_pages
from .probe import SkippedError, UnclearError
from .testbed import GONE, TAG, Testbed, certainly_call

Row = dict[str, str]
_GUARD = Path(__file__).with_name("guard.py")
_FOUR = "changed in check mode, changed, ok, ok in check mode"


class Ansible:
    """Runs playbooks with the profile of the run, and files in a folder of its own."""

    def __init__(self, folder: Path, file: str, profile: str, *, by_token: bool) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._environment = os.environ | {
            "OCI_CONFIG_FILE": file,
            "OCI_CONFIG_PROFILE": profile,
            "OCI_ANSIBLE_AUTH_TYPE": "security_token" if by_token else "api_key",
            # Journals of the user's own runs are left alone.
            "XDG_STATE_HOME": str(folder / "state"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        }

    def run(self, playbook: str, variables: dict[str, Any]) -> int:
        """Gives the exit code; the output is in a file beside.

        Whatever it has started ends when it is interrupted, and when this process is killed: see guard.py.
        """
        program = str(Path(sys.executable).parent / "ansible-playbook")
        given = json.dumps({"ansible_python_interpreter": sys.executable, **variables})
        with (self.folder / "ansible.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(_GUARD), program, playbook, "--extra-vars", given],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            assert process.stdin is not None
            try:
                return process.wait()
            finally:
                process.stdin.close()
                process.wait()

    def four(self, name: str, module: str, options: dict[str, Any]) -> str:
        """Check mode, real, again, again in check mode: what each said of changes."""
        seen = self.folder / f"{name}.json"
        seen.unlink(missing_ok=True)
        tasks: list[dict[str, Any]] = [
            {
                "name": f"{name}, {number}",
                f"oci_keys.block_volume.{module}": options,
                "check_mode": number in (1, 4),
                "register": f"result_{number}",
                "ignore_errors": True,
            }
            for number in (1, 2, 3, 4)
        ]
        results = ", ".join(f"{{'failed': result_{n}.failed, 'changed': result_{n}.changed}}" for n in (1, 2, 3, 4))
        tasks.append(
            {"ansible.builtin.copy": {"content": f"{{{{ [{results}] | to_json }}}}", "dest": str(seen), "mode": "0600"}}
        )
        file = self.folder / f"{name}.yml"
        # JSON is YAML.
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        file.write_text(json.dumps([play]), encoding="utf-8")
        self.run(str(file), {})
        if not seen.is_file():
            return "ansible-playbook failed"
        words = [
            "failed" if one["failed"] else "changed" if one["changed"] else "ok" for one in json.loads(seen.read_text())
        ]
        return f"{words[0]} in check mode, {words[1]}, {words[2]}, {words[3]} in check mode"


def _row(what: str, expected: str, seen: str) -> Row:
    return {
        "what": what,
        "expected": expected,
        "seen": seen,
        "verdict": "as assumed" if seen == expected else "differs",
    }


def _keys(bed: Testbed) -> dict[str, str | None]:
    """What the SDK sees: the key of each volume and backup of the run in its region."""
    found: dict[str, str | None] = {}
    for call in (bed.block.list_volumes, bed.block.list_volume_backups):
        rows = all_pages(certainly_call(call), compartment_id=bed.settings.compartment_id, limit=100)
        ours = [row for row in rows if (row.freeform_tags or {}).get(TAG) == bed.run]
        found |= {row.id: row.kms_key_id or None for row in ours if row.lifecycle_state not in GONE}
    return found


def _seen_by_sdk(key: str | None, wanted: str | None) -> str:
    return "the SDK sees the key" if key == wanted else "the SDK sees another key" if key else "the SDK sees no key"


def _volume(bed: Testbed, ansible: Ansible) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)
    four = ansible.four("volume", "volume_kms_key", {"volume_ids": [volume], "kms_key_id": bed.settings.key_b})
    return f"{four}; {_seen_by_sdk(bed.get(volume).kms_key_id, bed.settings.key_b)}"


def _backup(bed: Testbed, ansible: Ansible) -> str:
    backup = bed.backup()
    read = certainly_call(bed.block.get_volume_backup)
    wanted = bed.settings.key_a if read(backup).data.kms_key_id != bed.settings.key_a else bed.settings.key_b
    four = ansible.four("backup", "backup_kms_key", {"backup_ids": [backup], "kms_key_id": wanted})
    return f"{four}; {_seen_by_sdk(read(backup).data.kms_key_id, wanted)}"


def _assignment(bed: Testbed, ansible: Ansible) -> str:
    if not bed.settings.policy_id or not bed.settings.key_elsewhere:
        raise SkippedError("not in the settings: policy_id, key_elsewhere")
    volume, wanted = bed.volume(), bed.settings.key_elsewhere
    bed.unassign(volume)
    answer = bed.assign(volume, bed.settings.policy_id)
    if not answer.accepted:
        raise UnclearError(f"the policy could not be assigned: {answer}")
    options = {"asset_ids": [volume], "kms_key_id": wanted}
    four = ansible.four("assignment", "backup_policy_crossregion_key", options)
    rows = bed.assignments(volume)
    bed.unassign(volume)
    return f"{four}; {_seen_by_sdk(rows[0].xrc_kms_key_id if rows else None, wanted)}"


def _copy(bed: Testbed, ansible: Ansible) -> str:
    if not bed.settings.key_elsewhere:
        raise SkippedError("not in the settings: key_elsewhere")
    # A backup without a copy. The name of the copy is the backup's, so the sweep finds it.
    source, wanted = bed.backup("kept"), bed.settings.key_elsewhere
    bed.count_copy()
    options = {"backup_ids": [source], "destination_region": bed.elsewhere, "kms_key_id": wanted}
    four = ansible.four("copy", "backup_copy", options)
    rows = all_pages(
        certainly_call(bed.cloud.block(bed.elsewhere).list_volume_backups),
        bed.settings.compartment_id,
        source_volume_backup_id=source,
    )
    return f"{four}; {_seen_by_sdk(rows[0].kms_key_id if rows else None, wanted)}"


def _rekey(bed: Testbed, ansible: Ansible) -> str:
    """Rekey, then restore: all resources of the run on one key, then each on its former one."""
    bed.on(bed.volume(), bed.settings.key_b)
    before = _keys(bed)
    scope = {
        "rekey_compartment_ids": [bed.settings.compartment_id],
        "rekey_recursive": False,
        "rekey_regions": [bed.region],
        "rekey_resource_types": ["volume", "volume_backup"],
        "rekey_freeform_tags": {TAG: bed.run},
        "rekey_kms_key_ids": {bed.region: bed.settings.key_a},
        "rekey_max_changes": len(before),
        "rekey_report_dir": str(ansible.folder / "rekey"),
    }
    code = ansible.run("oci_keys.block_volume.rekey", scope)
    during = _keys(bed)
    runs = sorted(str(path) for path in (ansible.folder / "rekey").glob("*") if path.is_dir())
    given = {
        "restore_keys_report": runs,
        "restore_keys_allow_oracle_managed": True,
        "restore_keys_report_dir": str(ansible.folder / "restore"),
    }
    restored = ansible.run("oci_keys.block_volume.restore_keys", given)
    moved = (
        "all on the key"
        if set(during.values()) == {bed.settings.key_a} and during.keys() == before.keys()
        else "not all"
    )
    back = "all as before" if _keys(bed) == before else "not all"
    return f"rekey: exit {code}, the SDK sees {moved}; restore_keys: exit {restored}, the SDK sees {back}"


def _report(bed: Testbed, ansible: Ansible) -> str:
    folder = ansible.folder / "report"
    scope = {
        "encryption_report_compartment_ids": [bed.settings.compartment_id],
        "encryption_report_recursive": False,
        "encryption_report_regions": [bed.region],
        "encryption_report_dir": str(folder),
    }
    code = ansible.run("oci_keys.block_volume.encryption_report", scope)
    told: dict[str, str | None] = {}
    for file in folder.rglob("*.json"):
        told |= _resources_in(json.loads(file.read_text(encoding="utf-8")))
    keys = _keys(bed)
    agrees = bool(keys) and all(told.get(ident, "missing") == key for ident, key in keys.items())
    return f"exit {code}, {'agrees with the SDK' if agrees else 'differs from what the SDK sees'}"


def _resources_in(value: Any) -> dict[str, str | None]:
    """The keys of all resources that a document names, wherever they are in it."""
    found: dict[str, str | None] = {}
    if isinstance(value, dict):
        if isinstance(value.get("id"), str) and "kms_key_id" in value:
            found[value["id"]] = value["kms_key_id"] or None
        for item in value.values():
            found |= _resources_in(item)
    elif isinstance(value, list):
        for item in value:
            found |= _resources_in(item)
    return found


_KEY = "; the SDK sees the key"
PARTS: dict[str, tuple[str, Callable[[Testbed, Ansible], str]]] = {
    "volume_kms_key": (_FOUR + _KEY, _volume),
    "backup_kms_key": (_FOUR + _KEY, _backup),
    "backup_policy_crossregion_key": (_FOUR + _KEY, _assignment),
    "backup_copy": (_FOUR + _KEY, _copy),
    "rekey and restore_keys": (
        "rekey: exit 0, the SDK sees all on the key; restore_keys: exit 0, the SDK sees all as before",
        _rekey,
    ),
    "encryption_report": ("exit 0, agrees with the SDK", _report),
}


def ask_product(what: str, bed: Testbed, ansible: Ansible) -> Row:
    """One part; what could not be looked at is unknown or skipped, never as assumed."""
    expected, part = PARTS[what]
    try:
        return _row(what, expected, part(bed, ansible))
    except SkippedError as error:
        return {"what": what, "expected": expected, "seen": str(error), "verdict": "skipped"}
    except UnclearError as error:
        return {"what": what, "expected": expected, "seen": str(error), "verdict": "unknown"}
