# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from unit.support.fake_cloud import FRA, IAD, INFINITE, KEY_A, KEY_B, Cloud, Key, key_id, lost, refused
from unit.support.fakes import FakeConnection

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ApiError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys.validation import KeyReport, KeyValidator

FORBIDDEN = refused(404, "NotAuthorizedOrNotFound")


def cloud_with(*keys: Key, regions: tuple[str, ...] = (IAD, FRA)) -> Cloud:
    cloud = Cloud()
    cloud.add_keys(*keys or (Key(KEY_A),), regions=regions)
    return cloud


def validator(cloud: Cloud) -> KeyValidator:
    return KeyValidator(FakeConnection(cloud), cloud.clock)


def desired(cloud: Cloud, kms_key_id: str = KEY_A, region: str = IAD) -> KeyReport:
    return validator(cloud).check_assignable(kms_key_id, region)


def route(cloud: Cloud) -> list[tuple[str, str]]:
    """Operations and where they were sent, shortened."""
    return [(call.operation, call.place.removeprefix("https://").split(".oraclecloud")[0]) for call in cloud.calls]


def test_a_good_key_is_searched_where_used_and_read_at_its_vault() -> None:
    cloud = cloud_with()
    report = desired(cloud)
    assert (report.usable, report.problems, report.warnings, report.versions) == (True, (), (), 1)
    assert report.management_endpoint == f"https://vaulta-management.kms.{IAD}.oraclecloud.com"
    assert (report.vault_id, report.compartment_id) == (Key(KEY_A).vault_id, Key(KEY_A).compartment)
    host = f"vaulta-management.kms.{IAD}"
    assert route(cloud) == [
        ("search_resources", IAD),
        ("get_vault", IAD),
        ("get_key", host),
        ("list_key_versions", host),
    ]


def test_a_replicated_key_is_read_where_it_is_used() -> None:
    cloud = cloud_with()
    report = desired(cloud, region=FRA)
    assert report.usable
    assert report.management_endpoint == f"https://vaulta-management.kms.{FRA}.oraclecloud.com"
    assert {place for _operation, place in route(cloud)} == {FRA, f"vaulta-management.kms.{FRA}"}


@pytest.mark.parametrize(("state", "usable"), [("ENABLED", True), ("DISABLED", False), ("PENDING_DELETION", False)])
def test_a_replica_that_refuses_is_judged_by_its_home_region(state: str, usable: bool) -> None:
    cloud = cloud_with(Key(KEY_A, state=state, versions=("ENABLED", "ENABLED")))
    cloud.replicas_refuse = FORBIDDEN
    report = desired(cloud, region=FRA)
    assert (report.found, report.usable, report.is_replica, report.versions) == (True, usable, True, 2)
    assert report.management_endpoint == f"https://vaulta-management.kms.{FRA}.oraclecloud.com"
    assert validator(cloud).check_removable(KEY_A, FRA).usable is usable


def test_search_at_home_is_asked_where_search_in_the_region_knows_nothing() -> None:
    cloud = cloud_with()
    cloud.search_knows = {IAD}
    assert desired(cloud, region=FRA).usable
    assert route(cloud)[:3] == [("search_resources", FRA), ("search_resources", IAD), ("get_vault", FRA)]


@pytest.mark.parametrize("status", ["CREATED", "CREATING", "DELETED"])
def test_the_vault_at_home_tells_of_its_replica(status: str) -> None:
    cloud = cloud_with(regions=(IAD, FRA, "ap-tokyo-1"))
    cloud.search_knows = {IAD}
    cloud.replica_status = status
    cloud.fail("get_vault", FORBIDDEN)
    report = desired(cloud, region=FRA)
    assert report.management_endpoint == f"https://vaulta-management.kms.{FRA}.oraclecloud.com"
    assert route(cloud)[2:4] == [("get_vault", FRA), ("list_vault_replicas", IAD)]
    key_read = next(call for call in cloud.calls if call.operation == "get_key")
    assert key_read.how == ("read" if status == "CREATED" else "read_once")


