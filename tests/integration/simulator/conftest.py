# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulator for all tests of this folder, as new for each, and SDK clients that know nothing of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_TESTS = Path(__file__).resolve().parents[2]
if str(_TESTS) not in sys.path:
    sys.path.insert(0, str(_TESTS))

import oci  # noqa: E402

from simulator.client import Simulator  # noqa: E402

FLEETS = _TESTS / "simulator" / "fleets"
IAD, FRA, SEOUL = "us-ashburn-1", "eu-frankfurt-1", "ap-chuncheon-1"


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    with Simulator.start(FLEETS / "small.yml") as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    running.reset()
    running.set(kms_rate=0)
    for name, value in running.environment().items():
        monkeypatch.setenv(name, value)
    return running


@cache
def _signer(*values: str) -> Any:
    """Made once, as checking the key takes 33 ms."""
    return oci.signer.Signer(*values)


@pytest.fixture
def sdk(sim: Simulator) -> Callable[..., Any]:
    """`sdk(oci.core.BlockstorageClient, region)`: a client from the config file, with nothing redirected in code."""

    def make(cls: Any, region: str = IAD, **options: Any) -> Any:
        config = oci.config.from_file(str(sim.home / "config"))
        signer = _signer(config["tenancy"], config["user"], config["fingerprint"], config["key_file"])
        # The default breaker is one for the whole process, so that one test would break the next.
        options.setdefault("circuit_breaker_strategy", oci.circuit_breaker.NoCircuitBreakerStrategy())
        options.setdefault("retry_strategy", oci.retry.NoneRetryStrategy())
        return cls(config | {"region": region}, signer=signer, **options)

    return make


@pytest.fixture
def block(sdk: Callable[..., Any]) -> Any:
    return sdk(oci.core.BlockstorageClient)


@pytest.fixture
def assign(block: Any) -> Callable[[str, str | None], Any]:
    """PUT kmsKey of a block volume; None is left out of the body."""

    def put(volume: str, key: str | None, **more: Any) -> Any:
        details = oci.core.models.UpdateVolumeKmsKeyDetails(kms_key_id=key)
        return block.update_volume_kms_key(volume, details, **more)

    return put


@pytest.fixture
def refused() -> Callable[..., Any]:
    """`refused(status, code, call, ...)`: the call is answered with that status and code."""

    def check(status: int, code: str, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        with pytest.raises(oci.exceptions.ServiceError) as caught:
            call(*args, **more)
        assert (caught.value.status, caught.value.code) == (status, code)
        return caught.value

    return check
