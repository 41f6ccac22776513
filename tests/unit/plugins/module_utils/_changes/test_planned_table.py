# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a call shows of its changes before it makes them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.support.fake_cloud import IAD, KEY_A, KEY_B, compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.planned_table import planned_lines
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.request import Target
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.table import text_width
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.actions import ASSIGN, REGENERATE
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision, Skip
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState, Resource
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.volumes import BLOCK_VOLUME

DESIRED = DesiredState(KEY_A)
NAMES = {KEY_A: "bank-key-2026", KEY_B: None}


def target(number: int) -> Target:
    return Target(volume_id(number), BLOCK_VOLUME, IAD)


def decision(number: int, key: str | None = None) -> Decision:
    read = Resource(volume_id(number), "volume", IAD, f"db-{number}", compartment_id(1), "AVAILABLE", key)
    return Decision(read, DESIRED, ASSIGN)


def lines(decisions: list[Decision], width: int = 100, *, check_mode: bool = True) -> list[str]:
    targets = [target(number) for number in range(len(decisions))]
    by_id = {each.id: made for each, made in zip(targets, decisions, strict=True)}
    return planned_lines(targets, by_id, NAMES, width, check_mode=check_mode)


def test_changes_and_what_is_not_changed() -> None:
    skip = Skip("locked", "it is under retention lock", "set 'include_locked' to try it")
    missing = ResourceError(code="NotFound", message="There is none.", hint="Check the OCID.")
    shown = lines(
        [
            decision(0),
            decision(1, KEY_B),
            replace(decision(2, KEY_A), action="none"),
            replace(decision(3), action="none", skip=skip),
            Decision(None, DESIRED, error=missing),
            replace(decision(5, KEY_A), action=REGENERATE),
        ]
    )
    assert shown == [
        "3 resources would be changed, 1 already right, 1 blocked, 1 skipped",
        "  Region        Kind          From                    To                                      Count",
        "  us-ashburn-1  block volume  the Oracle-managed key  key bank-key-2026                           1",
        "      db-0",
        f"  us-ashburn-1  block volume  key …{KEY_B[-6:]}             key bank-key-2026                           1",
        "      db-1",
        "  us-ashburn-1  block volume  key bank-key-2026       key bank-key-2026, with a new data key      1",
        "      db-5",
        "1 blocked; fix these first:",
        "  There is none. Check the OCID.",
        f"    us-ashburn-1: block volume …{volume_id(4)[-6:]}",
        "1 skipped:",
        "  It is under retention lock. Set 'include_locked' to try it.",
        "    us-ashburn-1: block volume db-3",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("count", [0, 1, 20, 1000])
def test_lines_and_widths(count: int, width: int) -> None:
    shown = lines([decision(number) for number in range(count)], width, check_mode=False)
    assert all(text_width(line) <= width for line in shown)
    assert len(shown) <= 12
    assert ("db-0" in " ".join(shown)) == (0 < count <= 20)
    assert shown[0] == f"{count:,} {'resource' if count == 1 else 'resources'} will be changed"
