# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The assets for AWX, and what AWX 24.6.1 does with such: which it takes, what an answer becomes, what a credential."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

ROOT = Path(__file__).parents[3]
ASSETS = ROOT / "extensions" / "awx"
PROJECT = ASSETS / "project"

Question = Mapping[str, Any]
Answers = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML as ansible reads it.

    ``!unsafe`` marks what is no template, and a name that is merged in and given as well is complained of.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        self.flatten_mapping(node)
        names = [name.value for name, _value in node.value]
        if len(set(names)) < len(names):
            raise yaml.constructor.ConstructorError(None, None, f"one of {names} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def read(file: Path) -> Any:
    return yaml.load(file.read_text(), _Loader)


OBJECTS: dict[str, list[dict[str, Any]]] = {
    kind: objects for kind, objects in read(ASSETS / "controller.yml").items() if kind.startswith("controller_")
}
TEMPLATES = {template["name"]: template for template in OBJECTS["controller_templates"]}
WORKFLOWS = {workflow["name"]: workflow for workflow in OBJECTS["controller_workflows"]}
CREDENTIAL_TYPE = OBJECTS["controller_credential_types"][0]


def playbook_of(asked: Mapping[str, Any]) -> str:
    """The playbook, and so the prefix of the variables, that a template's or a workflow's answers are for."""
    if "playbook" in asked:
        return Path(asked["playbook"]).stem
    (playbook,) = {
        playbook_of(TEMPLATES[node["unified_job_template"]["name"]])
        for node in asked["workflow_nodes"]
        if node["unified_job_template"]["type"] == "job_template"
    }
    return playbook


SURVEYS: dict[str, tuple[str, list[Question]]] = {
    name: (playbook_of(asked), asked["survey_spec"]["spec"])
    for name, asked in {**TEMPLATES, **WORKFLOWS}.items()
    if asked["survey_enabled"]
}
"""The name of what asks, with its playbook and its questions."""

# awx.api.views.JobTemplateSurveySpec: what a default has to be, by the type of the question.
_DEFAULTS: dict[str, type] = {
    "text": str,
    "textarea": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": float,
}
_KEYS = {"question_name", "question_description", "variable", "type", "required", "default", "choices", "min", "max"}


def survey_faults(survey: Mapping[str, Any]) -> list[str]:
    """What AWX would refuse in a survey, and what it would take and yet not do as expected."""
    faults = [f"{name} is missing" for name in ("name", "description", "spec") if name not in survey]
    variables = [question["variable"] for question in survey["spec"]]
    faults += [f"{name} is asked twice" for name in variables if variables.count(name) > 1]
    names = [question["question_name"] for question in survey["spec"]]
    faults += [f"{name!r} is asked twice" for name in names if names.count(name) > 1]
    for question in survey["spec"]:
        faults += [f"{question['variable']}: {fault}" for fault in _question_faults(question)]
    return faults


def _question_faults(question: Question) -> Iterator[str]:
    kind = question.get("type")
    for name in set(question) - _KEYS:
        yield f"{name} is unknown"
    if kind not in _DEFAULTS:
        yield f"{kind} is no type of a question that is no secret"
        return
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", question["variable"]):
        yield "that is no name of a variable"
    if not isinstance(question.get("required"), bool):
        yield "required is neither true nor false"
    if not all(_is_a(question.get(name, 0), int) for name in ("min", "max")):
        yield "a limit is no integer"
    if kind.startswith("multi") != bool(question.get("choices")):
        yield "choices are for questions with choices, which need some"
    if not all(isinstance(choice, str) for choice in question.get("choices", [])):
        yield "a choice is no text"
    if "default" in question:
        default = question["default"]
        if not _is_a(default, _DEFAULTS[kind]):
            yield f"the default is no {_DEFAULTS[kind].__name__}"
        if kind == "multiselect":
            if default:
                yield "AWX never applies a default of several choices"
        elif refusals(question, default):
            yield "the default would be refused as an answer"
        if question["required"]:
            yield "a required question fails what is started by the API in spite of its default"
    elif kind == "multiplechoice":
        yield "a blank is no choice, so it needs a default"
    elif kind == "multiselect":
        yield "the newer interface splits the default, so it needs one, though it is blank"


def _is_a(value: object, kind: type) -> bool:
    """Whether that is its type; true and false are no integers."""
    return isinstance(value, kind) and not isinstance(value, bool)


def refusals(question: Question, answer: object) -> list[str]:
    """Why AWX itself refuses an answer (SurveyJobTemplateMixin._survey_element_validation)."""
    kind, low, high = question["type"], question.get("min"), question.get("max")
    if kind in ("text", "textarea"):
        if not isinstance(answer, str):
            return ["it is no text"]
        size = len(answer)
    elif kind == "integer":
        if isinstance(answer, bool) or not isinstance(answer, int):
            return ["it is no integer"]
        size = answer
    elif kind == "multiselect":
        chosen = answer if isinstance(answer, list) else [None]
        return [f"{choice} is no choice" for choice in chosen if choice not in question["choices"]]
    else:
        return [] if answer in question["choices"] else [f"{answer} is no choice"]
    too_small, too_large = low is not None and size < low, high is not None and size > high
    return ["it is too small"] * too_small + ["it is too large"] * too_large


def answers(questions: list[Question], given: Mapping[str, Any]) -> Answers:
    """The variables of a job: what was given, and the defaults of what was not, as far as AWX applies them."""
    defaults = {
        question["variable"]: question["default"]
        for question in questions
        if question.get("default") is not None and not refusals(question, question["default"])
    }
    return {**defaults, **given}


def left_blank(questions: list[Question], *, on_screen: bool) -> Answers:
    """The answers where every field was left blank: the screen may give ``''`` for text, the API gives nothing."""
    texts = [question["variable"] for question in questions if question["type"] in ("text", "textarea")]
    return answers(questions, dict.fromkeys(texts, "") if on_screen else {})


def credential_type_faults(given: Mapping[str, Any]) -> list[str]:
    """What AWX would refuse in a credential type (CredentialTypeInputField, CredentialTypeInjectorField)."""
    faults = [] if given["kind"] in ("cloud", "net") else ["only the kinds cloud and net can be made"]
    fields = given["inputs"]["fields"]
    ids = [field["id"] for field in fields]
    if set(given["inputs"]) - {"fields", "required"} or len(set(ids)) < len(ids) or "tower" in ids:
        faults.append("the inputs are not in order")
    known = {
        "id",
        "label",
        "type",
        "format",
        "choices",
        "help_text",
        "multiline",
        "secret",
        "ask_at_runtime",
        "default",
    }
    for field in fields:
        if set(field) - known or not {"id", "label"} <= set(field) or field["type"] not in ("string", "boolean"):
            faults.append(f"{field['id']} is not in order")
        if "default" in field:
            faults.append(f"{field['id']} has a default, which the server never applies")
    names = {"file": r"template(\.[a-zA-Z_]\w*)?", "env": r"(?!ANSIBLE_)[a-zA-Z_]\w*", "extra_vars": r"[a-zA-Z_]\w*"}
    for kind, injectors in given["injectors"].items():
        for name, template in injectors.items():
            if not re.fullmatch(names[kind], name):
                faults.append(f"{name} is no name for {kind}")
            if kind == "env" and not template.isascii():
                faults.append(f"{name} is not in ASCII")
    sandbox = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    files = {name.partition(".")[2]: "EXAMPLE_FILENAME" for name in given["injectors"]["file"]}
    namespace = {**dict.fromkeys(ids, "EXAMPLE"), "tower": {"filename": files}}
    for injectors in given["injectors"].values():
        for template in injectors.values():
            sandbox.from_string(template).render(namespace)
    return faults


def inject(
    given: Mapping[str, Any], inputs: Mapping[str, str], folder: Path, *, stored: bool = False
) -> dict[str, str]:
    """The environment that a credential gives a job, with its files made in a folder.

    As CredentialType.inject_credential does it: what is blank is undefined. ``stored``: with the injectors in the order
    in which PostgreSQL keeps the names of jsonb.
    """
    namespace: dict[str, Any] = {name: value for name, value in inputs.items() if value}
    sandbox = ImmutableSandboxedEnvironment()
    files = list(given["injectors"]["file"].items())
    filenames: dict[str, str] = {}
    for label, template in sorted(files, key=lambda item: (len(item[0]), item[0])) if stored else files:
        name = label.partition(".")[2]
        path = folder / f"tmp_{name}"
        path.write_text(sandbox.from_string(template).render(namespace))
        filenames[name] = str(path)
        namespace["tower"] = {"filename": filenames}
    return {
        name: sandbox.from_string(template).render(namespace) for name, template in given["injectors"]["env"].items()
    }
