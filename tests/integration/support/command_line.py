# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Oracle's command line, in a process of its own Python that takes one command after another."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

INSTALLED = Path(__file__).parents[3] / ".cache" / "oci-cli" / "bin"
_QUIET = ("OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING", "SUPPRESS_LABEL_WARNING")
_DRIVER = """
import json, sys
from click.testing import CliRunner
from oci_cli import dynamic_loader
from oci_cli.cli import cli
for service in ("bv", "kms", "search"):
    dynamic_loader.load_service(service)
for line in sys.stdin:
    ran = CliRunner().invoke(cli, json.loads(line))
    fault = repr(ran.exception) if ran.exception and not isinstance(ran.exception, SystemExit) else ""
    print(json.dumps({"code": ran.exit_code, "output": ran.output, "fault": fault}), flush=True)
"""


def python() -> Path | None:
    """The interpreter that has it, if it is installed (make command-line)."""
    found = INSTALLED / "python" if (INSTALLED / "oci").exists() else None
    if found is None and (program := shutil.which("oci")):
        found = Path(program).resolve().parent / "python3"
    return found if found is not None and found.exists() else None


@dataclass(frozen=True)
class Said:
    """What a command came to: data, or the service's refusal, or else a fault of the command itself."""

    code: int
    output: str
    fault: str

    @property
    def data(self) -> Any:
        return json.loads(self.output)["data"] if self.output.strip() else None

    @property
    def refusal(self) -> str:
        """As in "404 NotAuthorizedOrNotFound"; empty where there is none."""
        marker = re.match(r"(Transient)?ServiceError:\n", self.output)
        if marker is None:
            return ""
        error = json.loads(self.output[marker.end() :])
        return f"{error['status']} {error['code']}"


class CommandLine:
    def __init__(self, interpreter: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [str(interpreter), "-c", _DRIVER],
            env=dict(environment) | dict.fromkeys(_QUIET, "True"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, *words: str) -> Said:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # A refusal is an answer: it is not to be tried again.
        self._process.stdin.write(json.dumps(["--no-retry", *words]) + "\n")
        self._process.stdin.flush()
        return Said(**json.loads(self._process.stdout.readline()))

    def __enter__(self) -> CommandLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()
