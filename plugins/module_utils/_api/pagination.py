# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of any list operation; each has the token of the next (oci_semantics.md section 4). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from .._common.errors import TransportError

# A page before the last may be empty. This many consecutive empty pages are a defect of the service.
_MAX_EMPTY_PAGES = 100


class _Page(Protocol):
    @property
    def next_page(self) -> str | None:
        """The token of the next page, or None on the last one."""


class _Response(_Page, Protocol):
    @property
    def data(self) -> Any:
        """The rows of the page."""


_SomePage = TypeVar("_SomePage", bound=_Page)
_SomeResponse = TypeVar("_SomeResponse", bound=_Response)


def following(
    page: _SomePage, ask: Callable[[str], _SomePage], what: str, *, rows: Callable[[_SomePage], Sequence[Any]]
) -> Iterator[_SomePage]:
    """This page and all pages after it, each requested by its token with ``ask``. ``what`` is the rows' plural noun.

    Raises ApiError, also if the pages never end.
    """
    empty = 0
    while True:
        yield page
        if page.next_page is None:
            return
        empty = 0 if rows(page) else empty + 1
        if empty > _MAX_EMPTY_PAGES:
            raise TransportError(
                f"{empty} consecutive pages were empty, but had a token for the next page",
                operation=f"The list of {what}",
                was_sent=True,
            )
        page = ask(page.next_page)


def every_page(ask: Callable[..., _SomeResponse], what: str) -> Iterator[_SomeResponse]:
    """All responses of a list operation that takes the token of a page as ``page``. Raises ApiError as above."""
    return following(ask(), lambda token: ask(page=token), what, rows=lambda response: response.data)
