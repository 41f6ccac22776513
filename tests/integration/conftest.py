# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulator for all tests of a process; each test gets it fresh, and the environment that leads to it."""

from __future__ import annotations

import functools
import signal
from collections.abc import Iterator
from pathlib import Path

import oci.signer
import pytest
from integration.support.fleets import tenancy

from simulator.client import Simulator


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
    for name, value in shared_simulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return shared_simulator
