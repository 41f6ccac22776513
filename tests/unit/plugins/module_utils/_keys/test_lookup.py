# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from unit.support.fake_cloud import FRA, IAD, INFINITE, KEY_A, KEY_B, Cloud, Key, compartment_id, key_id, lost, refused
from unit.support.fakes import FakeConnection

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ApiError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys.lookup import KeyFinder, KeyLocation, known
from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys.not_found import KeyNotFound

TOKYO = "ap-tokyo-1"
VAULT = Key(KEY_A).vault_id
FORBIDDEN = refused(404, "NotAuthorizedOrNotFound")
UNAUTHENTICATED = refused(401, "NotAuthenticated")
BLOCKED = ". If this machine may not reach Vault, set 'validate_key: false' where you assign the key"
UNCONNECTED = lost(sent=False)


class TellingCloud(Cloud):
    """Search and GetVault tell the compartments, as the real ones do."""

    def _search_resources(self, place: str, details: dict[str, Any]) -> Response:
        answer = super()._search_resources(place, details)
        for item in answer.data:
            item.compartment_id = self.keys[item.identifier].compartment
        return answer

    def _get_vault(self, place: str, vault: str) -> Response:
        answer = super()._get_vault(place, vault)
        answer.data.compartment_id = compartment_id(901)
        return answer


@pytest.fixture
def cloud() -> Cloud:
    cloud = TellingCloud()
    cloud.add_keys(Key(KEY_A), regions=(IAD,))
    return cloud


def find(cloud: Cloud, region: str = IAD, kms_key_id: str = KEY_A) -> KeyLocation | KeyNotFound:
    return KeyFinder(FakeConnection(cloud), cloud.clock).find(kms_key_id, region)  # type: ignore[arg-type]


def missing(cloud: Cloud, region: str = IAD, kms_key_id: str = KEY_A) -> KeyNotFound:
    found = find(cloud, region, kms_key_id)
    assert isinstance(found, KeyNotFound)
    return found


def test_the_compartment_of_the_vault_comes_with_the_key(cloud: Cloud) -> None:
    found = find(cloud)
    assert isinstance(found, KeyLocation)
    assert found.vault_compartment_id == compartment_id(901)


def test_a_vault_that_is_not_replicated_is_told_with_its_regions(cloud: Cloud) -> None:
    cloud.vault_regions[VAULT] = {IAD, TOKYO}
    cloud.search_knows = {IAD}
    report = missing(cloud, FRA)
    assert report.problem.startswith(
        f"does not exist there: vault {VAULT} is in {IAD}, {TOKYO} and is not replicated to {FRA}"
    )
    assert (report.vault_id, report.compartment_id) == (VAULT, Key(KEY_A).compartment)
    assert cloud.operations() == ["search_resources", "search_resources", "get_vault", "list_vault_replicas"]
    assert cloud.clock.naps == []


def test_so_is_one_that_search_hides(cloud: Cloud) -> None:
    cloud.search_knows = set()
    report = missing(cloud, FRA)
    assert f"is in {IAD} and is not replicated to {FRA}" in report.problem
    assert report.vault_id == VAULT
    assert len(cloud.calls) <= 12


@pytest.mark.parametrize(
    ("status", "words"),
    [("CREATING", "is still being created"), ("DELETING", "is being deleted"), ("DELETED", "is DELETED")],
)
def test_a_replica_that_is_not_there_yet_or_any_more_is_told(cloud: Cloud, status: str, words: str) -> None:
    cloud.vault_regions[VAULT] = {IAD, FRA}
    cloud.search_knows = {IAD}
    cloud.replica_status = status
    cloud.fail("get_vault", FORBIDDEN)
    cloud.fail("get_key", UNCONNECTED, times=INFINITE)
    problem = missing(cloud, FRA).problem
    assert problem == f"is not there: the replica of vault {VAULT} in {FRA} {words}"


def test_replicas_on_a_later_page_count(cloud: Cloud) -> None:
    cloud.vault_regions[VAULT] = {IAD, FRA, TOKYO}
    cloud.search_knows = {IAD}
    cloud.fail("get_vault", FORBIDDEN)
    whole = cloud._list_vault_replicas

    def paged(place: str, vault: str, page: str = "0") -> Response:
        rows = whole(place, vault).data
        return Response([rows[int(page)]], next_page=str(int(page) + 1) if int(page) + 1 < len(rows) else None)

    cloud._list_vault_replicas = paged  # type: ignore[method-assign, assignment]
    assert isinstance(find(cloud, FRA), KeyLocation)
    assert cloud.count("list_vault_replicas") == 2


