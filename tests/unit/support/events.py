# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The assets for Event-Driven Ansible, and envelopes of events, made from OCI's documentation of them."""

from __future__ import annotations

import copy
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
EDA = ROOT / "extensions" / "eda"
RULEBOOKS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((EDA / "rulebooks").glob("*.yml"))}
EVENTS: dict[str, dict[str, Any]] = json.loads((ROOT / "tests" / "unit" / "extensions" / "oci_events.json").read_text())

vetted: Callable[[dict[str, Any]], dict[str, Any]] = runpy.run_path(
    str(EDA / "plugins" / "event_filter" / "oci_event.py")
)["main"]
"""The event filter, loaded as ansible-rulebook loads it."""


def event(name: str, **data: Any) -> dict[str, Any]:
    """An envelope, with some of its data replaced."""
    envelope = copy.deepcopy(EVENTS[name])
    envelope["data"] |= data
    return envelope
