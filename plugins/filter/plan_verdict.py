# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_verdict
short_description: How a run that changes encryption keys ended
version_added: 0.1.0
author: The oci_keys.block_volume contributors
description:
  - Judges the results of the last tasks of a run. For the roles of this collection.
positional: _input, found
options:
  _input:
    description: The result of the module that made the last plan of the run.
    type: dict
    required: true
  found:
    description: The result of the last discovery.
    type: dict
    required: true
  stopped:
    description: Whether the run was stopped because too many changes failed.
    type: bool
    default: false
  batch:
    description: The result of the last batch, which says why the run was stopped, and what it put back.
    type: dict
    default: {}
  options:
    description: The options of the role, as P(oci_keys.block_volume.role_options#filter) gives them.
    type: dict
    default: {}
  role:
    description: The name of the role, for the messages.
    type: str
    default: rekey
  retirement:
    description: The C(retirement) of the report of the run.
    type: list
    elements: dict
    default: []
  objections:
    description: What P(oci_keys.block_volume.plan_objections#filter) has against carrying out the last plan.
    type: list
    elements: str
    default: []
  check_mode:
    description: Whether it was a dry run.
    type: bool
    default: false
  folder:
    description: The folder of the run, or the file in it that says what became of it.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Show how the run ended
  ansible.builtin.debug:
    msg: "{{ (planned | oci_keys.block_volume.plan_verdict(found)).line }}"
"""

RETURN = r"""
_value:
  description: How the run ended.
  type: dict
  contains:
    faults:
      description: What went wrong, as sentences. Empty if nothing did.
      type: list
      elements: str
    line:
      description: How the run ended, in one line, and where its report is.
      type: str
    keys:
      description: What is known of each key that was to be left, as sentences.
      type: list
      elements: str
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.latest_link import LATEST
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.verdict import (
    Verdict,
    stop_reason,
    verdict,
)
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils._untrusted import untrusted


def plan_verdict(
    last_plan: Mapping[str, Any],
    found: Mapping[str, Any],
    stopped: bool = False,
    check_mode: bool = False,
    folder: str = "",
    batch: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    role: str = "rekey",
    retirement: Sequence[Mapping[str, Any]] = (),
    objections: Sequence[str] = (),
) -> Verdict:
    """How a run ended."""
    ended: bool | str = stopped
    if stopped and batch:
        ended = stop_reason(batch, role, (options or {}).get("max_failures"))
    found_verdict: Verdict = untrusted(
        verdict(
            last_plan,
            found,
            stopped=ended,
            check_mode=check_mode,
            folder=folder,
            latest=_link_to(folder),
            retirement=retirement,
            objections=objections,
            # A canary that failed is named by the reason for the stop.
            failures=_named_failures(
                last_plan, batch, folder, is_canary=stopped and bool((batch or {}).get("is_canary"))
            ),
            put_back=(batch or {}).get("put_back") or 0,
        )
    )
    return found_verdict


def _named_failures(
    last_plan: Mapping[str, Any], batch: Mapping[str, Any] | None, place: str, *, is_canary: bool
) -> list[Mapping[str, Any]]:
    """The resources that failed, with their errors. Of a run without a plan, only the file of its result lists them."""
    if "total" in last_plan["summary"]:
        return _failures(_read(place)) if last_plan["summary"].get("failed") else []
    return [] if is_canary else _failures(batch or {})


def _failures(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in result.get("resources") or () if row.get("error")]


def _read(place: str) -> Mapping[str, Any]:
    """The file of a result; empty where it is not on this machine, or can't be read."""
    with suppress(OSError, ValueError):
        found = json.loads(Path(place).read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _link_to(place: str) -> str:
    """The folder of a run, or a file in it, by the link to the newest run; empty if that leads to another one."""
    path = Path(place)
    folder = path.parent if path.suffix == ".json" else path
    link = folder.with_name(LATEST) if folder.name else folder
    if not link.is_symlink() or os.readlink(link) != folder.name:
        return ""
    return str(link / path.relative_to(folder))


class FilterModule:
    """The filters of this file, by name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"plan_verdict": plan_verdict}