@pytest.mark.parametrize("error", [FORBIDDEN, refused(401, "NotAuthenticated"), refused(500, "X"), lost()])
def test_hosts_are_guessed_where_search_fails(error: ApiError) -> None:
    cloud = cloud_with()
    cloud.fail("search", error, times=INFINITE)
    assert desired(cloud).usable
    guess = next(call for call in cloud.calls if call.operation == "get_key")
    assert (guess.how, guess.place) == ("read_once", f"https://vaulta-management.kms.{IAD}.oraclecloud.com")


def test_hosts_are_guessed_where_the_vault_may_not_be_seen() -> None:
    cloud = cloud_with()
    cloud.hidden_vaults = {Key(KEY_A).vault_id}
    report = desired(cloud)
    assert report.usable
    assert cloud.count("get_vault") == 1


def test_the_second_form_of_host_is_guessed_too() -> None:
    cloud = cloud_with()
    cloud.search_knows = set()
    endpoint = f"https://vaulta-management.kms.{IAD}.oci.oraclecloud.com"
    cloud.keys[KEY_A].endpoint = lambda region: endpoint  # type: ignore[method-assign]
    report = desired(cloud)
    assert (report.usable, report.management_endpoint) == (True, endpoint)


def test_a_guess_survives_a_passing_fault() -> None:
    cloud = cloud_with()
    cloud.search_knows = set()
    cloud.fail("get_key", lost(), lost())
    assert desired(cloud).usable


def test_a_key_that_is_nowhere_is_a_problem_with_advice_and_soon_known() -> None:
    report = desired(cloud := cloud_with(), KEY_B)
    assert (report.found, report.usable) == (False, False)
    (problem,) = report.problems
    for words in ("does not exist, or can't be read", "read keys", "validate_key: false"):
        assert words in problem
    assert len(cloud.calls) < 12


def test_a_key_without_vault_in_its_ocid_is_not_guessed() -> None:
    cloud = cloud_with()
    short = f"ocid1.key.oc1.iad-ad-1.{'u' * 60}"
    report = desired(cloud, short)
    assert not report.found
    assert "its vault could not be found" in report.problems[0]
    assert set(cloud.operations()) == {"search_resources"}


def test_a_key_without_replica_in_the_region_is_a_problem() -> None:
    cloud = cloud_with(regions=(IAD,))
    report = desired(cloud, region=FRA)
    assert not report.usable
    assert desired(cloud, region=IAD).usable


def test_a_refusal_at_the_vault_is_told_with_its_code() -> None:
    cloud = cloud_with()
    cloud.fail("get_key", FORBIDDEN, times=INFINITE)
    (problem,) = desired(cloud).problems
    assert "404 NotAuthorizedOrNotFound" in problem


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        ("DISABLED", "Enable the key first"),
        ("DISABLING", "Enable the key first"),
        ("PENDING_DELETION", "Cancel its deletion first"),
        ("SCHEDULING_DELETION", "Cancel its deletion first"),
        ("CREATING", ""),
        ("DELETED", ""),
    ],
)
def test_a_key_that_is_not_enabled_is_a_problem_in_words(state: str, advice: str) -> None:
    report = desired(cloud_with(Key(KEY_A, state=state)))
    (problem,) = report.problems
    assert (report.found, report.usable) == (True, False)
    assert f"is {state}" in problem
    assert advice in problem


@pytest.mark.parametrize("algorithm", ["RSA", "ECDSA"])
def test_only_aes_will_do(algorithm: str) -> None:
    (problem,) = desired(cloud_with(Key(KEY_A, algorithm=algorithm))).problems
    assert algorithm in problem
    assert "AES" in problem


def test_all_problems_are_told_at_once() -> None:
    assert len(desired(cloud_with(Key(KEY_A, state="DISABLED", algorithm="RSA"))).problems) == 2


@pytest.mark.parametrize(
    ("states", "count"),
    [(("ENABLED",), 1), (("ENABLED", "DELETED"), 1), (("ENABLED", "ENABLED", "DELETED"), 2), (("ENABLED",) * 40, 40)],
)
def test_several_versions_are_a_warning_deleted_ones_do_not_count(states: tuple[str, ...], count: int) -> None:
    report = desired(cloud_with(Key(KEY_A, versions=states)))
    assert (report.usable, report.versions) == (True, count)
    assert [f"{count} versions" in warning for warning in report.warnings] == [True] * (count > 1)


