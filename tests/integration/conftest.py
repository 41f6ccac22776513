# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulator for all tests of a process; each test gets it fresh, and the environment that leads to it."""

from __future__ import annotations

import functools
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import oci.signer
import pytest
from integration.support.fleets import tenancy
from integration.support.harness import SOAK

from simulator.client import Simulator

FOLDER = Path(__file__).parent
LONGEST = (
    "test_role_rekey.py",
    "test_role_rekey_rounds.py",
    "test_two_runs.py",
    "test_awx_jobs.py",
    "test_docs_examples.py",
    "test_model.py",
    "test_encryption_report.py",
    "test_role_result_sizes.py",
    "test_playbook_variables.py",
    "test_ansible_playbook.py",
    "test_readme.py",
    "test_interrupts.py",
    "test_known_tool_defects_setup.py",
    "test_key_plan.py",
    "test_shards.py",
    "test_rekey_invariants.py",
)
"""Files with tests that take many seconds each. Begun last, they would keep one processor busy at the end."""


MANY = 2
"""Of a test with more cases than that, ``make test`` takes a sixth, but at least one."""

DEAR = ("sim", "page")
"""The fixtures of integration tests whose cases cost something."""

WHOLE = ("test_fault_matrix.py", "test_return_values.py", "test_floors.py")
"""The first has a sample of its own; of the others each case is about another file."""

PARITY = FOLDER.parent / "unit" / "parity"
"""Where each case asks a whole simulated tenancy."""

MEASURED = FOLDER.parent / "unit" / "plugins"
"""Whose tests count for the coverage of all but ``make soak``."""


def _leave_cases_to_soak(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of tests with many cases take some, by chance, but always the same ones."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        is_ours = item.path.is_relative_to(FOLDER) and item.path.name not in WHOLE
        is_dear = is_ours and any(name in getattr(item, "fixturenames", ()) for name in DEAR)
        if is_dear or item.path.is_relative_to(PARITY):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left_out: list[pytest.Item] = []
    for name, all_of_it in cases.items():
        if len(all_of_it) > MANY:
            count = len(all_of_it) - max(1, len(all_of_it) // 6)
            left_out += random.Random(name).sample(all_of_it, count)
    names = {item.nodeid for item in left_out}
    items[:] = [item for item in items if item.nodeid not in names]
    config.hook.pytest_deselected(items=left_out)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each of pytest-xdist's workers, which get one part each of the whole to begin with, begins with long tests.

    The coverage is that of the unit tests, which costs little; of all tests only in ``make soak``.
    """
    if os.environ.get("QUICK"):
        _leave_cases_to_soak(config, items)
    for item in items:
        if not SOAK and not item.path.is_relative_to(MEASURED):
            item.add_marker("no_cover")
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    first = [item for item in items if item.path.name in LONGEST]
    first.sort(key=lambda item: LONGEST.index(item.path.name))
    others = [item for item in items if item.path.name not in LONGEST]
    size = len(items) // workers
    items.clear()
    for worker in range(workers):
        mine = first[worker::workers]
        count = len(others) if worker == workers - 1 else max(size - len(mine), 0)
        items += mine + others[:count]
        del others[:count]


@pytest.fixture(scope="session")
def shared_simulator() -> Iterator[Simulator]:
    with Simulator.start(tenancy()) as simulator:
        yield simulator


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """A shell that starts something in the background has it ignore Ctrl-C, and so whatever that starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _keys_are_checked_once() -> Iterator[None]:
    """The primes of a private key are checked whenever it is loaded, which takes half the time of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(oci.signer, "load_private_key", functools.cache(oci.signer.load_private_key))
        yield


@pytest.fixture
def sim(shared_simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Simulator:
    shared_simulator.reset(tenancy())
    shared_simulator.set(kms_rate=0)
    for name, value in shared_simulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("OCI_KEYS_LOCK_FOLDER", str(tmp_path))
    return shared_simulator
