# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import importlib
import inspect
from dataclasses import dataclass, field

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.records import replace

UTILS = "ansible_collections.oci_keys.block_volume.plugins.module_utils"


@dataclass(frozen=True)
class Base:
    name: str
    notes: dict[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Derived(Base):
    count: int = 0


def test_a_copy_is_what_dataclasses_make_of_it() -> None:
    record = Derived("a", {"x": "y"}, 2)
    copy = replace(record, count=3)
    assert copy == dataclasses.replace(record, count=3) == Derived("a", count=3)
    assert type(copy) is Derived
    assert copy.notes is record.notes
    assert record.count == 2
    assert hash(copy) == hash(Derived("a", count=3))


def test_a_copy_can_not_be_changed_either() -> None:
    copy = replace(Base("a"), name="b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        copy.name = "c"  # type: ignore[misc]


def test_a_field_that_the_record_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="Base has no field 'naem'"):
        replace(Base("a"), naem="b")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "module",
    ["_changes.attempts", "_changes.request", "_common.errors", "_model.decisions", "_model.outcome"],
)
def test_records_that_are_copied_are_nothing_but_their_fields(module: str) -> None:
    records = [
        each
        for _name, each in inspect.getmembers(importlib.import_module(f"{UTILS}.{module}"), inspect.isclass)
        if dataclasses.is_dataclass(each)
    ]
    assert records
    for record in records:
        assert not hasattr(record, "__post_init__")
        assert "__slots__" not in vars(record)
