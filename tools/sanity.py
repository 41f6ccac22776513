# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-test sanity in a copy of the checkout, also where its download host can't be reached.

Of all that it does, ``--all`` leaves nothing out. Without it, files are compiled and imported by the oldest and by the
newest Python only, and pylint, which takes as long as all others, is left to ``make pylint``. Other arguments are
handed on.
"""

from __future__ import annotations

import ast
import configparser
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / ".cache" / "sanity" / "ansible_collections" / "oci_keys" / "block_volume"

# ansible-test makes its environments without pip, then runs this script, which it would download otherwise.
GET_PIP = """\
import ensurepip, os

os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
ensurepip.bootstrap()
"""
GET_PIP_NAMES = ("get_pip_24_2.py", "get_pip_25_2.py")


OLDEST = (3, 9)


def make_home() -> Path:
    """Where ansible-test keeps its environments: in the user's cache, as they take long to make, or in the clone."""
    for folder in (Path(os.environ["TOOLS_CACHE"]) / "ansible-test", Path(os.environ["HOME"])):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
    sys.exit(f"{os.environ['HOME']} can't be written to.")


@contextlib.contextmanager
def one_at_a_time(home: Path) -> Iterator[None]:
    """A second run waits, since it would pull the copy from under the first, or make the same environments."""
    COPY.parent.mkdir(parents=True, exist_ok=True)
    with open(home / "lock", "w") as shared, open(COPY.parent / "lock", "w") as own:
        fcntl.flock(own, fcntl.LOCK_EX)
        fcntl.flock(shared, fcntl.LOCK_EX)
        yield


def copy_checkout(copy: Path = COPY) -> None:
    """Copies what git tracks or would track: ansible-test refuses links, and must not see the caches."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    shutil.rmtree(copy, ignore_errors=True)
    for name in sorted(set(filter(None, names.split("\0")))):
        source, target = ROOT / name, copy / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    # Without a repository of its own it would be taken for a part of the checkout that git ignores: nothing to test.
    subprocess.run(["git", "init", "--quiet", "--template="], cwd=copy, check=True)


def seed_pip_bootstrap(home: Path) -> None:
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for name in GET_PIP_NAMES:
        (cache / name).write_text(GET_PIP)


def hand_on_pip_settings(home: Path) -> None:
    """ansible-test hides the environment from pip, which still needs the user's index, proxy and certificates."""
    path = home / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pip", "config", "list"]
    settings = configparser.RawConfigParser()
    settings["global"] = {"quiet": "2"}
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        name, value = line.split("=", 1)
        section, option = name.replace(":env:", "global").split(".", 1)
        if option != "config-file":
            if not settings.has_section(section):
                settings.add_section(section)
            settings.set(section, option, ast.literal_eval(value))
    with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        settings.write(file)


def with_pythons_of_pyenv(path: str) -> str:
    """A shim of pyenv is found, but fails for each Python that pyenv has not been told to use."""
    folders: list[str] = []
    for folder in path.split(os.pathsep):
        if Path(folder).name == "shims":
            folders += sorted(str(found) for found in Path(folder).parent.glob("versions/3.*/bin"))
        else:
            folders.append(folder)
    return os.pathsep.join(folders)


def oldest_and_newest(path: str) -> list[str]:
    """Of the Pythons that are there, that the collection supports, and that ansible-test knows."""
    from ansible_test._util.target.common import constants  # type: ignore[import-untyped]

    known = {*constants.REMOTE_ONLY_PYTHON_VERSIONS, *constants.CONTROLLER_PYTHON_VERSIONS}
    versions = sorted(tuple(map(int, version.split("."))) for version in known)
    names = [".".join(map(str, version)) for version in versions if version >= OLDEST]
    there = [name for name in names if shutil.which(f"python{name}", path=path)]
    return [*there[:1], *there[1:][-1:]]


def options(arguments: list[str], path: str) -> list[str]:
    if arguments == ["--all"]:
        return []
    pythons = [word for version in oldest_and_newest(path) for word in ("--target-python", version)]
    return arguments or ["--skip-test", "pylint", *pythons]


def main() -> int:
    if not Path(os.environ["HOME"]).is_relative_to(ROOT):
        sys.exit("Run this with tools/in-env, which keeps it out of your home folder.")
    home = make_home()
    path = with_pythons_of_pyenv(os.environ["PATH"])
    environment = {**os.environ, "PATH": path, "HOME": str(home)}
    command = ["ansible-test", "sanity", "--color", "no"]
    with one_at_a_time(home):
        copy_checkout()
        seed_pip_bootstrap(home)
        hand_on_pip_settings(home)
        command += options(sys.argv[1:], path)
        return abs(subprocess.run(command, cwd=COPY, env=environment, stdin=subprocess.DEVNULL, check=False).returncode)


if __name__ == "__main__":
    sys.exit(main())
