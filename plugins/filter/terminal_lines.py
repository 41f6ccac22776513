# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: terminal_lines
short_description: Sentences in lines that fit the terminal
version_added: 0.1.0
author: The oci_keys.block_volume contributors
description:
  - Wraps sentences to the width of the terminal, as the list that M(ansible.builtin.debug) shows. For the roles of this
    collection. Where the output is not a terminal and E(COLUMNS) is not set, each sentence stays a line.
positional: _input
options:
  _input:
    description: The sentences. One that has several lines keeps them.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show how the run ended
  ansible.builtin.debug:
    msg: "{{ ['2 resources failed.', 'The report has the reasons.'] | oci_keys.block_volume.terminal_lines }}"
"""

RETURN = r"""
_value:
  description: The lines as a list, or one line as a text.
  type: raw
"""

import os
from collections.abc import Callable, Sequence

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.table import width_of, wrap
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils._untrusted import untrusted
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils.live_progress import TERMINAL_WIDTH

# What the callback of Ansible writes around a line of a list: its indent, the quotation marks and a comma.
_AROUND = 11


def terminal_lines(sentences: Sequence[str]) -> list[str] | str:
    """The sentences as lines; those that go on are indented. One line is a text, and takes two lines less."""
    columns = os.environ.get("COLUMNS") or TERMINAL_WIDTH
    lines = [line for sentence in sentences for line in str(sentence).split("\n") if line.strip()]
    if columns:
        width = width_of(columns) - _AROUND
        lines = [part for line in lines for part in _wrapped(line, width)]
    shown: list[str] | str = untrusted(lines[0] if len(lines) == 1 else lines)
    return shown


def _wrapped(line: str, width: int) -> list[str]:
    indent = line[: len(line) - len(line.lstrip())]
    return wrap(line, width, indent, f"{indent}  ", whole_words=True)


class FilterModule:
    """The filters of this file, by name."""

    def filters(self) -> dict[str, Callable[..., object]]:
        return {"terminal_lines": terminal_lines}
