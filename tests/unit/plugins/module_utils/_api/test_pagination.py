# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.decoding import UnreadableRow
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.pagination import (
    collected,
    every_page,
    every_row,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ServiceError, TransportError


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


def endless(name: str) -> Callable[..., Response]:
    """Asks for the pages of a list that does not end, of which every page is of this kind."""
    asked = itertools.count()

    def ask(page: str | None = None) -> Response:
        number = next(asked)
        row = SimpleNamespace(id=f"row {number if name == 'new rows' else 0}")
        rows = [] if name == "empty pages" else [row] * (1000 if name == "new rows" else 1)
        token = {"token of the first page": "1", "two tokens in turn": str(number % 2)}.get(name, str(number))
        return Response(rows, next_page=token)

    return ask


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("token of the first page", "the token for the next page is one of an earlier page"),
        ("two tokens in turn", "the token for the next page is one of an earlier page"),
        ("empty pages", "101 consecutive pages had nothing new, but a token for the next page"),
        ("the same row", "101 consecutive pages had nothing new, but a token for the next page"),
        ("new rows", "there are still more after 201 pages with 201,000 rows"),
    ],
)
def test_a_list_without_end_is_given_up_and_not_taken_for_the_whole(name: str, words: str) -> None:
    with pytest.raises(
        TransportError, match=f"The list of letters got no valid response: the list does not end: {words}"
    ):
        for _page in every_page(endless(name), "letters"):
            pass


def test_an_empty_page_may_ask_to_be_asked_again() -> None:
    answers = [Response(["a"], next_page="1"), *[Response([], next_page="1")] * 5, Response(["b"])]

    assert [row for page in every_page(lambda page=None: answers.pop(0), "letters") for row in page.data] == ["a", "b"]


def test_many_short_pages_are_a_list_too() -> None:
    pages = Pages(*[[f"row {number}"] for number in range(5000)])

    assert len(list(every_page(pages, "letters"))) == 5000


def test_pages_of_which_some_are_empty_or_came_before_are_a_list_too() -> None:
    pages = Pages(["a"], *[[]] * 90, ["b"], *[["a"]] * 90, ["c"])

    assert len(list(every_page(pages, "letters"))) == 183


def test_a_list_that_is_of_use_only_as_a_whole_has_no_row_that_can_not_be_read() -> None:
    unreadable = (UnreadableRow("ocid1.x", "has no id"), UnreadableRow(None, "is not an object"))
    pages = [Response(["a"], next_page="1"), Response(["b"], unreadable=unreadable)]
    rows = every_row(lambda page="0": pages[int(page)], "letters")

    assert next(rows) == "a"
    with pytest.raises(TransportError, match=r"a row can't be read \(and 1 more\): ocid1.x has no id"):
        next(rows)


class Refused:
    """A list whose tokens OCI refuses so many times, with this status."""

    def __init__(self, times: int, status: int = 400) -> None:
        self.times, self.status = times, status
        self.asked: list[str | None] = []

    def __call__(self, page: str | None = None) -> Response:
        self.asked.append(page)
        if page is not None and self.times:
            self.times -= 1
            raise ServiceError("No.", operation="ListLetters", status=self.status, code="InvalidParameter")
        return Response(["a"], next_page="1") if page is None else Response(["b"])


def letters(pages: Iterator[Response]) -> list[str]:
    return [row for page in pages for row in page.data]


def test_a_list_whose_token_is_refused_is_restarted_once() -> None:
    ask = Refused(1)
    assert collected(letters, lambda: every_page(ask, "letters")) == ["a", "b"]
    assert ask.asked == [None, "1", None, "1"]
    with pytest.raises(ServiceError):
        collected(letters, lambda: every_page(Refused(2), "letters"))


def test_another_failure_and_a_refused_first_page_restart_nothing() -> None:
    ask = Refused(1, status=404)
    with pytest.raises(ServiceError):
        collected(letters, lambda: every_page(ask, "letters"))
    assert ask.asked == [None, "1"]

    def refuse(page: str | None = None) -> Response:
        asked.append(page)
        raise ServiceError("No.", operation="ListLetters", status=400, code="InvalidParameter")

    asked: list[str | None] = []
    with pytest.raises(ServiceError):
        collected(letters, lambda: every_page(refuse, "letters"))
    assert asked == [None]
    assert collected(letters, lambda: iter(())) == []
