# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebooks and their event filter: what of an event gets through, which rule takes it, and what that starts."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from unit.support.awx_rules import SURVEYS, TEMPLATES
from unit.support.events import EVENTS, ROOT, RULEBOOKS, event, vetted

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.region_tables import known_regions
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.read import read_role

CREATED = "a volume was created"
COMPARTMENT = EVENTS[CREATED]["data"]["compartmentId"]
EACH = pytest.mark.parametrize("name", list(RULEBOOKS))
VARIABLES = {
    "{{ event.oci.resource_id }}": EVENTS["a key is to be deleted"]["data"]["resourceId"],
    "{{ event.targets[0].compartment_id }}": COMPARTMENT,
    "{{ event.targets[0].region }}": "iad",
    "{{ events_kms_key_ids }}": "us-ashburn-1=ocid1.key.oc1.iad.b5rexamplevault.abuwcljrexamplekey",
    "{{ events_max_changes | default(100) }}": 100,
    "{{ events_report_dir }}": "/var/lib/oci-keys",
}
"""What stands in the rulebooks, and what it becomes."""


def _rules(name: str) -> list[dict[str, Any]]:
    return [rule for ruleset in RULEBOOKS[name] for rule in ruleset["rules"]]


def _actions(rule: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    actions = rule.get("actions", [rule.get("action")])
    return [(kind, asked) for action in actions for kind, asked in action.items()]


def _taken_by(name: str, seen: dict[str, Any]) -> list[str]:
    """The rules of the first ruleset that take an event; each compares one field with one word."""
    taken = []
    for rule in RULEBOOKS[name][0]["rules"]:
        field, word = rule["condition"].split(" == ")
        value: Any = {"event": seen}
        for part in field.split("."):
            value = value.get(part, {})
        if value == json.loads(word):
            for attribute in rule["throttle"]["group_by_attributes"]:
                assert attribute.split(".")[-1] in seen["oci"]
            taken.append(rule["name"].partition(" ")[0])
    return taken


@pytest.mark.parametrize(
    ("name", "region"),
    [
        (CREATED, "iad"),
        ("a boot volume was created", "iad"),
        ("a backup was made by a policy", "phx"),
        ("a boot volume's backup was made", "eu-frankfurt-1"),
        ("a backup was copied", "phx"),
        ("a key was changed", "iad"),
        ("a boot volume's key was changed", "iad"),
        ("a key is taken away", "iad"),
        ("an instance was launched in the root", "ap-melbourne-1"),
    ],
)
def test_what_is_new_is_seen_with_its_compartment_and_region(name: str, region: str) -> None:
    data = EVENTS[name]["data"]
    seen = vetted({"body": EVENTS[name], "meta": {"headers": {"a": "{{ 1 }}"}}})
    assert seen == {
        "oci": {
            "concern": "resources",
            "event_type": EVENTS[name]["eventType"].lower(),
            "resource_id": data["resourceId"],
            "compartment_id": data["compartmentId"],
            "region": region,
        }
    }
    assert vetted({"payload": EVENTS[name]}) == vetted({"body": json.dumps(EVENTS[name])}) == seen
    assert all(_taken_by(rulebook, seen) == ["Gather"] for rulebook in RULEBOOKS)


@pytest.mark.parametrize("name", ["a key is to be deleted", "a vault is to be deleted"])
def test_what_is_to_be_deleted_is_seen_by_its_ocid(name: str) -> None:
    seen = vetted({"body": EVENTS[name]})
    assert set(seen["oci"]) == {"concern", "event_type", "resource_id"}
    assert seen["oci"]["resource_id"] == EVENTS[name]["data"]["resourceId"]
    assert all(_taken_by(rulebook, seen) == ["Raise"] for rulebook in RULEBOOKS)
    # It begins and ends: either may be the one that a rule of OCI Events sends on.
    for moment in ("", ".begin", ".END"):
        other = {**EVENTS[name], "eventType": EVENTS[name]["eventType"].rpartition(".")[0] + moment}
        assert vetted({"body": other})["oci"]["concern"] == seen["oci"]["concern"]


@pytest.mark.parametrize("name", ["a volume was deleted", "a volume is about to be created", "an object was stored"])
def test_what_else_happens_starts_nothing(name: str) -> None:
    seen = vetted({"body": EVENTS[name]})
    assert seen["oci"]["concern"] == "nothing"
    assert all(_taken_by(rulebook, seen) == [] for rulebook in RULEBOOKS)


TEMPLATE = "{{ lookup('pipe', 'touch owned') }}"
BAD_OCIDS = [
    TEMPLATE,
    f"{COMPARTMENT}{TEMPLATE}",
    f"ocid1.compartment.oc1.{TEMPLATE}.aaaaaaaaexample",
    "{% raw %}",
    f"{COMPARTMENT}\n",
    f"{COMPARTMENT}\n- hosts: all",
    f"{COMPARTMENT}; reboot",
    f" {COMPARTMENT}",
    f"{COMPARTMENT},{COMPARTMENT}",
    "../../etc/passwd",
    "ocid1.compartment.oc1..\N{ARABIC-INDIC DIGIT ONE}aaaaaaa",
    "ocid1.compartment.oc1.." + "a" * 300,
    "ocid1.compartment.oc1..",
    "all",
    "",
    None,
    7,
    [COMPARTMENT],
    {"id": COMPARTMENT},
]


@pytest.mark.parametrize("value", BAD_OCIDS)
@pytest.mark.parametrize("field", ["compartmentId", "resourceId"])
def test_a_value_that_is_no_ocid_gets_no_further(field: str, value: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        seen = vetted({"body": event(CREATED, **{field: value})})
    assert seen == {"oci": {"concern": "nothing", "reason": seen["oci"]["reason"]}}
    assert field in seen["oci"]["reason"]
    assert seen["oci"]["reason"] in caplog.text
    assert "{{" not in caplog.text


@pytest.mark.parametrize(
    "region", [TEMPLATE, "{{7*7}}", "IAD", "us-ashburn-1\n", "us ashburn", "", "us-ashburn-1,all", "-e", "iad/../x"]
)
def test_a_region_that_is_none_gets_no_further(region: str) -> None:
    seen = vetted({"body": event(CREATED, resourceId=f"ocid1.volume.oc1.{region}.abuwcljrexamplevolume")})
    assert seen["oci"]["concern"] == "nothing"
    assert "region" not in seen["oci"]


@pytest.mark.parametrize(
    "ocid_type", ["key", "compartment", "instance", "volumegroup", "volume.oc1.iad.x|key", "VOLUME"]
)
def test_the_resource_has_to_be_of_the_type_that_the_event_is_about(ocid_type: str) -> None:
    seen = vetted({"body": event(CREATED, resourceId=f"ocid1.{ocid_type}.oc1.iad.abuwcljrexamplevolume")})
    assert seen["oci"]["concern"] == "nothing"


@pytest.mark.parametrize(
    "message",
    [None, 7, "", "{", "[]", "[" * 100_000, [EVENTS[CREATED]], {}, {"eventType": EVENTS[CREATED]["eventType"]}],
)
def test_a_message_that_is_no_event_gets_no_further(message: Any) -> None:
    assert vetted({"body": message})["oci"]["concern"] == "nothing"
    assert vetted({"payload": message, "meta": {}})["oci"]["concern"] == "nothing"
    assert vetted({"meta": {}})["oci"]["concern"] == "nothing"


def test_an_event_type_is_looked_up_and_not_repeated() -> None:
    for event_type in (TEMPLATE, "com.oraclecloud.blockvolumes.createvolume.end\n", ["a"], None, {"a": 1}):
        seen = vetted({"body": {**EVENTS[CREATED], "eventType": event_type}})
        assert seen["oci"]["concern"] == "nothing"
        assert "{{" not in json.dumps(seen)


def test_names_and_tags_are_dropped() -> None:
    seen = vetted(
        {"body": event(CREATED, resourceName=TEMPLATE, compartmentName=TEMPLATE, freeFormTags={"a": TEMPLATE})}
    )
    assert seen["oci"]["concern"] == "resources"
    assert "lookup" not in json.dumps(seen)


def test_rulebooks_differ_in_where_events_come_from_and_what_they_start_only() -> None:
    assert set(RULEBOOKS) == {f"{source}_{way}" for source in ("stream", "webhook") for way in ("local", "controller")}
    alike = {
        name: [(rule["name"], rule["condition"], rule.get("throttle")) for rule in _rules(name)] for name in RULEBOOKS
    }
    assert all(rules == alike["stream_local"] for rules in alike.values())
    for way in ("local", "controller"):
        assert _rules(f"stream_{way}") == _rules(f"webhook_{way}")


@EACH
def test_each_event_passes_the_filter_and_a_webhook_has_a_token(name: str) -> None:
    listening, working = RULEBOOKS[name]
    (source,) = listening["sources"]
    assert source["filters"] == [{"oci_keys.block_volume.oci_event": None}]
    plugin = source.get("ansible.eda.webhook") or source["ansible.eda.kafka"]
    secret = plugin.get("token") or plugin["sasl_plain_password"]
    # Without a default: a rulebook that was given no secret does not start.
    assert secret in ("{{ events_token }}", "{{ events_stream_password }}")
    assert plugin.get("security_protocol", "SASL_SSL") == "SASL_SSL"
    assert (listening["execution_strategy"], working["sources"]) == ("parallel", [])
    assert working["execution_strategy"] == ("sequential" if name.endswith("_local") else "parallel")


@EACH
def test_what_starts_is_there_and_takes_these_variables(name: str) -> None:
    started = [(kind, asked) for rule in _rules(name) for kind, asked in _actions(rule) if kind != "post_event"]
    assert len(started) == 3
    for kind, asked in started:
        if kind == "run_playbook":
            variables = asked["extra_vars"]
            playbook = asked["name"].removeprefix("oci_keys.block_volume.")
        else:
            variables = asked["job_args"]["extra_vars"]
            template = TEMPLATES[asked["name"]]
            playbook = template["playbook"].removesuffix(".yml")
            # AWX takes what the survey asks, and no more.
            questions = {question["variable"]: question for question in SURVEYS[asked["name"]][1]}
            assert set(variables) <= set(questions)
            assert {name for name, question in questions.items() if question.get("required")} <= set(variables)
            assert template.get("ask_job_type_on_launch") or "job_type" not in asked["job_args"]
            assert asked["include_events"] is False
        assert (ROOT / "playbooks" / f"{playbook}.yml").exists()
        given = {
            variable: VARIABLES[value] if isinstance(value, str) and "{{" in value else value
            for variable, value in variables.items()
        }
        _values, problems = read_role(playbook, given, table=known_regions())
        assert problems == []
