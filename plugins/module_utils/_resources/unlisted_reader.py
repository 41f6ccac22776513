# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How what lists don't tell enough of is read."""

from __future__ import annotations

from collections.abc import Iterable

from .._model.resource import Reading
from .reader import ReaderByGet


class UnlistedReader(ReaderByGet):
    """A reader of what lists don't tell enough of, so that the first reading is by GET too."""

    def read(self, resource_ids: Iterable[str]) -> dict[str, Reading]:
        ids = list(dict.fromkeys(resource_ids))
        return dict(zip(ids, self._pool.map(self.get, ids)))
