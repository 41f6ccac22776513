# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from unit.support.fake_cloud import IAD, Cloud, compartment_id, refused
from unit.support.fakes import FakeConnection

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ServiceError, TransportError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.lists import Domains, Pages
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.volumes import BLOCK_VOLUME, BOOT_VOLUME

DOMAINS = ("AD-1", "AD-2", "AD-3")


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def pages(cloud: Cloud, kind: Any = BLOCK_VOLUME) -> Pages:
    connection: Any = FakeConnection(cloud)
    return Pages(kind, connection.block_volume(IAD), IAD, Domains(connection, IAD))


def ids(found: Pages, number: int = 1, **query: int) -> list[str]:
    return [row.id for page in found.of(compartment_id(number), **query) for row in page.resources]


def test_every_page_in_order(cloud: Cloud) -> None:
    cloud.page_size = 10
    cloud.empty_pages = {0, 2}
    made = cloud.add(25)

    assert ids(pages(cloud)) == made
    assert cloud.count("list_volumes") == 5


def test_a_limit(cloud: Cloud) -> None:
    made = cloud.add(3)
    assert [row.id for row in next(pages(cloud).of(compartment_id(1), limit=1)).resources] == made[:1]


def test_empty_pages_for_ever_end(cloud: Cloud) -> None:
    cloud.empty_pages = set(range(10**6))
    with pytest.raises(TransportError, match="101 consecutive pages had nothing new"):
        ids(pages(cloud))


def test_domains_are_learned_once_for_all_compartments(cloud: Cloud) -> None:
    cloud.domains_required = True
    made = [cloud.add(6, number, kind="bootvolume") for number in range(1, 9)]
    found = pages(cloud, BOOT_VOLUME)

    with ThreadPoolExecutor(8) as pool:
        listed = list(pool.map(lambda number: ids(found, number), range(1, 9)))

    assert [sorted(one) for one in listed] == [sorted(one) for one in made]
    assert cloud.count("list_availability_domains") == 1
    assert cloud.count("list_boot_volumes") == 1 + 8 * len(DOMAINS)


def test_a_refusal_for_another_reason_is_none_for_domains(cloud: Cloud) -> None:
    cloud.fail("list_volumes", refused(404, "NotAuthorizedOrNotFound"))
    with pytest.raises(ServiceError):
        ids(pages(cloud))
    assert cloud.count("list_availability_domains") == 0
