# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The validated request: target resources and run settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from .._documents.interrupted import InterruptedChange
from .._resources.base import GroupKind
from .._resources.resource_kind import ResourceKind


@dataclass(frozen=True)
class Target:
    """A resource that the user named, by itself or by its group ``group_id``.

    ``expected_kms_key_id`` is the key it must be on to be changed: ``''`` for the Oracle-managed one, None for any.
    ``expected_policy_id`` is the backup policy that it must have: ``''`` for none, None for any.
    ``interrupted`` is a change of its backup policy, or of its replica, that an earlier run did not end. ``quiet_for``
    is how many seconds it has to show no change before it is written, since one that an earlier run sent may still be
    on its way.
    """

    id: str
    kind: ResourceKind | GroupKind
    region: str
    expected_kms_key_id: str | None = None
    expected_policy_id: str | None = None
    group_id: str | None = None
    interrupted: InterruptedChange | None = None
    quiet_for: float = 0.0

    @property
    def resource_kind(self) -> ResourceKind:
        """``kind`` of a target that is no group."""
        return cast(ResourceKind, self.kind)


@dataclass(frozen=True)
class RunSettings:
    """The options that the modules share. Times in seconds."""

    check_mode: bool
    validate_key: bool
    multi_version_key_fails: bool
    concurrency: int
    wait: bool
    wait_timeout: float
    include_locked: bool = False