def test_a_key_that_search_knows_exists_but_may_not_be_read(cloud: Cloud) -> None:
    cloud.fail("get_key", FORBIDDEN, times=INFINITE)
    report = missing(cloud)
    for words in (
        "exists according to Search, but can't be read (404 NotAuthorizedOrNotFound)",
        f"to read keys in compartment id {Key(KEY_A).compartment}",
        "validate_key: false",
    ):
        assert words in report.problem
    assert (report.compartment_id, report.vault_compartment_id) == (Key(KEY_A).compartment, compartment_id(901))
    assert report.endpoint == Key(KEY_A).endpoint(IAD)


REFUSALS = [FORBIDDEN, refused(400, "InvalidParameter"), refused(403, "NotAllowed"), refused(409, "IncorrectState")]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: f"{error.status}")
@pytest.mark.parametrize("search_knows", [{IAD, FRA}, {IAD}, set()], ids=lambda names: f"search-{len(names)}")
def test_a_key_that_the_replica_refuses_is_read_in_its_home_region(
    cloud: Cloud, refusal: ApiError, search_knows: set[str]
) -> None:
    cloud.vault_regions[VAULT] = {IAD, FRA}
    cloud.keys[KEY_A].state = "DISABLED"
    cloud.search_knows = search_knows
    cloud.replicas_refuse = refusal
    found = find(cloud, FRA)
    assert isinstance(found, KeyLocation)
    assert (found.endpoint, found.read_at) == (Key(KEY_A).endpoint(FRA), Key(KEY_A).endpoint(IAD))
    assert found.key.lifecycle_state == "DISABLED"


def test_so_is_one_that_is_to_be_left(cloud: Cloud) -> None:
    cloud.vault_regions[VAULT] = {IAD, FRA}
    cloud.replicas_refuse = FORBIDDEN
    finder = KeyFinder(FakeConnection(cloud), cloud.clock)  # type: ignore[arg-type]
    assert isinstance(finder.find(KEY_A, FRA, search_home_region=False), KeyLocation)


@pytest.mark.parametrize("search_knows", [{IAD, FRA}, {IAD}, set()], ids=lambda names: f"search-{len(names)}")
def test_a_key_that_the_replica_refuses_is_not_taken_from_home_where_there_is_no_replica(
    cloud: Cloud, search_knows: set[str]
) -> None:
    """A host that answers for any name proves nothing."""
    cloud.search_knows = search_knows - {FRA}
    cloud.fail("get_key", FORBIDDEN)
    assert f"is in {IAD} and is not replicated to {FRA}" in missing(cloud, FRA).problem


@pytest.mark.parametrize("error", [lost(), refused(503, "ServiceUnavailable"), refused(429, "Slow"), UNAUTHENTICATED])
def test_a_replica_that_does_not_answer_is_not_one_that_refuses(cloud: Cloud, error: ApiError) -> None:
    cloud.vault_regions[VAULT] = {IAD, FRA}
    cloud.replicas_refuse = error
    assert missing(cloud, FRA).problem.startswith("could not be looked up: ")


def test_a_key_that_is_refused_at_home_too_can_not_be_read(cloud: Cloud) -> None:
    cloud.vault_regions[VAULT] = {IAD, FRA}
    cloud.fail("get_key", FORBIDDEN, times=INFINITE)
    assert "exists according to Search, but can't be read" in missing(cloud, FRA).problem


def test_a_key_found_at_home_leads_to_its_vault_here(cloud: Cloud) -> None:
    cloud.vault_regions[VAULT] = {IAD, FRA}
    cloud.search_knows = set()
    cloud.fail("get_key", *[UNCONNECTED] * 6)
    found = find(cloud, FRA)
    assert isinstance(found, KeyLocation)
    assert found.endpoint == Key(KEY_A).endpoint(FRA)


def test_a_key_refused_at_home_too_may_not_exist_at_all(cloud: Cloud) -> None:
    cloud.search_knows = set()
    problem = missing(cloud, FRA, KEY_B).problem
    assert problem.startswith("does not exist, or can't be read (404 NotAuthorizedOrNotFound)")


def test_a_vault_that_may_not_be_seen_is_told(cloud: Cloud) -> None:
    cloud.search_knows = {IAD}
    cloud.fail("get_vault", FORBIDDEN)
    cloud.fail("list_vault_replicas", FORBIDDEN)
    problem = missing(cloud, FRA).problem
    assert problem.startswith(f"could not be found: vault {VAULT} is not in {FRA}, or can't be read (404")
    assert "to read vaults in compartment <the vault's compartment>" in problem


def test_a_vault_without_endpoint_is_told(cloud: Cloud) -> None:
    cloud._get_vault = lambda place, vault: Response(SimpleNamespace(management_endpoint=""))  # type: ignore[method-assign]
    cloud.fail("get_key", UNCONNECTED, times=INFINITE)
    assert missing(cloud).problem == f"could not be looked up: vault {VAULT} has no management endpoint in that region"


