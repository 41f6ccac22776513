# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The surveys: what AWX takes, what our roles know, and what a wrong answer or none comes to."""

from __future__ import annotations

import re
from typing import Any

import pytest
from unit.support.awx_answers import GOOD, WRONG, kind_of, variables_of
from unit.support.awx_rules import (
    SURVEYS,
    TEMPLATES,
    WORKFLOWS,
    Question,
    answers,
    left_blank,
    playbook_of,
    refusals,
    survey_faults,
)
from unit.support.fake_cloud import IAD, compartment_id

from ansible_collections.oci_keys.block_volume.plugins.filter.role_options import role_options
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles import read as _role_values
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles import variables as _role_variables
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.values import Variable

# What no survey asks: a secret, which would be an extra variable, what only the template itself may say, and what
# another variable says too. The file of metrics is on the machine of a collector, which the template knows. Exceptions,
# signers and keys are guards, which whoever starts a job must not choose, and who approved it is known to AWX. States
# of Terraform, which have secrets, are where the template mounts them.
NEVER_ASKED = {
    "encryption_report_redact_key",
    "encryption_report_metrics_file",
    "encryption_report_exceptions_file",
    "encryption_report_signing_key",
    "encryption_report_terraform_state",
    "rekey_exceptions_file",
    "rekey_plan_signers",
    "rekey_plan_signature",
    "rekey_approved_by",
    "restore_keys_approved_by",
    "rekey_approval_required",
    "rekey_fail_on_blocked",
    "rekey_skip_terraform",
    "backup_policy_plan_signers",
    "backup_policy_plan_signature",
    "backup_policy_approved_by",
    "backup_policy_approval_required",
    "rekey_terraform_state",
}

QUESTIONS = [
    pytest.param(playbook, question, id=f"{name}: {question['variable']}")
    for name, (playbook, questions) in SURVEYS.items()
    for question in questions
]
EACH_SURVEY = pytest.mark.parametrize("name", list(SURVEYS))

# The types of questions that fit what a variable is read by.
TYPES = {
    "boolean": {"multiplechoice"},
    "one_of": {"multiplechoice"},
    "choices": {"multiselect"},
    "integer": {"integer"},
    "ocid": {"text"},
    "named_ocid": {"text"},
    "named_ocids": {"textarea"},
    "text": {"text"},
    "timestamp": {"text"},
    "regions": {"text"},
    "ocids": {"textarea"},
    "path": {"text"},
    "paths": {"textarea"},
    "latest_or_path": {"text"},
    "keys_by_region": {"textarea"},
    "freeform_tags": {"textarea"},
    "defined_tags": {"textarea"},
}


def _good(playbook: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name.startswith(f"{playbook}_")}


def _accepts(variable: Variable, value: object) -> bool:
    try:
        variable.read(value)
    except InputError:
        return False
    return True


@EACH_SURVEY
def test_awx_takes_it(name: str) -> None:
    survey = {**TEMPLATES, **WORKFLOWS}[name]["survey_spec"]
    assert survey_faults(survey) == []


@pytest.mark.parametrize("asked", [*TEMPLATES.values(), *WORKFLOWS.values()], ids=lambda asked: str(asked["name"]))
def test_only_what_is_asked_can_be_given(asked: dict[str, Any]) -> None:
    assert asked["ask_variables_on_launch"] is False
    assert asked["survey_enabled"] is ("survey_spec" in asked)


@pytest.mark.parametrize("playbook", sorted(_role_variables._ROLES))
def test_every_variable_is_asked_or_set(playbook: str) -> None:
    asked = set(NEVER_ASKED)
    for name, template in TEMPLATES.items():
        if name in SURVEYS and playbook_of(template) == playbook:
            asked |= {question["variable"] for question in SURVEYS[name][1]} | set(template.get("extra_vars", {}))
    assert set(variables_of(playbook)) - asked == set()


@pytest.mark.parametrize(("playbook", "question"), QUESTIONS)
class TestQuestion:
    def test_it_is_about_a_variable_of_that_type_with_the_same_default(self, playbook: str, question: Question) -> None:
        assert question["variable"] not in NEVER_ASKED
        variable = variables_of(playbook)[question["variable"]]
        assert question["type"] in TYPES[kind_of(variable)]
        if question.get("default") not in (None, ""):
            assert variable.read(question["default"]) == variable.default
        else:
            assert variable.default is None or kind_of(variable) == "choices"

    def test_its_limits_and_choices_are_those_of_the_variable(self, playbook: str, question: Question) -> None:
        variable = variables_of(playbook)[question["variable"]]
        if question["type"] == "integer":
            assert _accepts(variable, question["min"])
            assert not _accepts(variable, question["min"] - 1)
            most = question.get("max", 10**9)
            assert _accepts(variable, most)
            assert _accepts(variable, most + 1) is ("max" not in question)
        if "choices" in question:
            assert all(_accepts(variable, choice) for choice in question["choices"])
        if kind_of(variable) in ("one_of", "choices"):
            with pytest.raises(InputError) as refused:
                variable.read("something else")
            (listed,) = re.findall(r"choose one of: (.*)", str(refused.value))
            assert listed.split(", ") == question["choices"]

    def test_a_wrong_answer_is_told_by_its_name(self, playbook: str, question: Question) -> None:
        kind = kind_of(variables_of(playbook)[question["variable"]])
        for wrong in WRONG.get(kind, []):
            given = answers(SURVEYS_OF[playbook], {**_good(playbook), question["variable"]: wrong})
            problems = role_options(given, playbook)["problems"]
            told = [problem for problem in problems if problem.startswith(f"{question['variable']}: ")]
            assert told, (wrong, problems)
            assert not re.search(r"Traceback|Error\b|NoneType", told[0])

    def test_awx_itself_refuses_what_the_screen_cant_give(self, playbook: str, question: Question) -> None:
        assert playbook
        for wrong in {"multiplechoice": ["maybe"], "integer": [-1, "few"], "multiselect": [["floppy"]]}.get(
            question["type"], []
        ):
            assert refusals(question, wrong)


