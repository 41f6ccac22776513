# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.support.fake_cloud import (
    FRA,
    IAD,
    INFINITE,
    KEY_A,
    KEY_B,
    Cloud,
    Volume,
    compartment_id,
    lost,
    refused,
    volume_id,
)
from unit.support.fakes import reader_of

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ApiError, ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import Reading, Resource

# GETs of volumes whose listed rows show no key, to see whether lists show keys at all.
PROOF = 12


def read(cloud: Cloud, ids: Iterable[str], *, kind: str = "volume", concurrency: int = 32) -> dict[str, Reading]:
    with reader_of(cloud, kind=kind, concurrency=concurrency) as reader:
        return reader.read(ids)


def expect_truth(cloud: Cloud, readings: dict[str, Reading], ids: Iterable[str]) -> None:
    """Each asked for is there, and says what the model says."""
    assert set(readings) == set(ids)
    for name, reading in readings.items():
        assert isinstance(reading, Resource), reading
        volume = cloud.volumes[name]
        assert (reading.id, reading.region) == (name, IAD)
        assert (reading.kms_key_id, reading.lifecycle_state) == (volume.kms_key_id, volume.lifecycle_state)
        assert reading.compartment_id == volume.compartment_id


# --- what it costs


def test_nothing_costs_nothing() -> None:
    cloud = Cloud()
    assert read(cloud, []) == {}
    assert not cloud.calls


def test_one_volume_is_one_get() -> None:
    cloud = Cloud()
    ids = cloud.add(500)
    expect_truth(cloud, read(cloud, ids[250:251]), ids[250:251])
    assert cloud.operations() == ["get_volume"]


@pytest.mark.parametrize("concurrency", [1, 4, 32, 256])
def test_a_thousand_in_one_compartment_cost_twenty_calls_at_most(concurrency: int) -> None:
    cloud = Cloud()
    ids = cloud.add(1000, kms_key_id=KEY_A)
    expect_truth(cloud, read(cloud, ids, concurrency=concurrency), ids)
    assert len(cloud.calls) <= 20


def test_two_hundred_compartments_with_one_each_are_gets_and_no_page() -> None:
    cloud = Cloud()
    ids = [name for number in range(200) for name in cloud.add(1, compartment=number)]
    expect_truth(cloud, read(cloud, ids), ids)
    assert (cloud.count("get_volume"), cloud.count("list")) == (200, 0)


@pytest.mark.parametrize("interleaved", [False, True])
def test_forty_compartments_with_twenty_five_each_are_mostly_pages(interleaved: bool) -> None:
    cloud = Cloud()
    groups = [cloud.add(25, compartment=number) for number in range(40)]
    ids = [n for row in zip(*groups, strict=True) for n in row] if interleaved else [n for g in groups for n in g]
    expect_truth(cloud, read(cloud, ids), ids)
    assert cloud.count("list") <= 40
    assert len(cloud.calls) <= 250


