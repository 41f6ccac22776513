# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is lost and nothing untrue, whatever goes wrong with whichever call, be it once, three times or for ever."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from integration.support.fault_matrix import (
    CELLS,
    CONNECT,
    EVERY_CELL,
    EXCLUSIONS,
    FAULTS,
    PLACES,
    QUICK_CELLS,
    TIMES,
    Cell,
)
from integration.support.fault_operations import operations
from integration.support.fault_rules import End, rule_for
from integration.support.fault_running import BRISK, HASTY, REAL, run_jobs
from integration.support.harness import SOAK
from oci.auth import session_key_supplier

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import transport
from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys import lookup_calls
from simulator.client import Simulator
from simulator.faults import KINDS

PASSING = ["throttle", "error_500", "bad_gateway", "unavailable", "refuse", "drop_before", "drop_after"]

IN_REAL_TIME = [
    "GetVolume-unavailable-for_ever",
    "GetVolume-settling-refuse-for_ever",
    "ListVolumes-discovery-slow-once",
    "UpdateVolumeKmsKey-slow-once",
    "UpdateVolumeKmsKey-error_500-three_times",
    "UpdateBootVolumeKmsKey-drop_before-for_ever",
    "DeleteVolumeKmsKey-bad_gateway-three_times",
    "UpdateVolumeBackup-throttle-three_times",
    "CopyVolumeBackup-garbage-once",
    "CreateVolumeBackupPolicyAssignment-new-drop_after-once",
    "GetKey-throttle-three_times",
    "SearchResources-validation-error_500-for_ever",
]
"""A dozen with the pauses, retries and timeouts of a user's run."""


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_slow_that_is_not_meant_to_be() -> Iterator[None]:
    """Vault is asked as fast as it answers, and the session keys of principals are made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup_calls, "_CALLS_PER_SECOND", 10_000)
        keys = SimpleNamespace(generate_private_key=functools.cache(rsa.generate_private_key))
        patch.setattr(session_key_supplier, "rsa", keys)
        yield


def test_every_operation_of_the_product_has_a_place() -> None:
    assert {place.operation for place in PLACES} == operations() | {CONNECT}


def test_no_cell_is_left_out_without_a_reason() -> None:
    left_out = [cell for cell in EVERY_CELL if cell.excluded is not None]
    assert len({cell.name for cell in EVERY_CELL}) == len(PLACES) * len(FAULTS) * len(TIMES)
    assert len(CELLS) + len(left_out) == len(EVERY_CELL)
    assert {cell.excluded for cell in left_out} == set(EXCLUSIONS)


def test_every_fault_of_the_simulator_is_tried() -> None:
    """But for those that tests word themselves."""
    assert {fault.kind for fault in FAULTS.values()} == set(KINDS) - {"status", "body", "meanwhile", "late"}


def test_each_fault_and_each_place_is_in_the_sample() -> None:
    assert {cell.fault.name for cell in QUICK_CELLS} == set(FAULTS)
    assert {cell.place.operation for cell in QUICK_CELLS} == operations() | {CONNECT}
    assert {cell.times for cell in QUICK_CELLS} == set(TIMES)


def test_a_single_passing_failure_never_fails_a_task() -> None:
    passing = [cell for cell in CELLS if cell.times == "once" and cell.fault.kind in PASSING]
    assert {cell.place.operation for cell in passing} == operations() | {CONNECT}
    assert all(rule_for(cell).end is End.AS_WANTED for cell in passing)


def _a_few_bytes(_transport: Any) -> Callable[[], float]:
    """No time passes while an answer is read, so that its end comes after as many looks as no other answer needs."""
    return functools.partial(next, itertools.chain([30.0] * 50, itertools.repeat(0.0)))


@pytest.mark.parametrize("cell", CELLS if SOAK else QUICK_CELLS, ids=lambda cell: cell.name)
def test_cell(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: Cell) -> None:
    if cell.fault.kind == "trickle":
        monkeypatch.setattr(transport.Transport, "_answer_deadline", _a_few_bytes)
    run_jobs(cell, sim, tmp_path, HASTY if cell.fault.kind == "slow" else BRISK)


@pytest.mark.skipif(not SOAK, reason="takes minutes each, so that only make soak does it")
@pytest.mark.parametrize("name", IN_REAL_TIME)
def test_cell_in_real_time(sim: Simulator, tmp_path: Path, name: str) -> None:
    (cell,) = (cell for cell in CELLS if cell.name == name)
    run_jobs(cell, sim, tmp_path, REAL)
