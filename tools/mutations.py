# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Breaks the lines of mutations.yml on purpose, one at a time in a copy of the checkout: a test has to notice."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import yaml

from tools.sanity import ROOT, copy_checkout

COPY = ROOT / ".cache" / "mutations"
_TESTS_FAILED = 1  # of pytest's exit codes the only one that says so; 2 to 5 say that nothing was tested


@dataclass(frozen=True)
class Mutation:
    """What the line is for, the text that stands for it once in its file, what it becomes, and the test to notice."""

    promise: str
    file: str
    text: str
    becomes: str
    test: str

    def is_noticed(self) -> bool:
        file = COPY / self.file
        content = file.read_text()
        if content.count(self.text) != 1:
            sys.exit(f"{self.file}: this is to be there once, but is {content.count(self.text)} times: {self.text}")
        file.write_text(content.replace(self.text, self.becomes))
        command = [sys.executable, "-m", "pytest", "--quiet", "--exitfirst", f"tests/{self.test}"]
        try:
            ended = subprocess.run(command, cwd=COPY, capture_output=True, text=True, check=False)
        finally:
            file.write_text(content)
        if ended.returncode > _TESTS_FAILED:
            sys.exit(f"{self.test} could not be run:\n{ended.stdout}{ended.stderr}")
        return ended.returncode == _TESTS_FAILED


def main(words: list[str]) -> int:
    """All of them, or those whose file or promise has one of the words in it."""
    rows = yaml.safe_load((ROOT / "tools" / "mutations.yml").read_text())
    mutations = [Mutation(**row) for row in rows]
    chosen = [it for it in mutations if not words or any(word in it.file + it.promise for word in words)]
    copy_checkout(COPY)
    unnoticed = 0
    for mutation in chosen:
        is_noticed = mutation.is_noticed()
        unnoticed += not is_noticed
        print(f"{'noticed' if is_noticed else 'NOT NOTICED'}: {mutation.promise} ({mutation.file})", flush=True)
    print(f"{len(chosen) - unnoticed} of {len(chosen)} were noticed")
    return 1 if unnoticed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
