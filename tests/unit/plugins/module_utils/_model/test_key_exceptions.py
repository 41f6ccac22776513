# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which exceptions select a resource: known, known not to, and not known."""

from __future__ import annotations

from typing import Any

import pytest
from unit.support.fake_cloud import TENANCY, compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.key_exceptions import (
    ACTIVE,
    EXPIRED,
    UNKNOWN,
    CompartmentTree,
    ExceptionMatcher,
    KeyException,
    Selector,
)

TOP, BELOW, ELSEWHERE, STRAY = (compartment_id(number) for number in (1, 2, 3, 4))
TREE = CompartmentTree(TENANCY, {TOP: TENANCY, BELOW: TOP, ELSEWHERE: TENANCY})


def row(**fields: Any) -> Any:
    return {
        "id": volume_id(1),
        "type": "volume",
        "compartment_id": BELOW,
        "group_id": None,
        "freeform_tags": {"tier": "1"},
        "defined_tags": {"Ops": {"Exempt": "true"}},
        **fields,
    }


def exception(number: int = 1, expires: str = "2027-06-30", **selector: Any) -> KeyException:
    return KeyException(number, Selector(**selector), "reason", "owner", "ticket", expires)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"resource_ids": (volume_id(1),)}, True),
        ({"resource_ids": (volume_id(2),)}, False),
        ({"resource_ids": (volume_id(1),), "resource_types": ("boot_volume",)}, False),
        ({"resource_types": ("volume",)}, True),
        ({"resource_types": ("boot_volume",)}, False),
        ({"compartment_ids": (BELOW,)}, True),
        ({"compartment_ids": (TOP,)}, True),
        ({"compartment_ids": (TENANCY,)}, True),
        ({"compartment_ids": (ELSEWHERE,)}, False),
        ({"compartment_ids": (ELSEWHERE, TOP)}, True),
        ({"freeform_tags": {"tier": "1"}}, True),
        ({"freeform_tags": {"tier": "2"}}, False),
        ({"defined_tags": {"ops": {"exempt": "true"}}}, True),
        ({"defined_tags": {"ops": {"exempt": "false"}}}, False),
        ({"compartment_ids": (TOP,), "freeform_tags": {"tier": "2"}}, False),
    ],
)
def test_a_resource_is_selected_by_all_parts(selector: dict[str, Any], expected: bool) -> None:
    found = ExceptionMatcher([exception(**selector)], TREE).of(row())
    assert (bool(found.certain), found.possible) == (expected, ())


@pytest.mark.parametrize(
    ("fields", "selected"),
    [
        ({"group_id": volume_id(9)}, True),
        ({"asset_id": volume_id(9), "type": "policy_assignment"}, True),
        ({}, False),
    ],
)
def test_assets_and_groups_stand_for_what_is_theirs(fields: dict[str, Any], selected: bool) -> None:
    matcher = ExceptionMatcher([exception(resource_ids=(volume_id(9),))], TREE)
    assert bool(matcher.of(row(**fields)).certain) is selected


def test_it_is_unknown_what_is_below_a_compartment_whose_parents_are_unknown() -> None:
    matcher = ExceptionMatcher([exception(compartment_ids=(TOP,)), exception(2, compartment_ids=(STRAY,))], TREE)
    found = matcher.of(row(compartment_id=STRAY))
    assert [[one.number for one in each] for each in (found.certain, found.possible)] == [[2], [1]]


def test_all_compartments_are_below_the_root_whatever_their_parents() -> None:
    assert ExceptionMatcher([exception(compartment_ids=(TENANCY,))], TREE).of(row(compartment_id=STRAY)).certain


def test_a_circle_of_parents_ends() -> None:
    tree = CompartmentTree(TENANCY, {TOP: BELOW, BELOW: TOP})
    assert ExceptionMatcher([exception(compartment_ids=(ELSEWHERE,))], tree).of(row()).possible


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2027-06-29T23:59:59.000Z", ACTIVE),
        ("2027-06-30T23:59:59.999Z", ACTIVE),
        ("2027-07-01T00:00:00.000Z", EXPIRED),
        (None, UNKNOWN),
    ],
)
def test_an_exception_holds_to_the_end_of_its_last_day(now: str | None, state: str) -> None:
    assert exception().state(now) == state


def test_several_exceptions_are_found_in_their_order() -> None:
    matcher = ExceptionMatcher(
        [exception(1, resource_types=("volume",)), exception(2, resource_ids=(volume_id(1), volume_id(1)))], TREE
    )
    assert [one.number for one in matcher.of(row()).certain] == [1, 2]
