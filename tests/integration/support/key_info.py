# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs kms_key_info in check mode and out of it, on the usual tenancy with more keys and vaults."""

from __future__ import annotations

import json
from typing import Any

from integration.support.fleets import tenancy
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import kms_key_info
from simulator.client import Simulator

IAD, PHX, FRA = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"
LOOKED_UP = {"SearchResources": 1, "GetVault": 1, "GetKey": 1, "ListKeyVersions": 1}


def furnish_keys(
    sim: Simulator, *more_keys: dict[str, Any], vaults: tuple[dict[str, Any], ...] = (), **switches: Any
) -> None:
    usual = tenancy()
    furnish(sim, switches, keys=[*usual["keys"], *more_keys], vaults=[*usual["vaults"], *vaults])


def tell(sim: Simulator, *names: str, **options: Any) -> Ran:
    """Run in check mode and out of it: both ask the same and tell the same, and nothing is written."""
    ids = [sim.id(name) for name in names]
    checked, ran = (
        run(kms_key_info.main, sim, check=check, **{"kms_key_ids": ids, **options}) for check in (True, False)
    )
    assert _without_request_ids(checked.printed) == _without_request_ids(ran.printed)
    assert checked.calls == ran.calls
    assert ran.writes == {}
    assert not ran.result.get("changed", False)
    assert "Traceback" not in ran.printed
    return ran


def _without_request_ids(printed: str) -> dict[str, Any]:
    result = dict(json.loads(printed))
    result.pop("invocation", None)
    return result


def only_key(ran: Ran) -> dict[str, Any]:
    assert not ran.failed
    (entry,) = ran.result["kms_keys"]
    return dict(entry)
