# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.pagination import every_page
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import TransportError


class Pages:
    """Asks for pages with these rows, of which the tokens are the numbers."""

    def __init__(self, *rows: Sequence[str]) -> None:
        self.rows = rows
        self.asked: list[str | None] = []

    def __call__(self, page: str | None = None) -> Response:
        self.asked.append(page)
        number = int(page or 0)
        is_last = number + 1 == len(self.rows)
        return Response(self.rows[number], next_page=None if is_last else str(number + 1))


def test_each_page_is_asked_for_by_the_token_of_the_one_before() -> None:
    pages = Pages(["a", "b"], [], ["c"])

    assert [row for page in every_page(pages, "letters") for row in page.data] == ["a", "b", "c"]
    assert pages.asked == [None, "1", "2"]


def test_no_page_is_asked_for_that_nobody_wants_any_more() -> None:
    pages = Pages(["a"], ["b"])

    assert next(every_page(pages, "letters")).data == ["a"]
    assert pages.asked == [None]


def test_a_list_without_end_is_given_up_and_not_taken_for_the_whole() -> None:
    pages = Pages(["a"], *[[]] * 1000)

    with pytest.raises(
        TransportError, match="The list of letters got no valid response: 101 consecutive pages were empty"
    ):
        list(every_page(pages, "letters"))
    assert len(pages.asked) == 102
