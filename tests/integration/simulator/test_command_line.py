# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Oracle's own command line against the simulator, with every setting of every switch on.

It reads each answer, and what it was told to do is done, or was refused in a form that it understands.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from integration.support.command_line import CommandLine, Said, python
from integration.support.harness import soak

from simulator.client import Simulator
from simulator.switches import TABLE

NEAR, FAR = "us-phoenix-1", "eu-zurich-1"
FLEET: dict[str, Any] = {
    "tenancy": "shop",
    "regions": [NEAR, FAR],
    "compartments": ["lab"],
    "vaults": [
        {"name": "near", "region": NEAR, "compartment": "lab"},
        {"name": "far", "region": FAR, "compartment": "lab"},
    ],
    "keys": [
        {"name": "key-a", "vault": "near"},
        {"name": "key-b", "vault": "near", "versions": 2},
        {"name": "key-far", "vault": "far"},
        {"name": "disabled", "vault": "near", "state": "DISABLED"},
    ],
    "volumes": [
        {"name": "with-key", "region": NEAR, "compartment": "lab", "key": "key-a"},
        {"name": "plain", "region": NEAR, "compartment": "lab"},
    ],
    "boot_volumes": [{"name": "boot", "region": NEAR, "compartment": "lab", "key": "key-a"}],
    "volume_backups": [{"name": "backup", "of": "with-key", "key": "key-a"}],
    "volume_backup_policies": [{"name": "weekly", "region": NEAR, "compartment": "lab", "destination_region": FAR}],
}
#: Of each number one that shows.
NUMBERS = {
    "external_key_delay": 0.1,
    "copy_limit": 1,
    "kms_rate": 1,
    "block_volume_rate": 3,
    "retry_after": 1,
    "settle": 0.2,
    "copy_settle": 0.2,
    "latency": 0.02,
}
SETTINGS = [(one.name, value) for one in TABLE for value in one.values or (NUMBERS[one.name],)]

pytestmark = [soak, pytest.mark.skipif(python() is None, reason="it is not installed: make command-line")]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator.start(FLEET) as started:
        yield started


@pytest.fixture(scope="module")
def command_line(simulator: Simulator) -> Iterator[CommandLine]:
    interpreter = python()
    assert interpreter is not None
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OCI_")}
    with CommandLine(interpreter, environment | simulator.environment()) as started:
        yield started


def _is_understood(said: Said) -> None:
    assert not said.fault, said
    assert "Traceback" not in said.output
    if said.code == 0:
        assert said.output.strip() == "" or said.data is not None or '"data": ' in said.output
    else:
        assert said.refusal, said


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_the_command_line_understands_all_that_a_setting_brings_about(
    simulator: Simulator, command_line: CommandLine, name: str, value: Any
) -> None:
    simulator.reset(FLEET)
    simulator.set(**{name: value})
    ident = simulator.id
    lab = ("--compartment-id", ident("lab"))
    reads = {
        "volume": ("bv", "volume", "get", "--volume-id", ident("with-key")),
        "plain": ("bv", "volume", "get", "--volume-id", ident("plain")),
        "key of volume": ("bv", "volume-kms-key", "get", "--volume-id", ident("with-key")),
        "no key": ("bv", "volume-kms-key", "get", "--volume-id", ident("plain")),
        "boot": ("bv", "boot-volume-kms-key", "get", "--boot-volume-id", ident("boot")),
        "volumes": ("bv", "volume", "list", *lab, "--all"),
        "boot volumes": ("bv", "boot-volume", "list", *lab, "--all"),
        "backups": ("bv", "backup", "list", *lab, "--all"),
        "vaults": ("kms", "management", "vault", "list", *lab, "--all"),
        "search": ("search", "resource", "structured-search", "--query-text", "query volume resources"),
    }
    found = {what: command_line.run(*words) for what, words in reads.items()}
    for said in found.values():
        _is_understood(said)
    limited = name in ("block_volume_rate", "kms_rate")
    if not limited:
        refused = {what for what, said in found.items() if said.code}
        no_key = {"no key"} if name != "kms_key_get_oracle_managed" or value == "not_found" else set()
        assert refused == no_key | REFUSED_READS.get((name, value), set())
        assert found["volume"].data["kms-key-id"] == found["key of volume"].data["kms-key-id"] == ident("key-a")
        assert not found["plain"].data.get("kms-key-id")
        assert {row["id"] for row in found["volumes"].data} == {ident("with-key"), ident("plain")}

    key = ("--kms-key-id", ident("key-b"))
    writes = {
        "assign": ("bv", "volume-kms-key", "update", "--volume-id", ident("plain"), *key),
        "remove": ("bv", "volume-kms-key", "delete", "--volume-id", ident("with-key"), "--force"),
        "disabled": (
            "bv",
            "boot-volume-kms-key",
            "update",
            "--boot-volume-id",
            ident("boot"),
            "--kms-key-id",
            ident("disabled"),
        ),
        "empty": ("bv", "boot-volume-kms-key", "update", "--boot-volume-id", ident("boot"), "--kms-key-id", ""),
        "backup": ("bv", "backup", "update", "--volume-backup-id", ident("backup"), *key),
        "reset": ("bv", "backup", "update", "--volume-backup-id", ident("backup"), "--kms-key-id", ""),
        "copy": (
            *("bv", "backup", "copy", "--volume-backup-id", ident("backup"), "--destination-region", FAR),
            *("--kms-key-id", ident("key-far")),
        ),
        "policy": (
            *("bv", "volume-backup-policy-assignment", "create", "--asset-id", ident("with-key")),
            *("--policy-id", ident("weekly"), "--xrc-kms-key-id", ident("key-far")),
        ),
    }
    done = {what: command_line.run(*words) for what, words in writes.items()}
    for said in done.values():
        _is_understood(said)
    # What is refused whatever the setting, and what is refused at this one.
    told = {what: said.refusal for what, said in done.items() if said.code}
    if limited:
        return
    assert told.pop("empty") == "400 InvalidParameter"
    assert told.pop("disabled").split()[0] == (value if name == "unusable_key_code" else "404")
    assert set(told) - MAY_PASS.get(name, set()) == REFUSED.get((name, value), set())


REFUSED_READS: dict[tuple[str, Any], set[str]] = {("boot_list_without_domain", "refused"): {"boot volumes"}}
#: What a setting has refused.
REFUSED: dict[tuple[str, Any], set[str]] = {
    ("multi_version_key", "refused"): {"assign", "backup"},
    ("security_zone", "on"): {"remove"},
    ("transition", "ends_faulty"): {"policy"},
}
#: What is refused only as long as a change before it goes on.
MAY_PASS = {"conflict_passes": {"remove"}}
