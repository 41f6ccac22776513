# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_file import parse_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import (
    RunRecords,
    parse_report,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.build import (
    ReportContext,
    build,
    canonical,
    undiscovered,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.since import (
    KEY_LISTS,
    RESOURCE_LISTS,
    Since,
    compare,
    summary_line,
)

USABLE = files.key()
PLACES_THAT_HIDE = [
    files.unreadable(region=files.IAD),
    files.unreadable(region=None),
    files.unreadable(region=files.IAD, compartment_id=None),
    files.unreadable(region=files.IAD, resource_type=None),
    files.unreadable(region=None, compartment_id=None, resource_type=None),
]


def state(*resources: dict[str, Any], keys: Any = (USABLE,), **fields: Any) -> RunRecords:
    """A report on these resources, read back."""
    records = RunRecords(
        discovery=parse_discovery(JsonNode(files.discovery(*resources, **fields), "before.json")),
        keys=parse_keys(JsonNode(files.keys(*keys), "keys.json")),
    )
    made = build([records], [], ReportContext("run", "2026-11-24T02:00:00.000Z"))
    return parse_report(JsonNode(json.loads(canonical(made)), "report.json"))


def found(since: Since) -> dict[str, list[str]]:
    """The lists that are not empty: names of resources, and OCIDs of keys."""
    lists: Any = since
    rows = {name: [row["display_name"] for row in lists[name]] for name in RESOURCE_LISTS}
    rows |= {name: [row["id"] for row in lists[name]] for name in KEY_LISTS}
    return {name: values for name, values in rows.items() if values}


ONE = files.resource(1, key=files.KEY_A)


class TestResources:
    def test_nothing_is_different(self) -> None:
        since = compare(state(ONE), state(ONE))
        assert found(since) == {}
        assert since["worse"] == []
        assert summary_line(since) == "Since 2026-11-24 02:00: nothing is different."

    def test_new_and_gone(self) -> None:
        since = compare(state(ONE), state(files.resource(2)))
        assert found(since) == {"new": ["volume-2"], "gone": ["volume-1"]}
        assert since["worse"] == ["1 new resource is not on a customer-managed key that can be used."]
        assert summary_line(since) == "Since 2026-11-24 02:00: 1 new, 1 gone."

    def test_another_key(self) -> None:
        moved = files.resource(1, key=files.KEY_B)
        since = compare(state(ONE), state(moved, keys=(USABLE, files.key(files.KEY_B))))
        assert found(since) == {"other_key": ["volume-1"]}
        assert since["other_key"][0]["previous_kms_key_id"] == files.KEY_A

    def test_newly_compliant_and_not_any_more(self) -> None:
        plain, other = files.resource(1), files.resource(2, key=files.KEY_A)
        since = compare(state(plain, other), state(ONE, files.resource(2)))
        assert found(since) == {
            "other_key": ["volume-1", "volume-2"],
            "newly_compliant": ["volume-1"],
            "no_longer_compliant": ["volume-2"],
        }
        assert since["worse"] == ["1 resource is no longer on a customer-managed key that can be used."]

    def test_a_key_that_dies_takes_compliance_along(self) -> None:
        dying = files.key(usable=False, lifecycle_state="PENDING_DELETION", problems=["is PENDING_DELETION"])
        since = compare(state(ONE), state(ONE, keys=(dying,)))
        assert found(since) == {"no_longer_compliant": ["volume-1"], "keys_newly_unusable": [files.KEY_A]}
        assert since["worse"][0] == "1 key can't be used any more."
        assert found(compare(state(ONE, keys=(dying,)), state(ONE, keys=(dying,)))) == {}

    def test_the_key_of_an_assignment_is_that_of_its_destination(self) -> None:
        one = files.resource(1, "policy_assignment", files.KEY_A)
        assert found(compare(state(one), state(one))) == {"unknown": ["policy_assignment-1"]}
        there = files.key(region=files.PHX)
        assert found(compare(state(one, keys=(there,)), state(one, keys=(there,)))) == {}


class TestUnknown:
    """What was not read, then or now, is never new, gone, compliant or the opposite."""

    @pytest.mark.parametrize("place", PLACES_THAT_HIDE)
    def test_a_place_that_can_not_be_read(self, place: dict[str, Any]) -> None:
        since = compare(state(ONE), state(unreadable=[place]))
        assert found(since) == {"unknown": ["volume-1"]}
        assert since["worse"] == [
            "1 resource is unknown now and compliant before.",
            "This report is incomplete, and the earlier one was complete.",
        ]
        assert found(compare(state(unreadable=[place]), state(ONE))) == {"unknown": ["volume-1"]}

    @pytest.mark.parametrize("place", PLACES_THAT_HIDE)
    def test_what_was_not_read_then_and_fails_now_is_worse(self, place: dict[str, Any]) -> None:
        since = compare(state(unreadable=[place]), state(files.resource(1)))
        assert found(since) == {"unknown": ["volume-1"]}
        assert since["worse"] == ["1 resource is not on a customer-managed key that can be used, and unknown before."]
        assert compare(state(unreadable=[place]), state(ONE))["worse"] == []

    def test_a_new_resource_on_a_key_that_is_not_known_is_worse(self) -> None:
        since = compare(state(keys=()), state(ONE, keys=()))
        assert found(since) == {"new": ["volume-1"]}
        assert since["worse"] == ["1 new resource is on a key whose state is not known."]

    def test_what_was_not_read_then_and_is_on_a_key_that_is_not_known_is_worse(self) -> None:
        since = compare(state(unreadable=[PLACES_THAT_HIDE[0]], keys=()), state(ONE, keys=()))
        assert found(since) == {"unknown": ["volume-1"]}
        assert since["worse"] == ["1 resource is on a key whose state is not known, and not in the earlier report."]

    def test_a_key_that_was_not_known_and_is_no_customer_key_any_more_is_worse(self) -> None:
        since = compare(state(ONE, keys=()), state(files.resource(1), keys=()))
        assert found(since) == {"other_key": ["volume-1"], "unknown": ["volume-1"]}
        assert since["worse"] == ["1 resource is not on a customer-managed key that can be used, and unknown before."]

    @pytest.mark.parametrize(
        "tags",
        [
            {"freeform_tags": {"team": "payments"}},
            {"defined_tags": {"ops": {"tier": "1"}}},
            {"freeform_tags": {"team": "payments"}, "defined_tags": {"ops": {"tier": "1"}}},
        ],
    )
    def test_the_same_tags_select_the_same_scope(self, tags: dict[str, Any]) -> None:
        scanned = {"filters": {"kms_key_ids": None, "encryption": "any", **tags}}
        other = {"filters": {"kms_key_ids": None, "encryption": "any", "freeform_tags": {"team": "web"}}}
        plain = files.resource(1)
        since = compare(state(scanned=scanned), state(plain, scanned=scanned))
        assert found(since) == {"new": ["volume-1"]}
        assert since["worse"] == ["1 new resource is not on a customer-managed key that can be used."]
        assert found(compare(state(ONE, scanned=scanned), state(scanned=scanned))) == {"gone": ["volume-1"]}
        assert found(compare(state(scanned=other), state(plain, scanned=scanned))) == {"unknown": ["volume-1"]}
        assert found(compare(state(ONE, scanned=scanned), state(scanned=other))) == {"unknown": ["volume-1"]}

    @pytest.mark.parametrize(
        "filters",
        [
            {"kms_key_ids": [files.KEY_A], "encryption": "any"},
            {"kms_key_ids": None, "encryption": "customer"},
            {"kms_key_ids": None, "encryption": "any", "only_named": True},
        ],
    )
    def test_other_filters_may_leave_out_what_got_another_key(self, filters: dict[str, Any]) -> None:
        scanned = {"filters": filters}
        assert found(compare(state(ONE, scanned=scanned), state(scanned=scanned))) == {"unknown": ["volume-1"]}
        assert found(compare(state(scanned=scanned), state(ONE, scanned=scanned))) == {"unknown": ["volume-1"]}

    @pytest.mark.parametrize(
        "place", [files.unreadable(region=files.PHX), files.unreadable(region=files.IAD, resource_type="boot_volume")]
    )
    def test_a_place_that_is_another_one(self, place: dict[str, Any]) -> None:
        assert found(compare(state(ONE), state(unreadable=[place]))) == {"gone": ["volume-1"]}

    @pytest.mark.parametrize("kind", ["replica", "policy_assignment"])
    def test_what_is_found_by_way_of_others_may_be_hidden_anywhere(self, kind: str) -> None:
        since = compare(state(files.resource(1, kind)), state(unreadable=[files.unreadable(region=files.FRA)]))
        assert found(since) == {"unknown": [f"{kind}-1"]}

    @pytest.mark.parametrize(
        "scanned",
        [
            {"regions": [files.PHX], "all_regions": False},
            {"resource_types": ["boot_volume"]},
            {"compartments": []},
            {"filters": {"kms_key_ids": [files.KEY_B], "encryption": "any"}},
            {"filters": {"kms_key_ids": None, "encryption": "oracle"}},
            {"filters": None},
        ],
    )
    def test_another_scope(self, scanned: dict[str, Any]) -> None:
        assert found(compare(state(ONE), state(scanned=scanned))) == {"unknown": ["volume-1"]}
        assert found(compare(state(scanned=scanned), state(ONE))) == {"unknown": ["volume-1"]}

    def test_a_final_state_that_nobody_read(self) -> None:
        records = RunRecords(discovery=undiscovered(state(ONE).discovery, "the network is down"))
        since = compare(state(ONE), records)
        assert found(since) == {"unknown": ["volume-1"]}

    @pytest.mark.parametrize("keys", [(), (files.key(usable=False, lifecycle_state=None, problems=["can't be read"]),)])
    def test_a_key_that_can_not_be_read(self, keys: Any) -> None:
        lost = {"keys_newly_unknown": [files.KEY_A]} if keys else {}
        since = compare(state(ONE), state(ONE, keys=keys))
        assert found(since) == {"unknown": ["volume-1"], **lost}
        assert "1 resource is unknown now and compliant before." in since["worse"]
        assert found(compare(state(ONE, keys=keys), state(ONE))) == {"unknown": ["volume-1"]}
        plain = files.resource(1)
        assert found(compare(state(plain), state(ONE, keys=keys))) == {
            "other_key": ["volume-1"],
            "unknown": ["volume-1"],
            **lost,
        }

    def test_a_key_that_was_unknown_and_is_dying_is_told(self) -> None:
        unread = files.key(usable=False, lifecycle_state=None)
        dying = files.key(usable=False, lifecycle_state="PENDING_DELETION")
        for before in ((), (unread,)):
            since = compare(state(ONE, keys=before), state(ONE, keys=(dying,)))
            assert found(since)["keys_newly_unusable"] == [files.KEY_A]

    def test_it_is_in_the_line_for_the_terminal(self) -> None:
        line = summary_line(compare(state(ONE), state(unreadable=[files.unreadable(region=None)])))
        assert line == "Since 2026-11-24 02:00: 1 unknown then or now."
