# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each module documents the options that it takes. ansible-test says so too, but late."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils import basic

ROOT = Path(__file__).parents[4]
PLUGINS = "ansible_collections.oci_keys.block_volume.plugins"
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


class _Started(Exception):
    pass


def _spec(monkeypatch: pytest.MonkeyPatch, module: Any) -> dict[str, Any]:
    def start(_module: Any, argument_spec: dict[str, Any], **_rules: Any) -> None:
        raise _Started(argument_spec)

    monkeypatch.setattr(basic.AnsibleModule, "__init__", start)
    with pytest.raises(_Started) as started:
        module.main()
    return dict(started.value.args[0])


def _documented(module: Any) -> dict[str, Any]:
    content = yaml.safe_load(module.DOCUMENTATION)
    options: dict[str, Any] = {}
    for name in content["extends_documentation_fragment"]:
        file, _, attribute = name.removeprefix("oci_keys.block_volume.").partition(".")
        fragment = importlib.import_module(f"{PLUGINS}.doc_fragments.{file}").ModuleDocFragment
        options.update(yaml.safe_load(getattr(fragment, attribute.upper() or "DOCUMENTATION"))["options"])
    return {**options, **content.get("options", {})}


@pytest.mark.parametrize("name", MODULES)
def test_the_documentation_has_the_options_of_the_argument_spec(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    spec, documented = _spec(monkeypatch, module), _documented(module)
    fields = ("type", "elements", "default", "choices", "required", "aliases")
    assert {
        option: {field: entry[field] for field in fields if entry.get(field)} for option, entry in spec.items()
    } == {option: {field: entry[field] for field in fields if entry.get(field)} for option, entry in documented.items()}
