# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module in this process, from its arguments to the JSON that it prints, against the simulator."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils import basic
from integration.support.clock import UnhurriedClock
from integration.support.fleets import tenancy

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import ReadRetry
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.timings import Timings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock
from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys import lookup_calls
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.change_runtime import ChangeRuntime
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.runtime import Runtime
from simulator.client import Simulator

SOAK = bool(os.environ.get("SOAK"))
"""Whether tests of chance take all the chances that they are meant to (``make soak``), or only some of them."""

soak = pytest.mark.skipif(not SOAK, reason="takes long, or tells again what others tell more exactly: make soak")

FAST = Timings(
    poll_first=0.02,
    poll_factor=1.3,
    poll_max=0.2,
    backoff_first=0.02,
    backoff_max=0.1,
    quiet=0.3,
    late_commit=0.3,
    ignored_after=1.0,
    ignored_after_update=0.3,
)
"""Waiting for the simulator, whose volumes settle in hundredths of a second."""

QUICK = ReadRetry(attempts=4, total=30.0, max_pause=0.1, jitter=0.0)
"""Reading from the simulator, which has no reason to take long."""


PATIENT = (30.0, 30.0)
"""How long is waited for a connection and for an answer where none is to be missing, however busy the machine is."""


def is_change(operation: str) -> bool:
    """Whether an API operation changes something, rather than looking."""
    return not operation.startswith(("Get", "List", "Search"))


def changes(counts: Mapping[str, int]) -> dict[str, int]:
    """Of the calls of each operation, those that change something."""
    return {name: count for name, count in counts.items() if is_change(name)}


@dataclass(frozen=True)
class Ran:
    """What one run of a module printed, and what it asked of OCI."""

    result: dict[str, Any]
    printed: str
    calls: dict[str, int]

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed", False))

    @property
    def changed(self) -> bool:
        return bool(self.result["changed"])

    @property
    def msg(self) -> str:
        return str(self.result["msg"])

    @property
    def resources(self) -> list[dict[str, Any]]:
        return list(self.result["resources"])

    @property
    def only(self) -> dict[str, Any]:
        (entry,) = self.resources
        return entry

    @property
    def writes(self) -> dict[str, int]:
        return changes(self.calls)


def furnish(simulator: Simulator, switches: Mapping[str, Any] | None = None, **sections: Any) -> None:
    """Put this tenancy into the simulator. Vault's limit is off: many short runs are no single user's doing."""
    simulator.reset(tenancy(**sections))
    simulator.set(**{"kms_rate": 0, **(switches or {})})


@contextlib.contextmanager
def module_arguments(arguments: Mapping[str, Any]) -> Iterator[None]:
    """What ``ansible.module_utils.testing.patch_module_args`` does, which is there from ansible-core 2.19 on only."""
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": dict(arguments)}).encode())
            yield
    else:
        with patch_module_args(dict(arguments)):
            yield


def run(
    main: Callable[[], None],
    simulator: Simulator,
    *,
    check: bool = False,
    timings: Timings = FAST,
    timeout: tuple[float, float] = PATIENT,
    retry: ReadRetry | None = QUICK,
    clock: Clock | None = None,
    paced: bool = False,
    **options: Any,
) -> Ran:
    """Run a module's ``main`` with these options, check mode or not, always with diff.

    ``clock``: an ``UnhurriedClock``, if none is given. ``paced``: whether keys are looked up as seldom as
    Vault needs it; the simulator has no such limit, unless a test sets it.
    """
    os.environ.pop("COLUMNS", None)  # what workers of pytest-xdist have is of no terminal
    runtime = ChangeRuntime(
        clock=clock or UnhurriedClock(),
        timings=timings,
        retry=retry,
        timeout=timeout,
    )
    simulator.reset_counts()
    printed = io.StringIO()
    warnings: list[str] = []
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
    with pytest.MonkeyPatch.context() as patch, module_arguments(arguments), contextlib.redirect_stdout(printed):
        patch.setattr(Runtime, "default", lambda: runtime)
        if not paced:
            patch.setattr(lookup_calls, "_CALLS_PER_SECOND", 1000)
        # ansible-core collects warnings once a process, and elsewhere when it takes the process for a controller's.
        patch.setattr(basic.AnsibleModule, "warn", lambda _module, text: warnings.append(text))
        with pytest.raises(SystemExit):
            main()
    result = {"warnings": warnings, **json.loads(printed.getvalue())}
    return Ran(result, printed.getvalue(), simulator.counts())


def start(module: ModuleType, **options: Any) -> subprocess.Popen[bytes]:
    """Start a module in a process of its own, to be killed in the middle."""
    process = subprocess.Popen(
        [sys.executable, str(module.__file__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if process.stdin is not None:
        process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        process.stdin.close()
    return process
