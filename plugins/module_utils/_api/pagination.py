# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of any list operation; each has the token of the next (oci_semantics.md section 4). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from .._common.errors import ServiceError, TransportError

# A page before the last may be empty. So many of them in a row, or pages of rows that were there before, are a defect
# of the service.
_MAX_FRUITLESS_PAGES = 100
# More than a list can have: by default a region allows a tenancy 100,000 backups, the most numerous resources. Those
# are a thousand pages of a hundred rows; pages may be shorter, and a limit may have been raised.
MAX_ROWS = 200_000
MAX_PAGES = 10_000


class _Page(Protocol):
    @property
    def next_page(self) -> str | None:
        """The token of the next page, or None on the last one."""


class _Response(_Page, Protocol):
    @property
    def data(self) -> Any:
        """The rows of the page."""

    @property
    def unreadable(self) -> Sequence[object]:
        """The rows of the page that can't be read."""


_SomePage = TypeVar("_SomePage", bound=_Page)
_SomeResponse = TypeVar("_SomeResponse", bound=_Response)
_Some = TypeVar("_Some")
_Made = TypeVar("_Made")


def following(
    page: _SomePage, ask: Callable[[str], _SomePage], what: str, *, rows: Callable[[_SomePage], Sequence[Any]]
) -> Iterator[_SomePage]:
    """This page and all pages after it, each requested by its token with ``ask``. ``what`` is the rows' plural noun.

    Raises ApiError, also if the pages never end: a token comes again, pages bring nothing new, or there are more pages
    or rows than any list can have. The rows until then are not the whole list.
    """
    tokens: set[str] = set()
    seen: set[object] = set()
    token: str | None = None
    fruitless = pages = count = 0
    while True:
        yield page
        if page.next_page is None:
            return
        found = rows(page)
        known = len(seen)
        seen.update(map(_identity, found))
        pages, count = pages + 1, count + len(found)
        fruitless = 0 if len(seen) > known else fruitless + 1
        # An empty page may ask to be asked again; that it never ends by this is seen below.
        if page.next_page in tokens and (found or page.next_page != token):
            raise _endless(what, "the token for the next page is one of an earlier page")
        if fruitless > _MAX_FRUITLESS_PAGES:
            raise _endless(what, f"{fruitless} consecutive pages had nothing new, but a token for the next page")
        if count > MAX_ROWS or pages > MAX_PAGES:
            raise _endless(what, f"there are still more after {pages:,} pages with {count:,} rows")
        token = page.next_page
        tokens.add(token)
        page = ask(token)


def every_page(ask: Callable[..., _SomeResponse], what: str) -> Iterator[_SomeResponse]:
    """All responses of a list operation that takes the token of a page as ``page``. Raises ApiError as above."""
    return following(ask(), lambda token: ask(page=token), what, rows=lambda response: response.data)


def collected(collect: Callable[[Iterator[_Some]], _Made], pages: Callable[[], Iterator[_Some]]) -> _Made:
    """What ``collect`` makes of all pages. A list whose token for the next page is refused, e.g. expired, is restarted
    once. Raises ApiError as above.
    """
    try:
        return collect(_begun(pages()))
    except _RefusedToken:
        return collect(pages())


class _RefusedToken(Exception):
    """OCI does not accept a token that it has given."""


def _begun(pages: Iterator[_Some]) -> Iterator[_Some]:
    has_begun = False
    try:
        for page in pages:
            has_begun = True
            yield page
    except ServiceError as error:
        if has_begun and error.status == 400:
            raise _RefusedToken from error
        raise


def readable_rows(ask: Callable[..., _SomeResponse], what: str) -> tuple[list[Any], tuple[Any, ...]]:
    """The rows of all pages of a list operation, and those that can't be read. Restarted, and raises, as above."""

    def collect(pages: Iterator[_SomeResponse]) -> tuple[list[Any], tuple[Any, ...]]:
        rows: list[Any] = []
        unreadable: list[Any] = []
        for page in pages:
            rows += page.data
            unreadable += page.unreadable
        return rows, tuple(unreadable)

    return collected(collect, lambda: every_page(ask, what))


def every_row(ask: Callable[..., _SomeResponse], what: str) -> Iterator[Any]:
    """All rows of a list operation, for lists that are of use only as a whole. Raises ApiError as above.

    Raises TransportError also if a row can't be read.
    """
    for response in every_page(ask, what):
        yield from complete_rows(response, what)


def complete_rows(response: _Response, what: str) -> Sequence[Any]:
    """The rows of a page. Raises TransportError if one of them can't be read, so that nobody takes them for all."""
    if response.unreadable:
        raise unreadable_rows(response.unreadable, what)
    rows: Sequence[Any] = response.data
    return rows


def unreadable_rows(unreadable: Sequence[object], what: str) -> TransportError:
    """The error for rows that can't be read, where they spoil the whole list: it has the first of them."""
    more = f" (and {len(unreadable) - 1:,} more)" if len(unreadable) > 1 else ""
    return TransportError(f"a row can't be read{more}: {unreadable[0]}", operation=f"The list of {what}", was_sent=True)


def _endless(what: str, reason: str) -> TransportError:
    return TransportError(
        f"the list does not end: {reason}. What was listed until then is not all",
        operation=f"The list of {what}",
        was_sent=True,
    )


def _identity(row: Any) -> object:
    """What tells a row from others: its OCID. One without is a row of its own."""
    return getattr(row, "id", None) or getattr(row, "identifier", None) or object()
