# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""From page to page of any list, by the token that each gives for the next (oci_semantics.md section 4). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from .._common.errors import TransportError

# A page may be empty before the last. So many in a row are a service that has lost its way.
_MOST_EMPTY_PAGES = 100


class _Page(Protocol):
    @property
    def next_page(self) -> str | None:
        """The token of the page after this one."""


class _Answer(_Page, Protocol):
    @property
    def data(self) -> Any:
        """What the page lists."""


_SomePage = TypeVar("_SomePage", bound=_Page)
_SomeAnswer = TypeVar("_SomeAnswer", bound=_Answer)


def following(
    page: _SomePage, ask: Callable[[str], _SomePage], what: str, *, rows: Callable[[_SomePage], Sequence[Any]]
) -> Iterator[_SomePage]:
    """This page and all after it, each asked for by its token. Raises ApiError, also where there is no end of them."""
    empty = 0
    while True:
        yield page
        if page.next_page is None:
            return
        empty = 0 if rows(page) else empty + 1
        if empty > _MOST_EMPTY_PAGES:
            raise TransportError(
                f"{empty} pages in a row had no rows, but a token for the next",
                operation=f"The list of {what}",
                was_sent=True,
            )
        page = ask(page.next_page)


def every_page(ask: Callable[..., _SomeAnswer], what: str) -> Iterator[_SomeAnswer]:
    """The answers to a question that takes the token of the page before as ``page``. Raises ApiError as above."""
    return following(ask(), lambda token: ask(page=token), what, rows=lambda answer: answer.data)
