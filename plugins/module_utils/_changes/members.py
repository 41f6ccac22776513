# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of groups that were named by their group: they have to say themselves that they belong to it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._common.errors import ResourceError
from .._model.resource import Reading, Resource
from .._resources.base import not_a_member
from .request import Target

_HINT = (
    "Nothing of the group was changed. Run the task again. If it stays so, name the backups by their own OCIDs instead"
    " of the group, and report it to Oracle."
)


def without_strangers(targets: Iterable[Target], readings: Mapping[str, Reading]) -> dict[str, Reading]:
    """The readings, with an error for all members of a group that has named a resource which is not its own.

    Who names one stranger is not believed about the others either: nobody knows which of them was meant.
    """
    members = [(target.id, target.group_id, readings[target.id]) for target in targets if target.group_id is not None]
    strangers = {
        group_id: reading
        for _name, group_id, reading in members
        if isinstance(reading, Resource) and reading.group_id != group_id
    }
    found = dict(readings)
    for name, group_id, reading in members:
        if group_id in strangers and isinstance(reading, Resource):
            message = not_a_member(strangers[group_id], group_id)
            found[name] = ResourceError(code="NotAMember", message=f"{message[0].upper()}{message[1:]}.", hint=_HINT)
    return found
