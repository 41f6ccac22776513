# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: a bank's disks on a new key, with a real ansible-playbook against the simulated OCI."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COLLECTIONS = ROOT / ".cache" / "collections"

sys.path.insert(0, str(HERE.parent))

from simulator.client import Simulator  # noqa: E402

NEW_KEY = "bank-key-2026"
KINDS = {"volume": "block volumes", "boot_volume": "boot volumes"}
PROBLEMS = ("crashed-import", "quotes-archive", "ledger-1")
SHOWN_DIFF_LINES = 24


def main(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json*"):
        old.unlink()
    say("Starting a simulated OCI on this machine: a bank with three regions and 60 disks.")
    with Simulator.start(HERE / "fleet.yml", settle=0.5, latency=0.02) as simulator:
        before = assignments(simulator)
        variables = folder / "variables.json"
        ids = {resource["name"]: resource["id"] for kind in KINDS for resource in simulator.resources(kind)}
        variables.write_text(
            json.dumps(
                {
                    "demo_volume_ids": [ids[name] for name in ids if name not in PROBLEMS],
                    "demo_problem_ids": [ids[name] for name in PROBLEMS],
                    "demo_kms_key_id": simulator.id(NEW_KEY),
                    "demo_folder": str(folder),
                    "ansible_python_interpreter": sys.executable,
                }
            )
        )
        say("1. The plan. Nothing is changed:  ansible-playbook rekey.yml --check --diff")
        play(simulator, folder, "plan", "--check", "--diff")
        say("2. The same for real:  ansible-playbook rekey.yml")
        play(simulator, folder, "run")
        say(
            "3. And once more:  ansible-playbook rekey.yml\n"
            "   What is as wanted is left alone, so this has to end with changed=0."
        )
        recap = play(simulator, folder, "again")
        after = assignments(simulator)
        say("Before and after, as the simulated OCI itself has it:")
        table(before, after)
        needless = simulator.needless_puts
    say(
        f"What the tasks returned and the journal of former keys are in {shown(folder)}. "
        f"Needless re-encryptions: {needless}. The simulated OCI is stopped."
    )
    done = "changed=0" in recap and needless == 0
    return 0 if done else 1


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def play(simulator: Simulator, folder: Path, step: str, *flags: str) -> str:
    """Run the playbook, show what it prints with the middle of a long diff left out, and return its recap."""
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
        **simulator.environment(),
    }
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        str(HERE / "rekey.yml"),
        "--extra-vars",
        f"@{folder / 'variables.json'}",
        "--extra-vars",
        f"demo_step={step}",
        *flags,
    ]
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
        for line in folded(process.stdout, shown(folder / f"{step}.json")):
            print(line, end="", flush=True)
            recap = line if "changed=" in line else recap
    return recap


def folded(lines: Iterable[str], plan: str) -> Iterator[str]:
    """The lines, with all but the first of a diff left out."""
    diff = 0
    for line in lines:
        plain = line.replace("\033[0m", "").lstrip("\033[0123456789;m")
        diff = diff + 1 if plain[:1] in "+-@ " and (diff or plain.startswith("---")) else 0
        if diff <= SHOWN_DIFF_LINES:
            yield line
        elif diff == SHOWN_DIFF_LINES + 1:
            yield f"  ... and so on for every disk: the whole plan is in {plan}\n"


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
    """How many disks of each region and kind are on which key."""
    names = {resource["id"]: resource["name"] for resource in simulator.resources("key")}
    return Counter(
        (resource["region"], kind, names.get(resource["kmsKeyId"], "Oracle-managed"))
        for kind in KINDS
        for resource in simulator.resources(kind)
    )


def table(before: Counter[tuple[str, str, str]], after: Counter[tuple[str, str, str]]) -> None:
    keys = ["Oracle-managed", "bank-key-2024", "legacy-team-key", NEW_KEY]
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
