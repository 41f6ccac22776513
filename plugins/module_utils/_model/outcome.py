# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of one resource of a call."""

from __future__ import annotations

from dataclasses import dataclass

from .._common.errors import ResourceError
from .._common.text import label
from .actions import NONE
from .resource import Resource


@dataclass(frozen=True)
class Outcome:
    """Planned or actual outcome for one resource. Results, journal lines and hints are built only from this.

    ``type`` is the name in results, ``kind`` the one in the registry of kinds. ``after`` is the last successful read
    after a write. ``changed`` is the plan in check mode, and what the service accepted in a run.
    """

    id: str
    type: str
    region: str
    before: Resource | None = None
    after: Resource | None = None
    action: str = NONE
    changed: bool = False
    settled: bool = True
    error: ResourceError | None = None
    opc_request_id: str | None = None
    time_requested: str | None = None
    time_settled: str | None = None
    group_id: str | None = None
    skip_reason: str | None = None
    """Why a resource that is not in the desired state was left as it is, which is no failure."""
    warnings: tuple[str, ...] = ()
    kind: str = ""
    new_id: str | None = None
    """The OCID of the resource that the change creates, from the response to it."""

    @property
    def label(self) -> str:
        """The resource as a person calls it: its display name, where one was read, and its OCID."""
        return label(self.before.display_name if self.before is not None else "", self.id)
