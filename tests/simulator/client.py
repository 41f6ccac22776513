# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How tests, the demo and the benchmarks run and steer the simulator. Only the standard library is needed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import IO, Any

_TESTS = Path(__file__).resolve().parent.parent
_STOP_SECONDS = 5.0


class SimulatorError(Exception):
    """The simulator has refused what it was asked for, or did not start."""


@dataclass(frozen=True)
class Call:
    """One call that the simulator has received. A status of 0: the connection was cut without an answer."""

    operation: str
    method: str
    path: str
    query: dict[str, str]
    host: str
    region: str
    resource: str
    status: int
    request: Any
    request_id: str
    principal_type: str
    principal: str
    headers: dict[str, str]
    fault: str
    time: float


_CALL_FIELDS = frozenset(field.name for field in fields(Call))


class Simulator:
    """A running simulator; `with Simulator.start(fleet) as simulator:` stops it at the end."""

    def __init__(
        self, process: subprocess.Popen[str], description: Mapping[str, Any], owned: Path, complaints: IO[str]
    ) -> None:
        self._process = process
        self._owned = owned
        self._complaints = complaints
        self.proxy_url: str = description["proxy_url"]
        self.direct_port: int = description["direct_port"]
        self.control_url: str = description["control_url"]
        self.metadata_url: str = description["metadata_url"]
        self.ca_file: str = description["ca_file"]
        self.home = Path(description["home"])
        self._environments: dict[str, dict[str, str]] = description["environments"]
        parts = urllib.parse.urlsplit(self.control_url)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    def start(
        cls,
        fleet: str | os.PathLike[str] | Mapping[str, Any],
        *,
        settle: float = 0.05,
        latency: float = 0.0,
        cpu: int | None = None,
    ) -> Simulator:
        """Starts a process of its own and waits until it listens. `cpu` pins it to one processor."""
        home = Path(tempfile.mkdtemp(prefix="oci-simulator-"))
        file = Path(os.fspath(fleet)).resolve() if not isinstance(fleet, Mapping) else home / "fleet.yml"
        if isinstance(fleet, Mapping):
            # JSON is YAML, and a file has no limit on its length as an argument has.
            file.write_text(json.dumps(fleet), encoding="utf-8")
        command = [sys.executable, "-m", "simulator", "--machine", "--fleet", str(file), "--home", str(home)]
        command += ["--settle", str(settle), "--latency", str(latency)]
        if cpu is not None:
            command = ["taskset", "--cpu-list", str(cpu), *command]
        # A file: nobody reads a pipe while the simulator runs, and a full one would halt it.
        complaints = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by stop()
        process = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": str(_TESTS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            process.wait()
            shutil.rmtree(home, ignore_errors=True)
            complaints.seek(0)
            with complaints:
                message = complaints.read().strip()
            raise SimulatorError(message or f"the simulator ended with status {process.returncode}")
        return cls(process, json.loads(line), home, complaints)

    def stop(self) -> None:
        """Ends the process; does nothing the second time."""
        self._connection.close()
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        if not self._complaints.closed:
            # Normally nothing; a traceback in here is a defect of the simulator.
            self._complaints.seek(0)
            sys.stderr.write(self._complaints.read())
            self._complaints.close()
        shutil.rmtree(self._owned, ignore_errors=True)

    def __enter__(self) -> Simulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def processor_seconds(self) -> float:
        """The processor time that the simulator has used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def environment(self, auth_type: str = "api_key") -> dict[str, str]:
        """All variables that a process needs to call the simulator as this principal."""
        if auth_type not in self._environments:
            raise SimulatorError(f"no environment for {auth_type!r}; there are: {', '.join(self._environments)}")
        return dict(self._environments[auth_type])

    def reset(
        self,
        fleet: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        *,
        settle: float | None = None,
        latency: float | None = None,
    ) -> None:
        """Back to the fleet of the start, or on to another one; no faults, default switches, empty counters and log."""
        given: Any = fleet
        if fleet is not None and not isinstance(fleet, Mapping):
            given = str(Path(os.fspath(fleet)).resolve())
        described = self._ask("POST", "/reset", {"fleet": given, "settle": settle, "latency": latency})
        self._environments = described["environments"]

    def set(self, **switches: Any) -> None:
        """Sets switches (README.md lists them)."""
        self._ask("POST", "/switches", switches)

    def fault(
        self,
        kind: str,
        operation: str = "*",
        *,
        times: int | None = 1,
        after: int = 0,
        region: str | None = None,
        resource: str | None = None,
        **details: Any,
    ) -> None:
        """Spoils the next `times` calls (None: all) after `after` matching ones; README.md lists the kinds."""
        rule = {"kind": kind, "operation": operation, "times": times, "after": after}
        self._ask("POST", "/faults", rule | {"region": region, "resource": resource} | details)

    def clear_faults(self) -> None:
        self._ask("DELETE", "/faults")

    def calls(self, operation: str | None = None) -> list[Call]:
        """The calls in the order in which they were answered."""
        query = "?" + urllib.parse.urlencode({"operation": operation}) if operation else ""
        return [_call(row) for row in self._ask("GET", f"/calls{query}")]

    def counts(self) -> dict[str, int]:
        """The number of calls by operation."""
        return dict(self._ask("GET", "/counts")["operations"])

    def counts_by_region(self) -> dict[str, dict[str, int]]:
        return dict(self._ask("GET", "/counts")["regions"])

    def reset_counts(self) -> None:
        """Empties counters and log, and nothing else."""
        self._ask("DELETE", "/counts")

    @property
    def needless_puts(self) -> int:
        """PUTs of a key that was in place, or already on its way."""
        return int(self._ask("GET", "/counts")["needless_puts"])

    @property
    def strangers(self) -> dict[str, int]:
        """How often the proxy was asked for a host that is none of OCI's, by `host:port`."""
        return dict(self._ask("GET", "/counts")["strangers"])

    def resource(self, ocid: str) -> dict[str, Any]:
        """The true state of one resource, whatever the switches are."""
        return dict(self._ask("GET", f"/resources/{ocid}"))

    def resources(self, kind: str | None = None) -> list[dict[str, Any]]:
        """All resources, or those of one kind: volume, volume_backup, policy_assignment... (README.md)."""
        return list(self._ask("GET", f"/resources?kind={kind}" if kind else "/resources"))

    def change(self, ocid: str, **fields: Any) -> None:
        """Edits a resource behind the product's back, with the names of the fleet file (state, key, locked...)."""
        self._ask("POST", f"/resources/{ocid}", fields)

    def id(self, name: str) -> str:
        """The OCID of `kind:name`, or of a name that only one resource has; `root` is the tenancy."""
        return str(self._ask("GET", "/id?" + urllib.parse.urlencode({"name": name}))["id"])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        payload = json.dumps(body) if body is not None else None
        try:
            self._connection.request(method, path, payload)
            response = self._connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        answer = json.loads(text)
        if response.status != 200:
            raise SimulatorError(answer.get("error", text.decode()) if isinstance(answer, dict) else text.decode())
        return answer


def _call(row: Mapping[str, Any]) -> Call:
    values = {name: value for name, value in row.items() if name in _CALL_FIELDS}
    text = values["request"]
    with contextlib.suppress(ValueError):
        values["request"] = json.loads(text) if text else None
    return Call(**values)