@pytest.mark.parametrize("desired", [2, 5, 10, 50, 100])
def test_a_few_of_a_big_compartment_cost_little_more_than_their_gets(desired: int) -> None:
    cloud = Cloud()
    ids = cloud.add(20_000)[:: 20_000 // desired]
    expect_truth(cloud, read(cloud, ids), ids)
    assert len(cloud.calls) <= desired * 1.2 + 2


def test_two_compartments_of_very_different_size_are_each_read_their_own_way() -> None:
    cloud = Cloud()
    many, big = cloud.add(400, compartment=1), cloud.add(3000, compartment=2)
    ids = many + big[:20]
    expect_truth(cloud, read(cloud, ids), ids)
    assert len(cloud.calls) <= 60


def test_paging_stops_when_all_were_seen() -> None:
    cloud = Cloud()
    ids = cloud.add(1000)[:100]
    expect_truth(cloud, read(cloud, ids), ids)
    assert cloud.count("list") == 1


def test_duplicates_are_read_once() -> None:
    cloud = Cloud()
    ids = cloud.add(3)
    expect_truth(cloud, read(cloud, ids * 4), ids)
    assert cloud.count("get_volume") == 3


def test_an_empty_page_is_not_the_end() -> None:
    cloud = Cloud()
    ids = cloud.add(600)
    cloud.empty_pages = {0, 3}
    expect_truth(cloud, read(cloud, ids), ids)
    assert len(cloud.calls) <= 20 + PROOF


def test_empty_pages_for_ever_end() -> None:
    cloud = Cloud()
    ids = cloud.add(300)
    cloud.empty_pages = set(range(10**6))
    expect_truth(cloud, read(cloud, ids), ids)
    assert cloud.count("list") <= 50


# --- lists that fail


@pytest.mark.parametrize("error", [refused(404, "NotAuthorizedOrNotFound"), refused(503, "ServiceUnavailable"), lost()])
@pytest.mark.parametrize("pages_before", [0, 3])
def test_what_cannot_be_listed_is_read_one_by_one(error: ApiError, pages_before: int) -> None:
    cloud = Cloud()
    ids = cloud.add(600)
    cloud.fail("list_volumes", error, skip=pages_before, times=INFINITE)
    expect_truth(cloud, read(cloud, ids), ids)
    assert cloud.count("list") == pages_before + 1
    assert cloud.count("get_volume") <= 600 - pages_before * 90


def test_lists_by_domain_where_the_service_wants_one() -> None:
    cloud = Cloud()
    ids = cloud.add(900, kind="bootvolume")
    cloud.domains_required = True
    expect_truth(cloud, read(cloud, ids, kind="boot_volume"), ids)
    assert cloud.count("get_boot_volume") <= 4 + PROOF
    domains = [call.arguments.get("availability_domain") for call in cloud.calls if call.operation.startswith("list_b")]
    assert set(domains) == {None, "AD-1", "AD-2", "AD-3"}
    assert len(cloud.calls) <= 20 + PROOF


def test_nulls_of_a_list_prove_nothing_until_a_list_has_shown_a_key() -> None:
    cloud = Cloud()
    ids = cloud.add(300, kms_key_id=KEY_A)
    cloud.listed_as = lambda volume: replace(volume, kms_key_id=None)
    expect_truth(cloud, read(cloud, ids), ids)


def test_where_no_row_shows_a_key_more_are_compared() -> None:
    cloud = Cloud()
    ids = cloud.add(300)
    expect_truth(cloud, read(cloud, ids), ids)
    assert cloud.count("get_volume") == 4 + PROOF


def test_domains_that_cannot_be_asked_for_mean_gets() -> None:
    cloud = Cloud()
    ids = cloud.add(50, kind="bootvolume")
    cloud.domains_required = True
    cloud.fail("list_availability_domains", refused(404, "NotAuthorizedOrNotFound"), times=INFINITE)
    expect_truth(cloud, read(cloud, ids, kind="boot_volume"), ids)


# --- lists that do not tell the truth


def test_absence_from_a_list_proves_nothing() -> None:
    cloud = Cloud()
    ids = cloud.add(300)
    cloud.unlisted = set(ids[::7])
    expect_truth(cloud, read(cloud, ids), ids)


def test_what_is_gone_is_said_to_be_gone_and_the_rest_is_read() -> None:
    cloud = Cloud()
    ids = cloud.add(300)
    cloud.gone = {ids[5], ids[150]}
    readings = read(cloud, ids)
    expect_truth(cloud, {n: r for n, r in readings.items() if n not in cloud.gone}, set(ids) - cloud.gone)
    for name in cloud.gone:
        reading = readings[name]
        assert isinstance(reading, ResourceError)
        assert (reading.status, reading.code) == (404, "NotAuthorizedOrNotFound")
        assert IAD in reading.message
        assert "read volumes" in (reading.hint or "")


def test_lists_that_contradict_a_get_are_not_used() -> None:
    cloud = Cloud()
    ids = cloud.add(200, compartment=1, kms_key_id=KEY_A) + cloud.add(200, compartment=2, kms_key_id=KEY_A)
    cloud.listed_as = lambda volume: replace(volume, kms_key_id=None)
    expect_truth(cloud, read(cloud, ids), ids)
    assert cloud.count("list") <= 4


def test_lists_that_turn_out_wrong_late_are_not_used_either() -> None:
    """The first compartment is listed well; the second shows that lists lie."""
    cloud = Cloud()
    ids = cloud.add(40, compartment=1, kms_key_id=KEY_A) + cloud.add(360, compartment=2, kms_key_id=KEY_A)

    def stale(volume: Volume) -> Volume:
        return replace(volume, kms_key_id=KEY_B) if volume.compartment_id == compartment_id(2) else volume

    cloud.listed_as = stale
    expect_truth(cloud, read(cloud, ids), ids)


def test_a_reread_does_not_list_either_once_lists_were_wrong() -> None:
    cloud = Cloud()
    ids = cloud.add(200, kms_key_id=KEY_A)
    cloud.listed_as = lambda volume: replace(volume, kms_key_id=None)
    with reader_of(cloud) as reader:
        resources = [reading for reading in reader.read(ids).values() if isinstance(reading, Resource)]
        before = cloud.count("list")
        expect_truth(cloud, reader.reread(resources), ids)
    assert cloud.count("list") == before


# --- out of reach


@pytest.mark.parametrize("error", [refused(401, "NotAuthenticated"), refused(503, "ServiceUnavailable"), lost()])
def test_a_region_out_of_reach_is_given_up_early(error: ApiError) -> None:
    cloud = Cloud()
    ids = cloud.add(1000)
    cloud.fail("", error, times=INFINITE)
    readings = read(cloud, ids)
    assert set(readings) == set(ids)
    assert all(isinstance(reading, ResourceError) for reading in readings.values())
    assert len(cloud.calls) <= 8


def test_what_may_not_be_seen_is_no_reason_to_give_up() -> None:
    cloud = Cloud()
    ids = [name for number in range(100) for name in cloud.add(1, compartment=number)]
    cloud.gone = set(ids[:-1])
    assert isinstance(read(cloud, ids)[ids[-1]], Resource)
    assert cloud.count("get_volume") == 100


def test_giving_up_early_does_not_forget_what_was_listed() -> None:
    cloud = Cloud()
    listed = cloud.add(200, compartment=1)
    others = [name for number in range(40) for name in cloud.add(1, compartment=10 + number)]
    for name in others:
        cloud.fail("get_volume", lost(), subject=name, times=INFINITE)
    readings = read(cloud, listed + others, concurrency=8)
    assert set(readings) == set(listed + others)
    assert all(isinstance(readings[name], Resource) for name in listed)
    assert all(isinstance(readings[name], ResourceError) for name in others)


def test_another_region_has_none_of_them() -> None:
    cloud = Cloud()
    ids = cloud.add(2, region=FRA)
    assert all(isinstance(reading, ResourceError) for reading in read(cloud, ids).values())


# --- reading again


def resources_of(cloud: Cloud, count: int) -> list[Resource]:
    ids = list(cloud.volumes)[:count]
    return [Resource(name, "volume", IAD, "data", compartment_id(1), "AVAILABLE", None) for name in ids]


@pytest.mark.parametrize(("count", "gets", "pages"), [(500, 0, 5), (6, 0, 1), (2, 0, 1), (1, 1, 0)])
def test_a_reread_asks_for_the_pages_that_show_several(count: int, gets: int, pages: int) -> None:
    cloud = Cloud()
    ids = cloud.add(500)
    with reader_of(cloud) as reader:
        reader.read(ids)
        cloud.calls.clear()
        expect_truth(cloud, reader.reread(resources_of(cloud, count)), ids[:count])
    assert (cloud.count("get_volume"), cloud.count("list")) == (gets, pages)


def test_a_reread_by_get_never_lists() -> None:
    cloud = Cloud()
    ids = cloud.add(200)
    with reader_of(cloud) as reader:
        reader.read(ids)
        cloud.calls.clear()
        readings = reader.reread(resources_of(cloud, 200), by_get=True)
    assert set(cloud.operations()) == {"get_volume"}
    assert all(isinstance(reading, Resource) and reading.etag for reading in readings.values())


def test_a_reread_gets_what_the_list_leaves_out() -> None:
    cloud = Cloud()
    ids = cloud.add(300)
    with reader_of(cloud) as reader:
        reader.read(ids)
        cloud.unlisted = set(ids[::10])
        expect_truth(cloud, reader.reread(resources_of(cloud, 300)), ids)


# --- whatever happens

errors = st.sampled_from([refused(404, "NotAuthorizedOrNotFound"), refused(500, "InternalServerError"), lost()])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 150)), min_size=1, max_size=5),
    st.lists(st.tuples(st.booleans(), st.integers(0, 60), errors), max_size=8),
    st.sets(st.integers(0, 6)),
    st.integers(1, 9),
)
def test_readings_are_the_truth_or_an_error_whatever_fails(
    sizes: list[tuple[int, int]],
    faults: list[tuple[bool, int, ApiError]],
    empty_pages: set[int],
    concurrency: int,
) -> None:
    cloud = Cloud()
    ids = []
    for number, (desired, others) in enumerate(sizes):
        ids += cloud.add(desired, number, kms_key_id=KEY_A)
        cloud.add(others, number)
    cloud.empty_pages = empty_pages
    for of_list, skip, error in faults:
        cloud.fail("list" if of_list else "get", error, skip=skip)
    readings = read(cloud, ids, concurrency=concurrency)
    assert set(readings) == set(ids)
    good = {name: reading for name, reading in readings.items() if isinstance(reading, Resource)}
    expect_truth(cloud, good, good)
    if not any(not of_list for of_list, _skip, _error in faults):
        assert len(good) == len(ids)
    assert volume_id(10**6) not in readings
