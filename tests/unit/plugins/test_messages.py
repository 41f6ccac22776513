# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every message goes out through one function, which shows what users, files and services gave."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.oci_keys.block_volume.plugins.filter.role_options import role_options
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common import errors
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.errors import fail_module_on_error
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import guesses
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.output import invocation, warn

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
BODY = "MIIEpAIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gun"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{BODY}\n{BODY[::-1]}\n-----END RSA PRIVATE KEY-----\n"


def _nodes(kind: type[ast.AST]) -> Iterator[tuple[str, Any]]:
    for path in sorted(PLUGINS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kind):
                yield path.relative_to(PLUGINS).as_posix(), node


def test_warnings_go_through_one_function() -> None:
    places = {
        place
        for place, call in _nodes(ast.Call)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("warn", "deprecate")
    }
    assert places == {"module_utils/_modules/output.py"}


def test_failures_of_modules_have_messages_of_one_function() -> None:
    """Others fail with a result, or because a library is missing; ``module.py`` quotes names before Ansible's words."""
    messages = {
        (place, ast.unparse(word.value))
        for place, call in _nodes(ast.Call)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "fail_json"
        for word in call.keywords
        if word.arg == "msg"
    }
    assert {place for place, text in messages if "missing_required_lib" not in text} == {
        "module_utils/_modules/errors.py",
        "module_utils/_modules/module.py",
    }


class _Module(SimpleNamespace):
    def __init__(self, **params: Any) -> None:
        secret = {"type": "str", "no_log": True}
        super().__init__(params=params, no_log_values=set(), argument_spec={"redact_key": secret}, said=[])

    def warn(self, text: str) -> None:
        self.said.append(text)

    def fail_json(self, **result: Any) -> None:
        self.said.append(result)


@pytest.mark.parametrize("error", [errors.InputError(f"The file {PEM} is missing"), ValueError(PEM), OSError(2, PEM)])
def test_a_module_that_fails_shows_no_key(error: Exception) -> None:
    module = _Module(api_user_key_file=PEM, list=[PEM], map={"a": PEM}, long=PEM * 20, redact_key={PEM: 1})
    with fail_module_on_error(cast(AnsibleModule, module)):
        raise error
    assert BODY[:20] not in repr(module.said)
    warn(cast(AnsibleModule, module), [f"a\n{PEM}"], "the file")
    assert BODY[:20] not in repr(module.said)


def test_a_misspelt_option_shows_no_secret() -> None:
    token = "eyJhbGciOiJSUzI1NiJ9"
    (guess,) = guesses([f"api_user_key_pass_phrase {token}"], ["api_user_key_pass_phrase"])
    assert token not in guess


@pytest.mark.parametrize("key", ["s3cret-key", ["s3cret-key"], {"s3cret-key": "s3cret-key"}, 53270])
def test_arguments_show_no_secret_whatever_its_type(key: object) -> None:
    module = _Module(redact_key=str(key), state="present")
    assert invocation(cast(AnsibleModule, module)) == {
        "module_args": {"redact_key": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", "state": "present"}
    }


@pytest.mark.parametrize(
    "key", [["s3cret-key"], {"s3cret-key": 1}, {"a": {"b": "s3cret-key"}}, ("s3cret-key",), True, [["s3cret-key"]]]
)
def test_a_secret_variable_is_in_no_problem(key: object) -> None:
    found = role_options({"encryption_report_redact_key": key}, "encryption_report")
    assert found["problems"]
    assert "s3cret" not in repr(found["problems"])
    assert "True" not in repr(found["problems"])


@pytest.mark.parametrize(
    "given",
    [
        {"rekey_compartment_ids": PEM},
        {"rekey_state": PEM},
        {"rekey_created_before": PEM},
        {"rekey_freeform_tags": PEM},
        {"rekey_plan_digest": PEM},
        {"rekey_regions": [PEM]},
        {"rekey_compartment_ids": [[PEM]]},
        {f"rekey_{PEM}": 1},
    ],
)
def test_a_key_in_another_variable_is_in_no_problem(given: dict[str, object]) -> None:
    problems = role_options(given, "rekey")["problems"]
    assert problems
    assert BODY[:20].lower() not in repr(problems).lower()
    assert not [problem for problem in problems if "\n" in problem]
