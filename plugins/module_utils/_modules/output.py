# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments and warnings in a result, shortened: AWX stores both with every task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .._common.text import shown, without_secrets

_MOST_ITEMS = 50
_MOST_CHARACTERS = 1000
_MOST_WARNINGS = 20
# The word of AnsibleModule.
_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def invocation(module: AnsibleModule) -> dict[str, Any]:
    """What AnsibleModule returns as ``invocation``, with long lists and strings cut, and without secrets.

    AnsibleModule hides the values of secret options, but of a mapping not the names, which are secret too where a
    mapping was given for a string.
    """
    secrets = [str(secret) for secret in module.no_log_values]
    hidden = {name for name, option in getattr(module, "argument_spec", {}).items() if option.get("no_log")}
    return {
        "module_args": {
            name: _HIDDEN if name in hidden and value is not None else _cut(value, secrets)
            for name, value in module.params.items()
        }
    }


def _cut(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _cut(content, secrets) for name, content in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_cut(item, secrets) for item in value[:_MOST_ITEMS]]
        return items if len(value) <= _MOST_ITEMS else [*items, f"... and {len(value) - _MOST_ITEMS:,} more"]
    # A part of a secret would not be recognized as one any more, and be shown.
    if isinstance(value, str) and len(value) > _MOST_CHARACTERS and not any(secret in value for secret in secrets):
        return f"{without_secrets(value[:_MOST_CHARACTERS])}... and {len(value) - _MOST_CHARACTERS:,} more characters"
    return without_secrets(value) if isinstance(value, str) else value


def warn_of(module: AnsibleModule, warning: str) -> None:
    """Emit one warning, without secrets."""
    module.warn(shown(warning))


def warn(module: AnsibleModule, warnings: Iterable[str], where: str, *, all_of_them: bool = False) -> None:
    """Emit each warning once, of many only the first ones, and say ``where`` the others are."""
    once = list(dict.fromkeys(warnings))
    first = once if all_of_them else once[:_MOST_WARNINGS]
    for warning in first:
        warn_of(module, warning)
    if len(once) > len(first):
        warn_of(module, f"... and {len(once) - len(first):,} more warnings. See {where}.")
