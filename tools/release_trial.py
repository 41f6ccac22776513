# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tries an artifact as its users will: installed from a server like Galaxy, without anything of the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.galaxy_index import served, write_index

ROOT = Path(__file__).resolve().parent.parent
NAME = "oci_keys.block_volume"
# Besides what ansible-galaxy takes from requirements.txt.
CORE = "ansible-core~=2.19.0"


def empty_environment(folder: Path) -> Path:
    """A virtual environment with ansible-core and what the collection requires, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    wanted = [CORE, "--requirement", str(ROOT / "requirements.txt")]
    by_uv = ["uv", "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *wanted]
    if subprocess.run(by_uv, stderr=subprocess.DEVNULL, check=False).returncode:
        by_pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *wanted]
        subprocess.run(by_pip, check=True)
    return folder


def try_it(artifact: Path, folder: Path, signatures: list[str], keys: Path | None) -> None:
    """Install it, look at its documentation, and make a report with it against the simulator.

    ``keys``: if there are signatures, the keyring that one of them has to be of. Raises CalledProcessError.
    """
    for part in ("index", "environment", "home"):
        shutil.rmtree(folder / part, ignore_errors=True)
    programs = empty_environment(folder / "environment") / "bin"
    home = folder / "home"
    home.mkdir()
    environment = {
        "PATH": os.pathsep.join([str(programs), os.defpath]),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(home / "collections"),
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
    }
    write_index(folder / "index", artifact, signatures)
    with served(folder / "index") as address:
        command = [str(programs / "ansible-galaxy"), "collection", "install", NAME, "--server", address, "--no-cache"]
        if keys:
            command += ["--keyring", str(keys), "--required-valid-signature-count", "+1"]
        subprocess.run(command, env=environment, cwd=home, check=True)
    listed = [str(programs / "ansible-doc"), "--list", "--json", NAME]
    subprocess.run(listed, env=environment, cwd=home, check=True, stdout=subprocess.DEVNULL)
    report(programs, home, environment)


def report(programs: Path, home: Path, environment: dict[str, str]) -> None:
    """Make a report, and see that it has something to say. Only the simulator is of the checkout."""
    sys.path.insert(0, str(ROOT / "tests"))
    from simulator.client import Simulator

    reports = home / "reports"
    with Simulator.start(ROOT / "tests" / "demo" / "fleet.yml") as simulator:
        command = [str(programs / "ansible-playbook"), f"{NAME}.encryption_report"]
        command += ["--extra-vars", json.dumps({"encryption_report_dir": str(reports)})]
        subprocess.run(command, env={**environment, **simulator.environment()}, cwd=home, check=True)
    (written,) = reports.glob("*/report.json")
    count = len(json.loads(written.read_text(encoding="utf-8"))["resources"])
    if not count:
        raise subprocess.CalledProcessError(1, command, stderr=f"{written} reports on nothing")
    print(f"Installed from the artifact, it has reported on {count} resources")
