# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What certification and inclusion ask for, on every supported ansible-core; see ``--help`` for its parts."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.build import build
from tools.sanity import with_pythons_of_pyenv

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache" / "certify"
COLLECTIONS = ROOT / ".cache" / "collections"

CORES = {"2.18": "python3.11", "2.19": "python3.11", "2.20": "python3.12", "2.21": "python3.12"}
"""Versions of ansible-core, and the Python that runs each."""

DEVEL = "ansible-core @ https://github.com/ansible/ansible/archive/devel.tar.gz"
DEVEL_PYTHON = "python3.14"

TESTED = (
    "aiohttp",
    "ansible-builder",
    "ansible-runner",
    "hypothesis",
    "jsonschema",
    "oci",
    "pytest",
    "pytest-xdist",
    "trustme",
    "yamllint",
)
"""What these tests need."""

IMPORTER = ("ansible-builder>=3.2", "ansible-core~=2.19.0", "galaxy-importer>=0.4.44")
# It needs other versions of what both need.
NOX = ("ansible-core~=2.19.0", "antsibull-nox>=1.10")

# The roles and playbooks as users run them: templates are evaluated differently from ansible-core 2.19 on.
ON_EACH_CORE = (
    "tests/unit",
    "tests/integration/api",
    "tests/integration/simulator",
    "tests/integration/test_ansible_playbook.py",
    "tests/integration/test_execution_environment.py",
    "tests/integration/test_journal_processes.py",
    "tests/integration/test_awx_jobs.py",
    "tests/integration/test_role_rekey.py",
    "tests/integration/test_untrusted_names.py",
)


def heading(text: str) -> None:
    print(f"\n=== {text}", flush=True)


def environment(name: str, python: str, *packages: str, pinned: bool = False) -> Path:
    """A virtual environment in the cache, with these packages; made once. ``pinned``: of those that
    requirements-dev.txt has, its versions.
    """
    folder = FOLDER / name
    mark = folder / ".packages"
    wanted = "\n".join((python, *packages))
    if mark.exists() and mark.read_text() == wanted:
        return folder
    print(f"making {folder.relative_to(ROOT)}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    arguments = list(packages)
    if pinned:
        constraints = FOLDER / "constraints.txt"
        pins = (ROOT / "requirements-dev.txt").read_text().splitlines()
        constraints.write_text("\n".join(line for line in pins if line.split("==")[0] in packages))
        arguments += ["--constraint", str(constraints)]
    interpreter = str(folder / "bin" / "python")
    # uv is quicker; pip knows its own configuration of indexes, proxies and certificates.
    by_uv = ["uv", "pip", "install", "--quiet", "--python", interpreter, *arguments]
    if subprocess.run(by_uv, stderr=subprocess.DEVNULL, check=False).returncode:
        subprocess.run([interpreter, "-m", "pip", "install", "--quiet", *arguments], check=True)
    mark.write_text(wanted)
    return folder


def variables(folder: Path) -> dict[str, str]:
    """The environment variables with which the programs of a virtual environment are found first.

    Modules are run as users run them, each by a Python of its own.
    """
    path = with_pythons_of_pyenv(os.environ["PATH"])
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(folder / "bin"), path]),
        "VIRTUAL_ENV": str(folder),
        "COLD_PYTHON": "1",
    }


def run(folder: Path, *command: str) -> bool:
    return subprocess.run(command, cwd=ROOT, env=variables(folder), check=False).returncode == 0


def output_of(folder: Path, *command: str, **more: str) -> tuple[bool, str]:
    ran = subprocess.run(
        command,
        cwd=FOLDER,
        env={**variables(folder), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ran.returncode == 0, ran.stdout


def core(version: str, package: str, program: str) -> Callable[[], bool]:
    """Sanity without ignores, the unit tests and the roles on one ansible-core."""

    def check() -> bool:
        python = shutil.which(program, path=with_pythons_of_pyenv(os.environ["PATH"]))
        if python is None:
            print(f"{program} is not there, so this is left out", flush=True)
            return True
        folder = environment(f"core-{version}", python, package, *TESTED, pinned=True)
        sane = run(folder, "python", "tools/sanity.py", "--all")
        tested = run(folder, "python", "-m", "pytest", "-n", "2", "--dist", "worksteal", *ON_EACH_CORE)
        return sane and tested

    return check


def by_ansible_test() -> bool:
    """The same unit tests, and the integration targets, as ansible-test runs them."""
    return subprocess.run([sys.executable, "-m", "tools.run_ansible_test"], cwd=ROOT, check=False).returncode == 0


def importer() -> bool:
    """galaxy-importer, which ends well whatever it says: what it says counts."""
    folder = environment("importer", sys.executable, *IMPORTER)
    artifact = build()
    ended, said = output_of(folder, "python", "-m", "galaxy_importer.main", str(artifact))
    print(said, flush=True)
    complaints = [line for line in said.splitlines() if re.match(r"(ERROR|WARNING|CRITICAL)\b", line)]
    print(*complaints or ["Neither errors nor warnings"], sep="\n")
    return ended and not complaints and "Importer processing completed successfully" in said


def introspect() -> bool:
    """ansible-builder has to find the SDK, and nothing else that has to be installed."""
    folder = environment("importer", sys.executable, *IMPORTER)
    ended, said = output_of(folder, "ansible-builder", "introspect", str(COLLECTIONS))
    print(said, flush=True)
    return ended and re.findall(r"^ *- '?([\w.-]+)", said, re.MULTILINE) == ["oci"]


def nox() -> bool:
    """The checks of antsibull-nox: action groups, unwanted files."""
    folder = environment("nox", sys.executable, *NOX)
    return run(folder, "nox", "--envdir", str(FOLDER / "sessions"), "--no-venv", "--sessions", "extra-checks")


PARTS: Mapping[str, Callable[[], bool]] = {
    "importer": importer,
    "introspect": introspect,
    "nox": nox,
    "ansible-test": by_ansible_test,
    **{f"core-{version}": core(version, f"ansible-core~={version}.0", python) for version, python in CORES.items()},
}
# What the package index does not have, and what may be broken today.
IF_ASKED = {"core-devel": core("devel", DEVEL, DEVEL_PYTHON)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; all without any; and core-devel")
    chosen = parser.parse_args().parts or list(PARTS)
    known = {**PARTS, **IF_ASKED}
    unknown = set(chosen) - set(known)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    os.nice(10)
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in chosen:
        heading(name)
        if not known[name]():
            failed.append(name)
    heading(f"Failed: {', '.join(failed)}" if failed else "All passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
