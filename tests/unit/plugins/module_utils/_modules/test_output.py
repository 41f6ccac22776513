# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.output import invocation, warn


class FakeModule(SimpleNamespace):
    def __init__(self, params: dict[str, Any] | None = None, no_log_values: frozenset[str] = frozenset()) -> None:
        super().__init__(params=params or {}, no_log_values=no_log_values, warned=[])

    def warn(self, text: str) -> None:
        self.warned.append(text)


def echo(params: dict[str, Any], *secrets: str) -> dict[str, Any]:
    module = FakeModule(params, frozenset(secrets))
    return dict(invocation(cast(AnsibleModule, module))["module_args"])


def test_short_arguments_are_repeated_as_they_are() -> None:
    given = {"ids": ["a"] * 50, "text": "t" * 1000, "tags": {"a": {"b": None}}, "wait": True, "left_out": None}
    assert echo(given) == given


def test_of_long_lists_the_beginning_is_repeated_at_any_depth() -> None:
    ids = [str(number) for number in range(5000)]
    cut = [*ids[:50], "... and 4,950 more"]
    assert echo({"ids": ids, "evidence": {"parameters": {"ids": ids}}}) == {
        "ids": cut,
        "evidence": {"parameters": {"ids": cut}},
    }


def test_of_long_texts_the_beginning_is_repeated() -> None:
    assert echo({"plan": "p" * 25_000}) == {"plan": "p" * 1000 + "... and 24,000 more characters"}


def test_no_part_of_a_secret_is_cut_out_of_it() -> None:
    """Ansible hides secrets that it finds whole."""
    secret = "s" * 2000
    assert echo({"content": f"x{secret}"}, secret) == {"content": f"x{secret}"}


@pytest.mark.parametrize(("all_of_them", "count"), [(False, 21), (True, 25)])
def test_of_many_warnings_the_first_are_given(all_of_them: bool, count: int) -> None:
    module = FakeModule()
    warnings = [f"warning {number}" for number in range(25)]

    warn(cast(AnsibleModule, module), [*warnings, *warnings], "the file", all_of_them=all_of_them)

    assert len(module.warned) == count
    assert module.warned[:20] == warnings[:20]
    assert ("... and 5 more warnings. See the file." in module.warned) is not all_of_them
