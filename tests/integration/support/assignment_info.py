# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs key_assignment_info in check mode and out of it."""

from __future__ import annotations

from typing import Any

from integration.support.harness import Ran, run

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_info
from simulator.client import Simulator

IAD, PHX, FRA = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"


def look(sim: Simulator, **options: Any) -> Ran:
    """Run in check mode and out of it: both ask the same and tell the same, and nothing is written."""
    checked, ran = (run(key_assignment_info.main, sim, check=check, **options) for check in (True, False))
    assert not ran.failed, ran.msg
    assert told(checked) == told(ran)
    assert checked.calls == ran.calls
    assert ran.writes == {}
    assert not ran.changed
    assert "Traceback" not in ran.printed
    return ran


def told(ran: Ran) -> dict[str, Any]:
    """The result without what differs from run to run."""
    result = {name: value for name, value in ran.result.items() if name not in ("invocation", "scanned", "changed")}
    times = ("time_started", "time_finished")
    return {**result, "places": {name: row for name, row in ran.result["scanned"].items() if name not in times}}


def by_name(ran: Ran) -> dict[str, dict[str, Any]]:
    found = {entry["display_name"]: entry for entry in ran.resources}
    assert len(found) == len(ran.resources), "two of a name"
    return found
