# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every probe against the simulator under every setting of its switch: `make parity`.

The simulator's service answers in this process, without sockets, and time passes only when a probe pauses. So nothing
depends on how busy the machine is. A probe that does not find its switch as it is set can't tell, and fails the run.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import oci
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import BaseAdapter

from simulator.principals import Principal, fingerprint, pem
from simulator.service import Outcome, Service
from simulator.switches import TABLE

from .catalog import ALL, NOT_PROBED
from .cloud import Cloud
from .probe import AS_ASSUMED, DIFFERS, Finding, Probe, ask
from .recording import Recorder
from .settings import Settings
from .testbed import Testbed

FLEET: dict[str, Any] = {
    "tenancy": "parity",
    "regions": ["us-phoenix-1", "eu-zurich-1"],
    "compartments": ["lab"],
    "vaults": [
        {"name": "near", "region": "us-phoenix-1", "compartment": "lab"},
        {"name": "far", "region": "eu-zurich-1", "compartment": "lab"},
        {"name": "both", "region": "us-phoenix-1", "compartment": "lab", "replicas": ["eu-zurich-1"]},
    ],
    "keys": [
        {"name": "key-a", "vault": "near"},
        {"name": "key-b", "vault": "near"},
        {"name": "key-elsewhere", "vault": "far"},
        {"name": "rsa", "vault": "near", "algorithm": "RSA"},
        {"name": "disabled", "vault": "near", "state": "DISABLED"},
        {"name": "dying", "vault": "near", "state": "PENDING_DELETION"},
        {"name": "no-grant", "vault": "near", "service_may_use": False},
        {"name": "rotated", "vault": "near", "versions": 3},
        {"name": "replicated", "vault": "both"},
    ],
    "volumes": [{"name": "attached", "region": "us-phoenix-1", "compartment": "lab", "key": "key-a"}],
    "boot_volumes": [
        {"name": "boot", "region": "us-phoenix-1", "compartment": "lab", "key": "key-a"},
        {"name": "boot-plain", "region": "us-phoenix-1", "compartment": "lab"},
    ],
    "volume_backup_policies": [
        {"name": "weekly", "region": "us-phoenix-1", "compartment": "lab", "destination_region": "eu-zurich-1"}
    ],
}
#: Numbers that the probes of a rate have to find; the rate must be off to see the other one.
_NUMBERS = {"kms_rate": (0.0, 5.0, 10.0), "block_volume_rate": (0.0, 4.0), "retry_after": (0.0, 7.0)}
_TOGETHER: dict[str, dict[str, Any]] = {"retry_after": {"kms_rate": 5.0}}
_SETTLE = 0.5
_POLL = 0.12


class FakeClock:
    def __init__(self) -> None:
        self._now = 1_800_000_000.0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds


class _InProcess(BaseAdapter):
    """Takes the place of the network."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self._service = service

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        url = urlsplit(str(request.url))
        raw_path = url.path + (f"?{url.query}" if url.query else "")
        body = request.body or b""
        sent = body.encode() if isinstance(body, str) else bytes(body)
        outcome = self._service.answer(str(request.method), raw_path, request.headers, sent)
        if outcome.cut:
            raise requests.ConnectionError("The connection was cut.")
        return _response(request, outcome)

    def close(self) -> None:
        pass


def _response(request: requests.PreparedRequest, outcome: Outcome) -> requests.Response:
    response = requests.Response()
    response.status_code = outcome.reply.status
    response._content = outcome.reply.body
    response.headers.update({"content-type": "application/json", "opc-request-id": outcome.request_id})
    response.headers.update(outcome.reply.headers)
    response.request = request
    response.url = str(request.url)
    response.encoding = "utf-8"
    return response


class Simulated(NamedTuple):
    service: Service
    bed: Testbed


@functools.cache
def _caller() -> tuple[Principal, Any]:
    """The key is made once, which takes longer than many probes, and short, since each request is signed."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    public = key.public_key()
    return Principal("api_key", fingerprint(public), public), pem(key).decode()


