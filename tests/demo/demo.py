# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: a bank's disks and backups on a new key and back, with real playbooks against the simulated OCI."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COLLECTIONS = ROOT / ".cache" / "collections"
REGIONS = ["us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"]

sys.path.insert(0, str(HERE.parent))

from simulator.client import Simulator  # noqa: E402

NEW_KEY = "bank-key-2026"
COPIED = [f"ledger-month-end-{number}" for number in range(1, 5)]
KINDS = {
    "volume": "block volumes",
    "boot_volume": "boot volumes",
    "volume_backup": "backups",
    "boot_volume_backup": "boot backups",
    "policy_assignment": "policies",
}


def main(folder: Path) -> int:
    reports = folder / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    say("Starting a simulated OCI on this machine: a bank with three regions, its disks and their backups.")
    with Simulator.start(HERE / "fleet.yml", settle=0.5, latency=0.02) as simulator:
        key = simulator.id(NEW_KEY)
        rekey = {
            "rekey_compartment_ids": simulator.id("root"),
            "rekey_kms_key_ids": dict.fromkeys(REGIONS, key),
            "rekey_batch_size": 20,
            "rekey_report_dir": str(reports),
        }
        copy = {
            "copy_backups_backup_ids": [simulator.id(name) for name in COPIED],
            "copy_backups_destination_region": "us-phoenix-1",
            "copy_backups_kms_key_id": key,
            "copy_backups_report_dir": str(reports),
        }
        before = assignments(simulator)
        say("1. Who is on which key? (What only tells that it is done is left out of what the playbooks print here.)")
        play(simulator, folder, "encryption_report", {"encryption_report_dir": str(reports)})
        say("2. Everything on the key of 2026: first the plan. Nothing is changed.")
        play(simulator, folder, "rekey", rekey, "--check")
        say("3. The same for real: one of each kind first, then batch by batch. Backups under retention lock stay.")
        play(simulator, folder, "rekey", rekey)
        run = newest(reports)
        after = assignments(simulator)
        say("4. Once more: what is as wanted is left alone, so this has to end with changed=0.")
        again = play(simulator, folder, "rekey", rekey)
        say("5. A copy in another region of each backup of the month's end, on the key that is there.")
        play(simulator, folder, "copy_backups", copy)
        copies = assignments(simulator)["us-phoenix-1", "volume_backup", NEW_KEY]
        say("6. Who is on which key now?")
        play(simulator, folder, "encryption_report", {"encryption_report_dir": str(reports)})
        report = newest(reports) / "report.html"
        say("7. And back again: every resource of the run on the key that it had.")
        restore = {
            "restore_keys_report": str(run),
            "restore_keys_allow_oracle_managed": True,
            "restore_keys_report_dir": str(reports),
        }
        play(simulator, folder, "restore_keys", restore)
        restored = assignments(simulator)
        say("Before and after the rekeying, as the simulated OCI itself has it:")
        table(before, after)
        needless = simulator.needless_puts
    # The copies are newer than the run, and stay as they are.
    restored["us-phoenix-1", "volume_backup", NEW_KEY] -= copies
    is_back = +restored == before
    say(f"{copies} copies are in Phoenix. Back on its former key: {'everything' if is_back else 'NOT everything'}.")
    say(f"Needless re-encryptions: {needless}. The simulated OCI is stopped.")
    say(f"The report to look at, in a browser: {shown(report)}")
    return 0 if "changed=0" in again and needless == 0 and copies == len(COPIED) and is_back else 1


def newest(reports: Path) -> Path:
    return max((each for each in reports.iterdir() if not each.is_symlink()), key=lambda each: each.stat().st_mtime_ns)


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def play(simulator: Simulator, folder: Path, name: str, variables: Mapping[str, Any], *flags: str) -> str:
    """Run a playbook of the collection, show what it prints, and return its recap."""
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        f"oci_keys.block_volume.{name}",
        "--extra-vars",
        json.dumps({"ansible_python_interpreter": sys.executable, **variables}),
        *flags,
    ]
    print(f"   ansible-playbook oci_keys.block_volume.{name} -e @{name}.yml {' '.join(flags)}\n", flush=True)
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "ANSIBLE_REMOTE_TEMP": str(folder / "tmp"),
        "ANSIBLE_FORCE_COLOR": "1" if sys.stdout.isatty() else "0",
        "ANSIBLE_NOCOLOR": "0" if sys.stdout.isatty() else "1",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "ANSIBLE_PIPELINING": "1",
        **simulator.environment(),
    }
    recap = ""
    # A session of its own: on Ctrl-C it is we who stop it, and the modules that it would leave behind.
    with (
        subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        ) as process,
        killed_at_the_end(process),
    ):
        assert process.stdout is not None
        for line in telling(process.stdout):
            print(line, end="", flush=True)
            recap = line if "changed=" in line else recap
    return recap


def telling(lines: Iterable[str]) -> Iterator[str]:
    """The lines without the tasks that only tell that they are done."""
    header: list[str] = []
    for line in lines:
        plain = re.sub("\033\\[[0-9;]*m", "", line)
        if plain.startswith("TASK ["):
            header = [line]
        elif plain.startswith("included: ") or plain.strip() == "ok: [localhost]" or (header and not plain.strip()):
            continue
        else:
            yield from header
            header = []
            yield line


@contextlib.contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[None]:
    """ansible-playbook and all that it started are gone afterwards, whatever happens."""
    try:
        yield
    except BaseException:
        family = descendants(process.pid)
        for pid in [process.pid, *family]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        raise


def descendants(pid: int) -> list[int]:
    rows = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.split("\n")
    children: dict[int, list[int]] = {}
    for row in rows:
        if row.strip():
            child, parent = map(int, row.split())
            children.setdefault(parent, []).append(child)
    found = []
    queue = [pid]
    while queue:
        mine = children.get(queue.pop(), [])
        found.extend(mine)
        queue.extend(mine)
    return found


def assignments(simulator: Simulator) -> Counter[tuple[str, str, str]]:
    """How many resources of each region and kind are on which key."""
    names = {resource["id"]: resource["name"] for resource in simulator.resources("key")}
    return Counter(
        (resource["region"], kind, names.get(resource.get("kmsKeyId") or resource.get("xrcKmsKeyId"), "Oracle-managed"))
        for kind in KINDS
        for resource in simulator.resources(kind)
    )


def table(before: Counter[tuple[str, str, str]], after: Counter[tuple[str, str, str]]) -> None:
    keys = ["Oracle-managed", "bank-key-2024", NEW_KEY]
    print(f"{'region':<16}{'kind':<15}" + "".join(f"{key:>18}" for key in keys))
    for region, kind in sorted({(region, kind) for region, kind, _name in before}):
        cells = []
        for key in keys:
            was, now = before[region, kind, key], after[region, kind, key]
            cells.append(f"{was} -> {now}" if was != now else f"{now or '-'}")
        print(f"{region:<16}{KINDS[kind]:<15}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    # Stopped by another program, or by a terminal that closes, it clears up as on Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".cache" / "demo", help="where results and journal go")
    try:
        sys.exit(main(parser.parse_args().folder))
    except KeyboardInterrupt:
        say("Stopped. Nothing is left running.")
        sys.exit(130)