def test_versions_on_a_later_page_count() -> None:
    cloud = cloud_with(Key(KEY_A, versions=("DELETED", "ENABLED", "ENABLED")))
    cloud.page_size = 1
    assert desired(cloud).warnings


def test_counting_stops_where_two_are_known_unless_told() -> None:
    cloud = cloud_with(Key(KEY_A, versions=("ENABLED",) * 7))
    cloud.page_size = 3
    report = desired(cloud)
    assert (report.versions, cloud.count("list_key_versions")) == (3, 1)
    assert report.warnings[0].startswith("has at least 3 versions")
    exact = KeyValidator(FakeConnection(cloud), cloud.clock, exact_versions=True).check_assignable(KEY_A, IAD)
    assert (exact.versions, cloud.count("list_key_versions")) == (7, 1 + 3)
    assert exact.warnings[0].startswith("has 7 versions")


def test_versions_that_cannot_be_counted_are_a_warning_only() -> None:
    cloud = cloud_with()
    cloud.fail("list_key_versions", FORBIDDEN)
    report = desired(cloud)
    assert (report.usable, report.versions) == (True, None)
    assert "could not be counted" in report.warnings[0]


@pytest.mark.parametrize(("mode", "external"), [("EXTERNAL", True), ("HSM", False), ("SOFTWARE", False)])
def test_keys_outside_oci_are_told(mode: str, external: bool) -> None:
    assert desired(cloud_with(Key(KEY_A, protection=mode))).is_external is external


def telling(cloud: Cloud, **fields: Any) -> Cloud:
    """GetKey answers with these fields, too."""
    plain = cloud._get_key

    def get_key(place: str, kms_key_id: str) -> Response:
        answer = plain(place, kms_key_id)
        vars(answer.data).update(fields)
        return answer

    cloud._get_key = get_key  # type: ignore[method-assign]
    return cloud


def test_the_time_of_deletion_is_told() -> None:
    time_of_deletion = datetime(2027, 1, 31, 12, 30, 15, 999000, UTC)
    report = desired(telling(cloud_with(Key(KEY_A, state="PENDING_DELETION")), time_of_deletion=time_of_deletion))
    assert report.time_of_deletion == "2027-01-31T12:30:15Z"
    assert report.problems == (
        "is PENDING_DELETION, not ENABLED, and will be deleted at 2027-01-31T12:30:15Z. Cancel its deletion first",
    )


def test_what_an_older_sdk_does_not_know_is_not_known() -> None:
    report = desired(cloud_with())
    assert (report.display_name, report.time_of_deletion, report.is_auto_rotation_enabled) == (None, None, None)


@pytest.mark.parametrize("rotated", [True, False])
def test_automatic_rotation_is_told(rotated: bool) -> None:
    assert desired(telling(cloud_with(), is_auto_rotation_enabled=rotated)).is_auto_rotation_enabled is rotated


@pytest.mark.parametrize(("region", "primary", "replica"), [(IAD, None, False), (FRA, None, True), (FRA, True, False)])
def test_replicas_are_told_by_the_key_or_else_by_its_ocid(region: str, primary: bool | None, replica: bool) -> None:
    cloud = telling(cloud_with(), **({} if primary is None else {"is_primary": primary}))
    assert desired(cloud, region=region).is_replica is replica


# --- keys being left


@pytest.mark.parametrize("state", ["DISABLED", "DISABLING", "PENDING_DELETION", "SCHEDULING_DELETION", "DELETED"])
def test_a_dead_key_cannot_be_left(state: str) -> None:
    report = validator(cloud_with(Key(KEY_A, state=state))).check_removable(KEY_A, IAD)
    (problem,) = report.problems
    assert state in problem
    assert "OCI refuses to move a resource off it" in problem


@pytest.mark.parametrize("key", [Key(KEY_A, algorithm="RSA"), Key(KEY_A, versions=("ENABLED",) * 3), Key(KEY_A)])
def test_what_makes_a_key_unfit_for_use_is_no_reason_to_stay_on_it(key: Key) -> None:
    cloud = cloud_with(key)
    assert validator(cloud).check_removable(KEY_A, IAD).problems == ()
    assert cloud.count("list_key_versions") == 0


