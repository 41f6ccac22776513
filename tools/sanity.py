# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-test sanity, all of it, in a copy of the checkout; also where its download host can't be reached."""

from __future__ import annotations

import ast
import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / ".cache" / "sanity" / "ansible_collections" / "oci_keys" / "block_volume"

# ansible-test makes its environments without pip, then runs this script, which it would download otherwise.
GET_PIP = """\
import ensurepip

ensurepip.bootstrap()
"""
GET_PIP_NAMES = ("get_pip_24_2.py", "get_pip_25_2.py")


def copy_checkout() -> None:
    """Copies what git tracks or would track: ansible-test refuses links, and must not see the caches."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    shutil.rmtree(COPY, ignore_errors=True)
    for name in sorted(set(filter(None, names.split("\0")))):
        source, target = ROOT / name, COPY / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


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
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.replace(":env:", "global").partition(".")
        if option != "config-file":
            settings.setdefault(section, {})[option] = ast.literal_eval(value)
    with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        settings.write(file)


def without_pyenv_shims(path: str) -> str:
    """A shim of a Python that pyenv has not been told to use is found, but can't be run."""
    return os.pathsep.join(folder for folder in path.split(os.pathsep) if Path(folder).name != "shims")


def main() -> int:
    home = Path(os.environ["HOME"])
    if not home.is_relative_to(ROOT):
        sys.exit("Run this with tools/in-env, which keeps it out of your home folder.")
    copy_checkout()
    seed_pip_bootstrap(home)
    hand_on_pip_settings(home)
    environment = {**os.environ, "PATH": without_pyenv_shims(os.environ["PATH"])}
    command = ["ansible-test", "sanity", "--color", "no", *sys.argv[1:]]
    return subprocess.run(command, cwd=COPY, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
