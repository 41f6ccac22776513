# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: a bank's disks and backups on a new key and back, with real playbooks against the simulated OCI."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COLLECTIONS = ROOT / ".cache" / "collections"
REGIONS = ["us-ashburn-1", "us-phoenix-1"]

sys.path.insert(0, str(HERE.parent))

from simulator.client import Simulator  # noqa: E402

NEW_KEY = "bank-key-2026"
KINDS = {
    "volume": "block volumes",
    "boot_volume": "boot volumes",
    "volume_backup": "backups",
    "boot_volume_backup": "boot backups",
    "policy_assignment": "policies",
}


def main(folder: Path, *, keep: bool) -> int:
    reports = folder / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    say("A simulated OCI on this machine: a bank with two regions, its disks, their backups. Which key is on what?")
    with Simulator.start(HERE / "fleet.yml", settle=0.5, latency=0.02) as simulator:
        write_variables(simulator, folder, reports)
        before = assignments(simulator)
        table(before, before)
        say("1. Everything on the key of 2026. Add --check for the plan alone.")
        play(simulator, folder, "rekey")
        run = newest(reports)
        after = assignments(simulator)
        say("2. And back: every resource of that run on its former key.")
        write(
            folder / "restore_keys.yml",
            restore_keys_report=str(run),
            restore_keys_allow_oracle_managed=True,
            restore_keys_report_dir=str(reports),
        )
        play(simulator, folder, "restore_keys")
        is_back = assignments(simulator) == before
        needless = simulator.needless_puts
        say("Before and after step 1, as the simulated OCI itself has it:")
        table(before, after)
        back = "everything" if is_back else "NOT everything"
        say(f"Back on its former key: {back}. Needless re-encryptions: {needless}.")
        print(f"The report, for a browser: {shown(run / 'report.html')}")
        if keep:
            invite(simulator, folder)
    print(
        "The simulated OCI is stopped."
        if keep
        else "The simulated OCI is stopped; make demo KEEP=1 keeps it to try more."
    )
    return 0 if after != before and needless == 0 and is_back else 1


def write_variables(simulator: Simulator, folder: Path, reports: Path) -> None:
    """The variable files of the playbooks, as a user would write them."""
    write(
        folder / "rekey.yml",
        rekey_compartment_ids=["payments", "trading"],
        rekey_kms_key_ids=dict.fromkeys(REGIONS, f"bank-vault/{NEW_KEY}"),
        rekey_report_dir=str(reports),
    )


def write(file: Path, **variables: Any) -> None:
    file.write_text(yaml.safe_dump(variables, sort_keys=False, width=200), encoding="utf-8")


def invite(simulator: Simulator, folder: Path) -> None:
    """Keep the simulator until Ctrl-C, and say how to use it."""
    exports = folder / "env.sh"
    given = {**collections(folder), **simulator.environment()}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in given.items() if name not in ("HOME", "TMPDIR")]
    path = f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH"
    exports.write_text("\n".join([path, *lines, ""]), encoding="utf-8")
    say("The simulated OCI stays until Ctrl-C. In another terminal:")
    playbook = "ansible-playbook -i localhost, oci_keys.block_volume"
    module = "ansible localhost -i localhost, -c local -m oci_keys.block_volume"
    for line in (
        f"cd {shown(folder)} && . ./{exports.name}",
        f"{playbook}.encryption_report -e encryption_report_dir=$PWD/reports",
        f"{playbook}.rekey -e @rekey.yml --check",
        f"{module}.kms_key_info -a kms_key_ids={simulator.id(NEW_KEY)}",
    ):
        print(f"  {line}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def newest(reports: Path) -> Path:
    runs = [each for each in reports.iterdir() if each.is_dir() and not each.is_symlink()]
    return max(runs, key=lambda run: run.stat().st_mtime_ns)


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def play(simulator: Simulator, folder: Path, name: str) -> None:
    """Run a playbook of the collection as a user would, and show what it prints."""
    shown_command = f"ansible-playbook -i localhost, oci_keys.block_volume.{name} -e @{name}.yml"
    print(f"$ {shown_command}", flush=True)
    command = [str(Path(sys.executable).parent / "ansible-playbook"), *shown_command.split()[1:]]
    is_terminal = sys.stdout.isatty()
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "LANG": "C.UTF-8",
        "ANSIBLE_FORCE_COLOR": "1" if is_terminal else "0",
        "ANSIBLE_NOCOLOR": "0" if is_terminal else "1",
        **collections(folder),
        **simulator.environment(),
    }
    # A session of its own: on Ctrl-C it is we who stop it, and the modules that it would leave behind.
    with (
        subprocess.Popen(
            command,
            cwd=folder,
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
        for line in process.stdout:
            print(line, end="", flush=True)


def collections(folder: Path) -> dict[str, str]:
    """Where Ansible finds the collection, and the Python with the SDK."""
    return {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_REMOTE_TEMP": str(folder / "tmp"),
    }


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
    parser.add_argument("--keep", action="store_true", help="keep the simulated OCI until Ctrl-C, to try more")
    parser.add_argument("--folder", type=Path, default=ROOT / ".cache" / "demo", help="where results and journal go")
    try:
        given = parser.parse_args()
        sys.exit(main(given.folder, keep=given.keep))
    except KeyboardInterrupt:
        say("Stopped. Nothing is left running.")
        sys.exit(130)
