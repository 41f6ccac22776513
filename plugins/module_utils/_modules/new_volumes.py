# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option ``new_volumes`` of modules that discover: what new volumes are born with.

A file of its own, so that modules which discover without it do not ship it.
"""

from __future__ import annotations

from .._api.client import Connection
from .._common.progress import ProgressLog
from .._discovery.discover import Discovery
from .._discovery.results import unreadable_entry
from .._model.new_volumes import NewVolumes


def look_at_new_volumes(connection: Connection, found: Discovery, log: ProgressLog) -> NewVolumes:
    """The section ``new_volumes`` of a result: what was found, and what could not be read."""
    # Only here, since few discoveries are asked for it.
    from .._discovery.new_volumes import find_new_volumes

    sources = find_new_volumes(connection, found, log)
    return {
        "complete": not sources.unreadable,
        "unreadable": [unreadable_entry(place) for place in sources.unreadable],
        "sources": list(sources.sources),
    }
