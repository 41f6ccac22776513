# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages that are asked for again, and those that can't be."""

from __future__ import annotations

from typing import Any, cast

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ApiError, TransportError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.base import Page, Query
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.listed_pages import ListedPages
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.lists import Pages

QUERY = Query("us-ashburn-1", "ocid1.compartment.oc1..a", "token", None, 100)


class _Refusing:
    """Pages that can't be asked for again."""

    def __init__(self, error: ApiError) -> None:
        self._error = error
        self.calls = 0

    def again(self, query: Query) -> Any:
        self.calls += 1
        raise self._error


@pytest.mark.parametrize(
    "error",
    [
        TransportError("no answer", operation="ListVolumes", was_sent=True),
        TransportError("could not connect", operation="ListVolumes", was_sent=False),
    ],
    ids=["no-answer", "not-sent"],
)
def test_a_page_that_cant_be_asked_for_again_is_asked_for_once(error: ApiError) -> None:
    """However many changes wait for it: each of them would wait for all attempts of a read."""
    refusing = _Refusing(error)
    listed = ListedPages(cast(Pages, refusing))
    listed.note(Page([], next_page=None, query=QUERY), ["ocid1.volume.oc1.iad.a", "ocid1.volume.oc1.iad.b"])
    for not_before in (1.0, 2.0, 3.0):
        assert listed.since(QUERY, not_before + 1e9, Clock()).rows == {}
    assert refusing.calls == 1
    assert listed.page_of("ocid1.volume.oc1.iad.a") is None
    listed.note(Page([], next_page=None, query=QUERY), ["ocid1.volume.oc1.iad.b"])
    assert listed.page_of("ocid1.volume.oc1.iad.b") is None