def start(switches: dict[str, Any] | None = None, run: str = "00000000", **settings: Any) -> Simulated:
    """A simulator as new, and a test bed on it with all settings that probes need."""
    caller, key = _caller()
    clock = FakeClock()
    service = Service(FLEET, {"settle": _SETTLE, "copy_settle": _SETTLE, "kms_rate": 0.0} | (switches or {}), caller)
    service.cloud.clock = clock.now
    tenancy = service.cloud.tenancy
    signer = _signer(tenancy.id, tenancy.user_id, caller.id, key)
    config = {
        "tenancy": tenancy.id,
        "user": tenancy.user_id,
        "region": "us-phoenix-1",
        "fingerprint": caller.id,
        "key_content": key,
    }
    cloud = Cloud(config, signer, Recorder(), clock, _InProcess(service))

    def named(name: str) -> str:
        return service.cloud.lookup(name).id

    given: dict[str, Any] = {
        "compartment_id": named("lab"),
        "key_a": named("key-a"),
        "key_b": named("key-b"),
        "region_elsewhere": "eu-zurich-1",
        "key_elsewhere": named("key-elsewhere"),
        "policy_id": named("weekly"),
        "rsa_key": named("rsa"),
        "disabled_key": named("disabled"),
        "pending_deletion_key": named("dying"),
        "key_without_grant": named("no-grant"),
        "rotated_key": named("rotated"),
        "replicated_key": named("replicated"),
        "replica_region": "eu-zurich-1",
        "attached_volume_id": named("attached"),
        "boot_volume_id": named("boot"),
        "boot_volume_without_key_id": named("boot-plain"),
        "retention": True,
        "replicas": True,
        "limits": True,
        "poll_seconds": _POLL,
        "patience_seconds": 20.0,
    }
    return Simulated(service, Testbed(cloud, Settings(**(given | settings)), run))


@functools.cache
def _signer(tenancy: str, user: str, mark: str, key: str) -> Any:
    return oci.signer.Signer(tenancy, user, mark, None, private_key_content=key)


def cells() -> Iterator[tuple[Probe, str | float | None]]:
    """Each probe with each setting of its switch, and once where it has none."""
    values = {switch.name: switch.values or _NUMBERS.get(switch.name, ()) for switch in TABLE}
    for one in ALL.values():
        for value in values[one.switch] if one.switch else (None,):
            yield one, value


def switches_at(one: Probe, setting: str | float | None) -> dict[str, Any]:
    return {} if setting is None else {one.switch: setting} | together(one)


def together(one: Probe) -> dict[str, Any]:
    """What else has to be set for the probe to see its switch."""
    return _TOGETHER.get(one.switch, {})


def look(one: Probe, setting: str | float | None) -> tuple[str, Finding]:
    """What the probe should find at this setting, and its finding."""
    simulated = start(switches_at(one, setting))
    simulated.bed.cloud.recorder.probe = one.name
    return one.answer_at(setting) if setting is not None else one.assumed, ask(one, simulated.bed)


def unprobed() -> list[str]:
    """Switches that neither have a probe nor a reason for having none, and reasons for switches with a probe."""
    probed = {one.switch for one in ALL.values()}
    return sorted({switch.name for switch in TABLE} - probed ^ set(NOT_PROBED))


def red_cells() -> Iterator[tuple[int, str]]:
    """A line for each cell, empty where the probe finds its switch as it is set, and judges that rightly."""
    for number, (one, setting) in enumerate(cells(), 1):
        wanted, finding = look(one, setting)
        verdict = AS_ASSUMED if wanted == one.assumed else DIFFERS
        fits = (finding.seen, finding.verdict) == (wanted, verdict)
        at = f"{one.switch}={setting}" if one.switch else "no switch"
        yield number, "" if fits else f"{one.name} at {at} saw: {finding.seen} ({finding.verdict})"


def main() -> int:
    red = [f"switch {name}: name a probe for it, or the reason in NOT_PROBED" for name in unprobed()]
    count = 0
    for number, line in red_cells():
        count = number
        red += [line] if line else []
    print(f"{len(ALL)} probes, {count} settings, {len(NOT_PROBED)} switches without a probe.", *red, sep="\n  ")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