@pytest.mark.parametrize(("playbook", "question"), QUESTIONS)
def test_who_reads_a_message_finds_the_question(playbook: str, question: Question) -> None:
    """Messages call variables by their names, which the screen shows nowhere else."""
    (named,) = re.findall(r"In messages: (\w+)\.$", question["question_description"])
    assert question["variable"] in (named, f"{playbook}_{named}")


# The longest survey of each playbook.
SURVEYS_OF = {
    playbook: max((questions for other, questions in SURVEYS.values() if other == playbook), key=len)
    for playbook, _questions in SURVEYS.values()
}


@EACH_SURVEY
@pytest.mark.parametrize("on_screen", [True, False])
def test_all_blank_is_the_same_as_nothing(name: str, on_screen: bool) -> None:
    playbook, questions = SURVEYS[name]
    assert role_options(left_blank(questions, on_screen=on_screen), playbook) == role_options({}, playbook)


@EACH_SURVEY
def test_nothing_ticked_is_the_same_as_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question with boxes gives an empty list then, which is an error elsewhere."""
    playbook, questions = SURVEYS[name]
    boxes = {question["variable"]: [] for question in questions if question["type"] == "multiselect"}
    assert all(role_options({variable: []}, playbook)["problems"] for variable in boxes)
    monkeypatch.setenv("AWX_HOST", "https://awx.example.com")
    assert role_options(boxes, playbook) == role_options({}, playbook)


@EACH_SURVEY
@pytest.mark.parametrize("on_screen", [True, False])
def test_what_is_blank_beside_the_needed_answers_has_its_documented_default(name: str, on_screen: bool) -> None:
    playbook, questions = SURVEYS[name]
    shard = {"shard_region": IAD, "shard_compartment_id": compartment_id(2)} if name.endswith("shards") else {}
    asked = {question["variable"] for question in questions}
    good = {variable: value for variable, value in _good(playbook).items() if variable in asked}

    read = role_options({**left_blank(questions, on_screen=on_screen), **good}, playbook, **shard)

    assert read["problems"] == []
    assert read == role_options(good, playbook, **shard)


@EACH_SURVEY
def test_what_is_required_cant_be_done_without(name: str) -> None:
    playbook, questions = SURVEYS[name]
    for question in questions:
        if question["required"]:
            without = {**_good(playbook), question["variable"]: ""}
            assert any(
                f"{question['variable']} is not set" in told for told in role_options(without, playbook)["problems"]
            )


# The template that asks for the same without an approval, by its playbook, and how that is given a plan.
ALONE = {"rekey": "OCI keys - rekey", "backup_policy": "OCI keys - backup policy"}
OF_A_PLAN = ("plan_file", "plan_digest")


class TestWorkflows:
    @pytest.mark.parametrize("name", list(WORKFLOWS))
    def test_they_ask_as_the_template_does(self, name: str) -> None:
        for question in SURVEYS[name][1]:
            if question["question_name"] != "Limit of changes of each shard":
                assert question in SURVEYS[ALONE[SURVEYS[name][0]]][1]

    def test_a_limit_that_is_for_each_shard_says_so(self) -> None:
        """Slices know nothing of each other, so that the limit of one is no limit of all."""
        (limit,) = [
            question
            for question in SURVEYS["OCI keys - rekey with approval by shards"][1]
            if question["variable"] == "rekey_max_changes"
        ]
        assert "each shard" in limit["question_name"]

    @pytest.mark.parametrize("name", list(WORKFLOWS))
    def test_nobody_can_name_another_plan_than_the_approved_one(self, name: str) -> None:
        asked = {question["variable"] for question in SURVEYS[name][1]}
        assert not asked & {f"{SURVEYS[name][0]}_{word}" for word in (*OF_A_PLAN, "approval_required")}
        assert not [variable for variable in asked if _role_values._ARTIFACT.fullmatch(variable)]

    @pytest.mark.parametrize("name", [name for name in WORKFLOWS if not name.endswith("shards")])
    def test_all_else_can_be_asked(self, name: str) -> None:
        playbook, questions = SURVEYS[name]
        alone = {question["variable"] for question in SURVEYS[ALONE[playbook]][1]}
        asked = {question["variable"] for question in questions}
        assert alone - asked == {f"{playbook}_{word}" for word in OF_A_PLAN}

    def test_shards_bring_their_place_along(self) -> None:
        one, shards = (
            {question["variable"] for question in SURVEYS[f"OCI keys - rekey with approval{more}"][1]}
            for more in ("", " by shards")
        )
        assert one - shards == {"rekey_compartment_ids", "rekey_regions", "rekey_recursive"}
