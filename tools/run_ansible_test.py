# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-test units and integration in a copy of the checkout, with the Python and the packages of .venv.

Without arguments both. Others are handed on: ``python -m tools.run_ansible_test integration kms_key_info``.
In a folder that is called ``ansible_collections/oci_keys/block_volume``, ``ansible-test`` does the same by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from tools.sanity import ROOT, copy_checkout, one_at_a_time, with_pythons_of_pyenv

COPY = ROOT / ".cache" / "ansible-test" / "ansible_collections" / "oci_keys" / "block_volume"
# With --local it makes no environments, so nothing is worth being shared with other clones, which would have to wait.
HOME = ROOT / ".cache" / "ansible-test" / "home"
BOTH = (("units",), ("integration",))


def run(arguments: Sequence[str]) -> int:
    """The exit code of one call of ansible-test."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    where = ["--local", "--python", version] if arguments[0] == "units" else ["--local"]
    command = ["ansible-test", arguments[0], *where, "--color", "no", *arguments[1:]]
    path = with_pythons_of_pyenv(os.environ["PATH"])
    environment = {**os.environ, "PATH": path, "HOME": str(HOME)}
    return subprocess.run(command, cwd=COPY, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def main(arguments: Sequence[str]) -> int:
    HOME.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(HOME):
        copy_checkout(COPY)
        return max(abs(run(chosen)) for chosen in ([arguments] if arguments else BOTH))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
