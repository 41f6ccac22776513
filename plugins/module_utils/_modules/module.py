# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules' AnsibleModule, which says what a misspelt option was meant to be, and hides renewed tokens."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._common.text import quote


class Module(AnsibleModule):
    """AnsibleModule, with guesses for options that it does not know, and with secrets that grow while it runs."""

    late_secrets: Callable[[], Iterable[str]] = tuple

    def __init__(self, argument_spec: dict[str, Any], **rules: Any) -> None:
        super().__init__(argument_spec=argument_spec, **rules)  # type: ignore[no-untyped-call]

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        """Ansible says first which required option is missing, even where it is there under a similar name."""
        known = [*self.argument_spec, *(each for row in self.argument_spec.values() for each in row.get("aliases", ()))]
        self.no_log_values.update(self.late_secrets())
        super().fail_json(msg=" ".join([*guesses(self.params, known), msg]), **kwargs)

    def exit_json(self, **kwargs: Any) -> NoReturn:
        self.no_log_values.update(self.late_secrets())
        super().exit_json(**kwargs)


def guesses(given: Iterable[str], known: Collection[str]) -> list[str]:
    """A sentence for each option that is not known, and similar to one that is."""
    found = []
    for name in given:
        close = [] if name in known or name.startswith("_ansible_") else difflib.get_close_matches(name, known, n=1)
        if close:
            found.append(f"{quote(name)} is not an option; did you mean {close[0]!r}?")
    return found
