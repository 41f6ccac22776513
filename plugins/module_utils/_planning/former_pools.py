# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instance pools on their way back: to the very configuration that they used before a run, or nowhere. Pure.

Which one that was is in the journal. Another one with the same key may hand on other keys besides (oci_semantics.md
section 1.11).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

from .._common.errors import ResourceError
from .._resources.configuration_copies import Configuration
from .._resources.instance_pools import NO_WAY_BACK_REMEDY, InstancePool
from .former_keys import FormerKey

Read = Callable[[str], Union[Configuration, ResourceError]]


@dataclass(frozen=True)
class FormerPool:
    """A pool as it is now, and the configuration that it used before the first run; None where that is not known.

    ``is_of_run``: it still uses one that a run gave it. ``unread`` is why the former one could not be read.
    """

    configuration_id: str
    former_id: str | None
    is_of_run: bool = False
    unread: ResourceError | None = None
    creates_oracle_managed: bool = False
    """Whether the former one creates a volume with the Oracle-managed key."""

    @property
    def is_back(self) -> bool:
        return self.configuration_id == self.former_id

    @property
    def skip_reason(self) -> tuple[str, str] | None:
        """Why it is left as it is, and what to do about it."""
        if self.former_id is None:
            return (
                "its former instance configuration is not known: the files do not name it",
                "Give the journal of the run to 'reports', or point the pool to its former configuration in the "
                "console",
            )
        if not self.is_of_run:
            return (
                f"uses instance configuration {self.configuration_id}, which is not the one that the run gave it: "
                "somebody pointed it elsewhere since",
                f"If it is to go back, point it to {self.former_id} in the console",
            )
        return None

    @property
    def block_reason(self) -> tuple[str, str] | None:
        """Why it can't go back, and what to do about it."""
        if self.unread is None:
            return None
        return (
            f"its former instance configuration {self.former_id} is gone or could not be read, so the pool is left as "
            f"it is: {self.unread.message}",
            NO_WAY_BACK_REMEDY,
        )


def former_pool(pool: InstancePool, former: FormerKey, read: Read) -> FormerPool:
    """What ``former`` says of a pool as it is now. ``read`` reads a configuration, or says why it can't."""
    former_id = former.first_step(pool.kms_key_id).configuration_id
    current = pool.configuration_id or ""
    if former_id is None or former_id == current:
        return FormerPool(current, former_id)
    found = read(former_id)
    unread = found if isinstance(found, ResourceError) else None
    configuration = None if isinstance(found, ResourceError) else found
    is_of_run = current in former.configurations or (
        None in former.configurations and _may_be_of_run(pool.configuration, former_id, configuration, former)
    )
    creates = configuration is not None and any(place.kms_key_id is None for place in configuration.places)
    return FormerPool(current, former_id, is_of_run, unread, creates)


def _may_be_of_run(now: Configuration | None, former_id: str, before: Configuration | None, former: FormerKey) -> bool:
    """Whether a run that was interrupted gives a pool such a configuration: one of the same family, with its key."""
    root = former_id if before is None else before.root
    return now is not None and now.root == root and any(now.is_on(key) for key in former.assigned_keys)
