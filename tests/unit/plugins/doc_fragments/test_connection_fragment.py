# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import yaml

from ansible_collections.oci_keys.block_volume.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import CONNECTION_OPTIONS, ENVIRONMENT

MODULES = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)
PLUGINS = yaml.safe_load(ModuleDocFragment.PLUGIN)


def test_modules_document_what_they_take() -> None:
    assert {name: option["type"] for name, option in MODULES["options"].items()} == {
        name: option["type"] for name, option in CONNECTION_OPTIONS.items()
    }


def test_plugins_document_the_same_and_their_variables() -> None:
    variables = {name: [one["name"] for one in option.pop("env", [])] for name, option in PLUGINS["options"].items()}
    assert PLUGINS == MODULES
    assert variables == {name: list(ENVIRONMENT.get(name, ())) for name in CONNECTION_OPTIONS}


def test_the_text_names_each_variable() -> None:
    for name, variables in ENVIRONMENT.items():
        text = " ".join(MODULES["options"][name]["description"])
        assert [one for one in variables if f"E({one})" not in text] == []