@pytest.mark.parametrize("error", [FORBIDDEN, refused(500, "X"), lost()])
def test_a_left_key_that_cannot_be_read_is_no_problem(error: ApiError) -> None:
    cloud = cloud_with()
    cloud.fail("", error, times=INFINITE)
    report = validator(cloud).check_removable(KEY_A, IAD)
    assert (report.found, report.problems) == (False, ())


def test_a_left_key_that_is_not_there_is_not_searched_for_at_home() -> None:
    cloud = cloud_with(regions=(IAD,))
    cloud.search_knows = set()
    assert not validator(cloud).check_removable(KEY_A, FRA).found
    assert cloud.count("list_vault_replicas") == 0


# --- how often, and how fast


def test_a_key_is_looked_up_once_per_region() -> None:
    cloud = cloud_with()
    keys = validator(cloud)
    for _attempt in range(3):
        keys.check_assignable(KEY_A, IAD)
        keys.check_assignable(KEY_A, FRA)
        keys.check_removable(KEY_A, IAD)
    assert cloud.count("get_key") == 3
    assert cloud.count("get_vault") == 2


def test_keys_of_one_vault_share_its_lookup() -> None:
    cloud = cloud_with(Key(KEY_A), Key(KEY_B))
    keys = validator(cloud)
    keys.check_assignable(KEY_A, IAD)
    keys.check_removable(KEY_B, IAD)
    assert cloud.count("get_vault") == 1


def test_threads_that_want_the_same_key_look_once() -> None:
    cloud = cloud_with()
    keys = validator(cloud)
    cloud.fail("search", None, then=lambda: time.sleep(0.02), times=INFINITE)
    with ThreadPoolExecutor(16) as pool:
        reports = list(pool.map(lambda _: keys.check_assignable(KEY_A, IAD), range(64)))
    assert len({id(report) for report in reports}) == 1
    assert len(cloud.calls) == 4


def test_a_bad_key_is_not_looked_up_again_either() -> None:
    cloud = cloud_with()
    keys = validator(cloud)
    assert keys.check_removable(KEY_B, IAD) is keys.check_removable(KEY_B, IAD)


@pytest.mark.parametrize("guessing", [False, True])
def test_vault_gets_four_calls_a_second_at_most(guessing: bool) -> None:
    cloud = cloud_with(*(Key(key_id(f"{number:x}", vault=f"vault{number % 5}")) for number in range(25)))
    cloud.search_knows = set() if guessing else {IAD}
    keys = validator(cloud)
    for number, name in enumerate(cloud.keys):
        (keys.check_removable if number % 3 else keys.check_assignable)(name, IAD)
        cloud.clock.sleep(0.03)
    times = [call.time for call in cloud.calls if call.operation != "search_resources"]
    assert len(times) >= 30
    for early, late in zip(times, times[4:], strict=False):
        assert late - early >= 0.999


def test_threads_together_get_no_more() -> None:
    cloud = cloud_with(*(Key(key_id(f"{number:x}")) for number in range(20)))
    keys = validator(cloud)
    began = cloud.clock.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: keys.check_assignable(name, IAD), cloud.keys))
    calls = sum(call.operation != "search_resources" for call in cloud.calls)
    assert cloud.clock.monotonic() - began >= calls / 4 - 1


def test_calls_do_not_come_in_bursts_but_for_the_first() -> None:
    cloud = cloud_with(*(Key(key_id(f"{number:x}")) for number in range(10)))
    keys = validator(cloud)
    for name in cloud.keys:
        keys.check_assignable(name, IAD)
    times = [call.time for call in cloud.calls if call.operation != "search_resources"]
    assert times[3] == times[0]
    assert all(late - early >= 0.249 for early, late in pairwise(times[4:]))
    cloud.clock.sleep(10.0)
    naps = len(cloud.clock.naps)
    keys.check_removable(KEY_A, IAD)
    keys.check_removable(KEY_B, IAD)
    assert len(cloud.clock.naps) == naps


def test_one_call_is_not_delayed() -> None:
    cloud = cloud_with()
    desired(cloud)
    assert sum(cloud.clock.naps) == 0


def test_the_compartments_of_the_keys_read_are_known() -> None:
    cloud = cloud_with()
    keys = validator(cloud)
    keys.check_assignable(KEY_A, IAD)
    keys.check_removable(KEY_B, IAD)
    assert keys.compartments == {KEY_A: Key(KEY_A).compartment}
