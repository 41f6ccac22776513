# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of settings: where a run may work, and with which keys."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names it and says what to do."""


@dataclass(frozen=True)
class Settings:
    """guide_parity.rst describes each. What is not set has the probes that need it skipped."""

    compartment_id: str
    key_a: str
    key_b: str
    region: str = ""
    region_elsewhere: str = ""
    key_elsewhere: str = ""
    policy_id: str = ""
    rsa_key: str = ""
    disabled_key: str = ""
    key_without_grant: str = ""
    pending_deletion_key: str = ""
    rotated_key: str = ""
    replicated_key: str = ""
    replica_region: str = ""
    attached_volume_id: str = ""
    boot_volume_id: str = ""
    boot_volume_without_key_id: str = ""
    retention: bool = False
    replicas: bool = False
    limits: bool = False
    poll_seconds: float = 2.0
    patience_seconds: float = 1800.0
    #: How long a request whose answer was lost may still be carried out.
    late_seconds: float = 60.0

    def has(self, name: str) -> bool:
        return bool(getattr(self, name))


_REQUIRED = ("compartment_id", "key_a", "key_b")


def from_file(path: Path) -> Settings:
    try:
        loaded = yaml.safe_load(path.expanduser().read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings {path} can't be read: {error}.") from error
    if not isinstance(loaded, dict):
        raise SettingsError(f"The settings {path} must be a mapping such as 'compartment_id: ocid1.compartment...'.")
    return checked(loaded)


def checked(given: dict[str, Any]) -> Settings:
    """Raises SettingsError."""
    types: dict[str, type] = {field.name: type(field.default) for field in fields(Settings)}
    types |= dict.fromkeys(_REQUIRED, str)
    for name, value in given.items():
        if name not in types:
            raise SettingsError(f"There is no setting '{name}'. Choose from: {', '.join(sorted(types))}.")
        kind = types[name]
        fits = isinstance(value, (int, float) if kind is float else kind)
        if not fits or (kind is not bool and isinstance(value, bool)):
            raise SettingsError(f"Setting '{name}' must be of type {kind.__name__}, not {value!r}.")
        if kind is float and not 0 < float(value) < 86400:
            raise SettingsError(f"Setting '{name}' must be a number of seconds between 0 and 86400, not {value!r}.")
    missing = [name for name in _REQUIRED if not given.get(name)]
    if missing:
        raise SettingsError(f"The settings lack {', '.join(missing)}. Add them.")
    if given["key_a"] == given["key_b"]:
        raise SettingsError("'key_a' and 'key_b' are the same key. Give two.")
    return Settings(**given)
