# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from unit.support.fake_cloud import FRA, IAD, TENANCY, lost, refused

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Response
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ApiError, InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.identity import Subscription
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.tenancy import CompartmentScope, Tenancy

NOT_FOUND = refused(404, "NotAuthorizedOrNotFound")
PAAS = "ManagedCompartmentForPaaS"


def ocid(name: str) -> str:
    return TENANCY if name == "root" else f"ocid1.compartment.oc1..{name}"


class FakeIdentity:
    """Identity of all regions; ``tree`` leads from a compartment to its parent, all names, not OCIDs."""

    regions: Any = None
    tenancy: str | None = TENANCY
    credentials_remedy = "Check the API key and the clock."

    def __init__(self, tree: dict[str, str], **states: str) -> None:
        self.region: str | None = IAD
        self.tree = tree
        self.states = states
        self.page_size = 1000
        self.refuses: dict[tuple[str, str], ApiError] = {}
        self.refused: set[str] = set()
        self.regions_down: dict[str, ApiError] = {}
        self.calls: list[tuple[str, str, str]] = []

    def identity(self, region: str) -> Any:
        return SimpleNamespace(read=lambda operation, *args, **query: self.read(region, operation, *args, **query))

    def describe_principal(self) -> str:
        return "user ocid1.user.oc1..u"

    def read(self, region: str, operation: str, subject: str, **query: Any) -> Response:
        name = "root" if subject == TENANCY else subject.rpartition(".")[2]
        self.calls.append((region, operation, name))
        if region in self.regions_down:
            raise self.regions_down[region]
        if (operation, name) in self.refuses:
            raise self.refuses[operation, name]
        return getattr(self, f"_{operation}")(name, **query)

    def _get_tenancy(self, name: str) -> Response:
        return Response(SimpleNamespace(id=TENANCY, name="acme"))

    def _get_compartment(self, name: str) -> Response:
        if name not in self.tree:
            raise NOT_FOUND
        return Response(self.row(name))

    def _list_compartments(
        self, name: str, *, limit: int, compartment_id_in_subtree: bool = False, page: str = "0"
    ) -> Response:
        assert limit == 1000
        if compartment_id_in_subtree:
            assert name == "root", "OCI allows it only there"
            if "whole tree" in self.refused:
                raise NOT_FOUND
        elif name not in self.tree and name != "root":
            raise NOT_FOUND
        rows = [self.row(child) for child, above in self.tree.items() if compartment_id_in_subtree or above == name]
        end = int(page) + self.page_size
        return Response(rows[int(page) : end], next_page=str(end) if end < len(rows) else None)

    def _list_region_subscriptions(self, name: str) -> Response:
        rows = [(IAD, "READY", True), (FRA, "READY", False), ("xx-new-1", "IN_PROGRESS", False)]
        return Response([SimpleNamespace(region_name=n, status=s, is_home_region=home) for n, s, home in rows])

    def row(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(
            id=ocid(name),
            name=name,
            lifecycle_state=self.states.get(name, "ACTIVE"),
            compartment_id=ocid(self.tree[name]),
        )


TREE = {"prod": "root", "db": "prod", "logs": "db", "test": "root"}


@pytest.fixture
def identity() -> FakeIdentity:
    return FakeIdentity(dict(TREE))


def scope(
    identity: FakeIdentity, *names: str, recursive: bool = True, regions: tuple[str, ...] = ()
) -> CompartmentScope:
    connection: Any = identity
    return Tenancy(connection, regions).scope([ocid(name) for name in names], recursive=recursive)


def names(scope: CompartmentScope) -> list[str | None]:
    return [compartment.name for compartment in scope.compartments]


def paths(scope: CompartmentScope) -> list[str]:
    return ["/".join(compartment.path) for compartment in scope.compartments]


def operations(identity: FakeIdentity) -> list[tuple[str, str]]:
    return [(operation, name) for _region, operation, name in identity.calls]


class TestTheWholeTree:
    def test_the_tenancy_is_the_default_and_its_root_is_of_it(self, identity: FakeIdentity) -> None:
        found = scope(identity)

        assert names(found) == ["acme", "prod", "test", "db", "logs"]
        assert paths(found) == ["", "prod", "test", "prod/db", "prod/db/logs"]
        assert found.skipped == found.unreadable == []
        assert operations(identity) == [("list_compartments", "root"), ("get_tenancy", "root")]

    def test_a_subtree_is_computed_and_costs_no_more(self, identity: FakeIdentity) -> None:
        found = scope(identity, "db", "prod", "db")

        assert names(found) == ["db", "prod", "logs"]
        assert paths(found) == ["prod/db", "prod", "prod/db/logs"]
        assert operations(identity) == [("list_compartments", "root")]

    def test_only_those_named(self, identity: FakeIdentity) -> None:
        assert names(scope(identity, "db", "root", recursive=False)) == ["db", "acme"]

    def test_all_pages(self, identity: FakeIdentity) -> None:
        identity.page_size = 1
        assert len(names(scope(identity))) == 5
        assert len(identity.calls) == 5

    def test_only_active_ones_are_to_be_looked_into(self) -> None:
        identity = FakeIdentity(TREE, prod="DELETING", logs="DELETED")

        found = scope(identity)

        assert names(found) == ["acme", "test", "db"]
        assert [(one.name, one.lifecycle_state) for one in found.skipped] == [("prod", "DELETING"), ("logs", "DELETED")]

    def test_what_platform_services_manage(self) -> None:
        tree = {"prod": "root", PAAS: "root", "below": PAAS, f"{PAAS}2": "root"}
        found = scope(FakeIdentity(tree))
        assert [one.name for one in found.compartments if one.managed_by_paas] == [PAAS, "below"]

    def test_a_compartment_that_the_list_does_not_have_is_read_by_itself(self, identity: FakeIdentity) -> None:
        connection: Any = identity
        tenancy = Tenancy(connection)
        tenancy.scope(recursive=False)
        identity.tree |= {"new": "prod", "newer": "new"}

        found = tenancy.scope([ocid("new")], recursive=True)

        assert paths(found) == ["prod/new", "prod/new/newer"]


class TestOnlyBelow:
    """The caller may inspect a part of the tree only, so that it is walked."""

    @pytest.fixture(autouse=True)
    def whole_tree_is_refused(self, identity: FakeIdentity) -> None:
        identity.refused.add("whole tree")

    def test_level_by_level(self, identity: FakeIdentity) -> None:
        found = scope(identity, "prod")

        assert paths(found) == ["prod", "prod/db", "prod/db/logs"]
        assert found.unreadable == []
        assert operations(identity) == [
            ("list_compartments", "root"),
            ("get_compartment", "prod"),
            ("list_compartments", "prod"),
            ("list_compartments", "db"),
            ("list_compartments", "logs"),
        ]

    def test_upwards_for_the_path_as_far_as_may_be_read(self, identity: FakeIdentity) -> None:
        identity.refuses["get_compartment", "prod"] = NOT_FOUND

        found = scope(identity, "logs", recursive=False)

        assert paths(found) == ["db/logs"]
        assert found.unreadable == []

    def test_what_may_not_be_inspected_may_still_be_looked_into(self, identity: FakeIdentity) -> None:
        found = scope(identity, "elsewhere")

        (unknown,) = found.compartments
        assert (unknown.name, unknown.lifecycle_state, unknown.path) == (None, None, ())
        ((parent, error),) = found.unreadable
        assert parent == unknown
        assert error.status == 404
        assert error.hint is not None
        assert f"inspect compartments in compartment id {ocid('elsewhere')}" in error.hint

    def test_the_root_alone_if_nothing_below_may_be_listed(self, identity: FakeIdentity) -> None:
        identity.refuses["list_compartments", "root"] = refused(403, "NotAuthorized")

        found = scope(identity)

        assert names(found) == ["acme"]
        assert [(parent.id, error.status) for parent, error in found.unreadable] == [(TENANCY, 403)]
        assert "inspect compartments in tenancy" in str(found.unreadable[0][1].hint)

    def test_a_part_that_may_not_be_listed_is_told(self, identity: FakeIdentity) -> None:
        identity.refuses["list_compartments", "db"] = NOT_FOUND

        found = scope(identity, "root")

        assert paths(found) == ["", "prod", "test", "prod/db"]
        assert [parent.name for parent, _error in found.unreadable] == ["db"]

    def test_nothing_is_below_a_deleted_one(self, identity: FakeIdentity) -> None:
        identity.states["prod"] = "DELETED"

        found = scope(identity, "prod")

        assert found.unreadable == found.compartments == []
        assert ("list_compartments", "prod") not in operations(identity)


class TestRegions:
    def test_subscriptions(self, identity: FakeIdentity) -> None:
        connection: Any = identity
        found = Tenancy(connection).subscriptions()

        assert found[0] == Subscription(IAD, "READY", is_home=True)
        assert [(one.name, one.is_ready) for one in found] == [(IAD, True), (FRA, True), ("xx-new-1", False)]

    @pytest.mark.parametrize("error", [lost(), refused(503, "ServiceUnavailable"), refused(401, "NotAuthenticated")])
    def test_another_region_answers_alike(self, identity: FakeIdentity, error: ApiError) -> None:
        identity.regions_down[IAD] = error

        assert names(scope(identity, regions=(IAD, FRA))) == ["acme", "prod", "test", "db", "logs"]
        assert [region for region, _operation, _name in identity.calls] == [IAD, FRA, FRA]

    def test_none_that_answers_leaves_what_was_named(self, identity: FakeIdentity) -> None:
        identity.regions_down = {IAD: lost(), FRA: lost()}

        found = scope(identity, "prod", "test", regions=(FRA,))

        assert [one.id for one in found.compartments] == [ocid("prod"), ocid("test")]
        assert [error.code for _parent, error in found.unreadable] == ["NoAnswer", "NoAnswer"]
        assert len(identity.calls) == 2

    def test_credentials_that_no_region_takes(self, identity: FakeIdentity) -> None:
        identity.regions_down[IAD] = refused(401, "NotAuthenticated")
        with pytest.raises(InputError, match=r"rejected the credentials \(user ocid1.user.oc1..u\)"):
            scope(identity)

    def test_no_region_is_known(self, identity: FakeIdentity) -> None:
        identity.region = None
        with pytest.raises(InputError, match="No region is set: option region, environment variable OCI_REGION"):
            scope(identity)
        assert names(scope(identity, "prod", regions=(FRA,), recursive=False)) == ["prod"]

    def test_no_tenancy_is_known(self, identity: FakeIdentity) -> None:
        identity.tenancy = None
        with pytest.raises(InputError, match="No tenancy is set: option tenancy"):
            scope(identity)