@pytest.mark.parametrize("error", [lost(), UNCONNECTED, refused(503, "ServiceUnavailable"), refused(429, "Slow")])
def test_what_passes_does_not_make_a_key_missing(cloud: Cloud, error: ApiError) -> None:
    cloud.fail("get_key", error, times=INFINITE)
    was_sent = getattr(error, "was_sent", True)
    assert missing(cloud).problem == f"could not be looked up: {error}" + ("" if was_sent else BLOCKED)


def test_a_search_that_is_refused_is_told(cloud: Cloud) -> None:
    cloud.fail("search", refused(404, "NoSearch"), times=INFINITE)
    cloud.fail("get_key", UNCONNECTED, times=INFINITE)
    assert "does not exist, or can't be read (404 NoSearch; op got no valid response" in missing(cloud).problem


def test_a_region_that_cannot_be_reached_is_not_waited_for_again(cloud: Cloud) -> None:
    keys = [Key(key_id(f"{number:x}")) for number in range(3)]
    cloud.add_keys(*keys, regions=(IAD,))
    cloud.fail("", UNCONNECTED, times=INFINITE)
    finder = KeyFinder(FakeConnection(cloud), cloud.clock)  # type: ignore[arg-type]
    for key in keys:
        found = finder.find(key.id, IAD)
        assert isinstance(found, KeyNotFound)
        assert found.problem == f"could not be looked up: {UNCONNECTED}{BLOCKED}"
    assert cloud.count("search_resources") == 2


def test_an_answer_that_was_lost_is_asked_for_again(cloud: Cloud) -> None:
    cloud.add_keys(Key(KEY_B), regions=(IAD,))
    cloud.fail("search", lost())
    finder = KeyFinder(FakeConnection(cloud), cloud.clock)  # type: ignore[arg-type]
    assert isinstance(finder.find(KEY_A, IAD), KeyLocation)
    assert isinstance(finder.find(KEY_B, IAD), KeyLocation)
    assert cloud.count("search_resources") == 3


class TestCredentials:
    def test_a_401_everywhere_is_no_matter_of_keys(self, cloud: Cloud) -> None:
        cloud.fail("", UNAUTHENTICATED, times=INFINITE)
        finder = KeyFinder(FakeConnection(cloud), cloud.clock)  # type: ignore[arg-type]
        assert isinstance(finder.find(KEY_A, FRA), KeyNotFound)
        assert finder.refused_credentials is UNAUTHENTICATED
        assert cloud.clock.naps == []

    @pytest.mark.parametrize("verdict", [None, FORBIDDEN])
    def test_a_401_beside_another_verdict_is_a_matter_of_the_region(
        self, cloud: Cloud, verdict: ApiError | None
    ) -> None:
        cloud.fail("search", UNAUTHENTICATED, verdict)
        cloud.fail("get", UNAUTHENTICATED, times=INFINITE)
        cloud.fail("list", UNAUTHENTICATED, times=INFINITE)
        finder = KeyFinder(FakeConnection(cloud), cloud.clock)  # type: ignore[arg-type]
        found = finder.find(KEY_A, FRA)
        assert isinstance(found, KeyNotFound)
        assert finder.refused_credentials is None
        assert "401 NotAuthenticated" in found.problem
        assert f"Check that the tenancy is subscribed to {FRA}" in found.problem

    @pytest.mark.parametrize("error", [lost(), refused(500, "X"), refused(429, "X")])
    def test_no_verdict_says_nothing_of_the_credentials(self, cloud: Cloud, error: ApiError) -> None:
        cloud.fail("search", error)
        cloud.fail("", UNAUTHENTICATED, times=INFINITE)
        finder = KeyFinder(FakeConnection(cloud), cloud.clock)  # type: ignore[arg-type]
        finder.find(KEY_A, IAD)
        assert finder.refused_credentials is UNAUTHENTICATED


@pytest.mark.parametrize(("value", "expected"), [("x", "x"), ("", None), (None, None), (False, False)])
def test_fields_of_models(value: object, expected: object) -> None:
    assert known(SimpleNamespace(field=value), "field") is expected
    assert known(SimpleNamespace(), "field") is None


@pytest.mark.parametrize(
    "other",
    [
        key_id("v", vault="vaultb").replace(".key.", ".vault."),
        VAULT.replace(".vaulta.", ".vaultab."),
        VAULT.replace(".vaulta.", "."),
    ],
    ids=["another", "one whose prefix begins alike", "one without a prefix"],
)
def test_a_key_at_a_derived_host_is_of_the_vault_that_was_asked(cloud: Cloud, other: str) -> None:
    """What another vault says of a key is nothing that the key's own vault has said."""
    cloud.search_knows = set()
    whole = cloud._get_key

    def of_another(place: str, kms_key_id: str) -> Response:
        answer = whole(place, kms_key_id)
        answer.data.vault_id = other
        return answer

    cloud._get_key = of_another  # type: ignore[method-assign]
    report = missing(cloud)
    assert f"is said to be of vault {other}, but the vault vaulta was asked for it" in report.problem
