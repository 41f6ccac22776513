# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from unit.support.fake_cloud import IAD, TENANCY, refused

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.shards import (
    Shard,
    host_name,
    searched,
    with_names,
)


def shard(path: str = "prod", ocid: str = "ocid1.compartment.oc1..aaaaX7K2QA") -> Shard:
    return Shard("", IAD, ocid, path.rpartition("/")[2] or None, path)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (shard("prod/databases"), "us-ashburn-1_prod_databases_x7k2qa"),
        (shard("a.b/c-d_e"), "us-ashburn-1_a_b_c-d_e_x7k2qa"),
        (shard("", TENANCY), "us-ashburn-1_root_tttttt"),
        (shard(""), "us-ashburn-1_unnamed_x7k2qa"),
        (shard("x:y,z&[!]"), "us-ashburn-1_x_y_z_x7k2qa"),
    ],
)
def test_names_are_readable_and_fit_for_patterns_of_hosts(given: Shard, name: str) -> None:
    assert host_name(given) == name


def test_a_long_path_keeps_its_end() -> None:
    name = host_name(shard("/".join(["some-department"] * 20 + ["databases"])))
    assert len(name) < 150
    assert name.endswith("_databases_x7k2qa")


def test_names_are_never_shared() -> None:
    twins = [shard("a.b", f"ocid1.compartment.oc1..{n}same-end") for n in range(3)]

    names = [one.name for one in with_names([*twins, shard("a/b", "ocid1.compartment.oc1..other-end")])]

    assert len(set(names)) == 4
    assert names[0] == "us-ashburn-1_a_b_me-end"
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) for name in names)


class FakeSearch:
    """Search that gives these pages, each a list of compartments and states."""

    def __init__(self, *pages: list[tuple[str, str | None]]) -> None:
        self.pages = pages
        self.calls: list[dict[str, Any]] = []

    def search(self, region: str) -> FakeSearch:
        return self

    def read_once(self, operation: str, details: dict[str, str], *, limit: int, page: str = "0") -> Response:
        self.calls.append(details)
        rows = [SimpleNamespace(compartment_id=name, lifecycle_state=state) for name, state in self.pages[int(page)]]
        following = int(page) + 1
        return Response(rows, next_page=str(following) if following < len(self.pages) else None)


def ask(search: Any, *desired: str) -> set[str]:
    return searched(search, IAD, set(desired))


def test_search_tells_where_something_is() -> None:
    search = FakeSearch([("a", "AVAILABLE"), ("b", "Terminated"), ("c", "TERMINATING")], [("d", None)])
    assert ask(search, "a", "b", "c", "d") == {"a", "d"}


def test_search_is_asked_for_every_type_that_makes_a_shard() -> None:
    search = FakeSearch([])
    ask(search, "a")
    assert search.calls[0]["query"] == (
        "query volume, bootvolume, volumebackup, bootvolumebackup, volumegroup resources"
    )


def test_no_more_pages_than_needed() -> None:
    search = FakeSearch([("a", "AVAILABLE")], [("b", "AVAILABLE")], [("c", "AVAILABLE")])
    assert ask(search, "a", "b") == {"a", "b"}
    assert len(search.calls) == 2


def test_no_more_pages_than_pay() -> None:
    search = FakeSearch(*[[("a", "AVAILABLE")]] * 50)
    assert ask(search, "a", "b") == {"a"}
    assert len(search.calls) == 5


def test_search_that_fails_shows_nothing() -> None:
    class Broken:
        def search(self, region: str) -> Any:
            raise refused(404, "NotAuthorizedOrNotFound")

    assert ask(Broken(), "a") == set()
