# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came from OCI is no template, on an ansible-core that takes all text for one unless it is marked."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.oci_keys.block_volume.plugins.filter import plan_objections, plan_verdict, role_options
from ansible_collections.oci_keys.block_volume.plugins.inventory.shards import InventoryModule, Shard
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils import _untrusted

EVIL = "{{ lookup('pipe', 'id') }}"


class Marked(str):
    """Text that is marked as no template."""

    __slots__ = ()


def mark(value: Any) -> Any:
    if isinstance(value, str):
        return Marked(value)
    if isinstance(value, dict):
        return {name: mark(item) for name, item in value.items()}
    return [mark(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(autouse=True)
def _older_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_untrusted, "_TRUST", None)
    monkeypatch.setitem(sys.modules, "ansible.utils.unsafe_proxy", SimpleNamespace(wrap_var=mark))


def evil_texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if EVIL in value else []
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in evil_texts(item)]


def test_the_names_of_compartments_that_the_inventory_sets() -> None:
    inventory = object.__new__(InventoryModule)
    composed: dict[str, Any] = {}
    inventory.get_option = lambda _name: None
    inventory._set_composite_vars = lambda _compose, variables, _host, strict: composed.update(variables)
    inventory._add_host_to_composed_groups = inventory._add_host_to_keyed_groups = lambda *_given, strict: None
    known: dict[str, Any] = {}
    target = SimpleNamespace(
        add_host=lambda _name, group: None, set_variable=lambda _host, name, value: known.update({name: value})
    )
    inventory._add(target, Shard("host", "us-ashburn-1", "ocid1.compartment.oc1..a", EVIL, f"prod/{EVIL}", EVIL))
    for variables in (known, composed):
        assert len(evil_texts(variables)) == 3
        assert all(isinstance(text, Marked) for text in evil_texts(variables))


def test_what_filters_return() -> None:
    plan = {"summary": {"planned": 1, "unchanged": 0, "changed_earlier": 0, "failed_earlier": 0, "blocked": 0}}
    found = [
        plan_verdict.FilterModule().filters()["plan_verdict"](
            plan, {"complete": False, "msg": EVIL}, stopped=False, check_mode=True, folder=f"/srv/{EVIL}"
        ),
        role_options.FilterModule().filters()["role_options"]({"rekey_kms_key_ids": EVIL}, "rekey"),
    ]
    for value in found:
        assert evil_texts(value)
        assert all(isinstance(text, Marked) for text in evil_texts(value))
    assert plan_objections.untrusted is _untrusted.untrusted
