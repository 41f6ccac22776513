# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as an HTML page, rendered from a Jinja2 template."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._common.errors import InputError
from .._common.text import all_visible, visible
from .._model.resource_types import RESOURCE_TYPES, ResourceType
from .attachments import attachment_words, unread_places
from .benchmark import type_rank
from .failures import UNKNOWN, Failures
from .headline import Protection
from .key_use import key_uses
from .new_volumes import key_sentence, knows_pools, remedy, volume_words
from .scope import compartment_paths

if TYPE_CHECKING:
    import jinja2

SINCE_LISTS = (
    ("keys_newly_unusable", "Keys that can't be used any more"),
    ("keys_newly_unknown", "Keys that can't be read any more"),
    ("no_longer_compliant", "Resources that are not compliant any more"),
    ("exceptions_newly_expired", "Exceptions that have expired"),
    ("no_longer_excepted", "Resources that no exception excuses any more"),
    ("newly_excepted", "Resources that are newly excepted"),
    ("newly_compliant", "Resources that are newly compliant"),
    ("other_key", "Resources on another key"),
    ("new", "New resources"),
    ("gone", "Resources that are gone, or not in scope any more"),
    ("unknown", "Resources that were, or are, unknown"),
)
"""The lists of ``since`` as the page shows them, the worst first."""

_TREND_LEFT, _TREND_WIDTH, _TREND_BOTTOM, _TREND_HEIGHT = 50, 660, 130, 110

_STATES = {
    "met": "✓ met",
    "not_met": "✗ not met",
    "unknown": "? unknown",
    "excepted": "met but for exceptions",
    "not_applicable": "not applicable",
}


@functools.cache
def _compiled(template: str) -> jinja2.Template:
    """With the filters that templates may use. Raises as ``render`` does."""
    import jinja2
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        csp_hash=_csp_hash,
        percent=percent,
        thousands=_thousands,
        type_word=type_word,
        type_words=type_words,
        type_column=type_column,
        recommendation=recommendation,
        recommended_types=recommended_types,
        state_words=state_words,
        state_class=state_class,
        condition_words=condition_words,
        exception_words=exception_words,
        attachment_words=attachment_words,
        volume_words=volume_words,
        new_volumes_remedy=remedy,
        key_sentence=key_sentence,
    )
    return environment.from_string(template)


def render(template: str, report: Mapping[str, Any], digest: str) -> str:
    """The page, with all text of the report escaped. ``digest`` is the SHA-256 of report.json.

    Raises ImportError where Jinja2 is missing, and InputError for a template with an error.
    """
    import jinja2

    chart = chart_data(report)
    facts = RowFacts(report)
    try:
        page = _compiled(template).render(
            report=all_visible(report),
            chart_data=chart,
            figure=chart,  # its name in 0.1.0, which templates of users may have
            names=all_visible(_names(report)),
            facts_of=facts.of,
            listed_keys=_listed_keys(report),
            since_lists=SINCE_LISTS,
            trend_line=trend_line(report.get("trend")),
            unread_places=all_visible(unread_places(report)),
            knows_pools=knows_pools(report),
            digest=digest,
        )
    except jinja2.TemplateError as error:
        raise InputError(f"'template' could not be rendered: {error}") from error
    return page.strip() + "\n"


class RowFacts:
    """What the row of a resource says besides: its protection (c, o or u for unknown), and its checks."""

    def __init__(self, report: Mapping[str, Any]) -> None:
        self._protection = Protection(key_uses(report["resources"], report["keys"]))
        self._failures = Failures(report)

    def of(self, resource: Any) -> dict[str, str]:
        not_met = self._failures.of(resource)
        return {
            "protection": self._protection(resource)[0],
            "not_met": " ".join(not_met),
            "not_met_words": ", ".join(map(check_words, not_met)),
            "unknown": " ".join(self._failures.of(resource, UNKNOWN)),
        }


def check_words(name: str) -> str:
    """A check as a row names it ("CIS 5.2.1", "usable keys")."""
    return f"CIS {name}" if name[:1].isdigit() else name.replace("_", " ")


def trend_line(trend: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The line of the share on customer-managed keys, in a picture of 720 by 160; None if there is nothing to draw.

    A report without any resource has no share, and no point.
    """
    points = [point for point in trend["points"] if point["total"]] if trend else []
    if len(points) < 2:
        return None
    step = _TREND_WIDTH / (len(points) - 1)
    places = [
        (
            round(_TREND_LEFT + number * step, 1),
            round(_TREND_BOTTOM - _TREND_HEIGHT * point["customer"] / point["total"], 1),
            point["complete"],
        )
        for number, point in enumerate(points)
    ]
    return {
        "points": places,
        "line": " ".join(f"{x},{y}" for x, y, _complete in places),
        "first": points[0]["time_finished"][:10],
        "last": points[-1]["time_finished"][:10],
    }


def chart_data(report: Mapping[str, Any]) -> dict[str, Any]:
    """Resources on customer-managed keys as a grid: a row per region, a column per type, and the totals.

    Of these, ``unknown`` are on keys that could not be read.
    """
    pairs = report["summary"]["by_region_and_type"]
    regions = sorted({pair["region"] for pair in pairs})
    types = sorted({pair["type"] for pair in pairs}, key=type_rank)
    rows = [{"name": visible(region), "cells": _cells(pairs, types, region)} for region in regions]
    if len(regions) > 1:
        rows.append({"name": "All regions", "cells": _cells(pairs, types, None)})
    return {"types": types, "rows": rows}


def _cells(pairs: Sequence[Mapping[str, Any]], types: Sequence[str], region: str | None) -> list[dict[str, int]]:
    """All and customer-managed resources of each type in one region, or in all regions; the last cell is all types."""
    here = [pair for pair in pairs if region in (None, pair["region"])]
    columns = [[pair for pair in here if pair["type"] == name] for name in types]
    return [
        {name: sum(pair[name] for pair in column) for name in ("total", "customer", "unknown")}
        for column in ([*columns, here] if len(types) > 1 else columns)
    ]


def percent(part: int, total: int) -> str:
    """A share in whole percent; 0 % and 100 % only if they are exact."""
    if not total:
        return "none"
    if 0 < part < total:
        return f"{min(99, max(1, round(100 * part / total)))} %"
    return f"{100 * part // total} %"


def _names(report: Mapping[str, Any]) -> dict[str, str]:
    """The names of keys and the paths of compartments by OCID."""
    names = compartment_paths(report["evidence"]["scanned"])
    names.update({key["id"]: key["display_name"] for key in report["keys"] if key["display_name"]})
    return names


def state_words(state: str) -> str:
    """The state of a check in words."""
    return _STATES.get(state, state)


def state_class(state: str) -> str:
    """The style of the state of a check: only what is met is good."""
    return {"met": "good", "not_met": "bad", "unknown": "oracle"}.get(state, "muted")


def condition_words(condition: str) -> str:
    """The condition of a key in words."""
    return condition.replace("_", " ")


def exception_words(match: Mapping[str, Any]) -> str:
    """What an exception selects ("2 resource ids; Block volumes")."""
    parts = []
    for name, value in sorted(match.items()):
        words = name.replace("_", " ")
        if name == "resource_types":
            parts.append(", ".join(map(type_words, value)))
        elif name == "freeform_tags":
            parts.append(f"{words} {', '.join(f'{tag}={text}' for tag, text in value.items())}")
        elif name == "defined_tags":
            tags = [f"{space}.{tag}={text}" for space, each in value.items() for tag, text in each.items()]
            parts.append(f"{words} {', '.join(tags)}")
        else:
            parts.append(value[0] if len(value) == 1 else f"{len(value):,} {words}")
    return "; ".join(parts)


def _listed_keys(report: Mapping[str, Any]) -> set[str]:
    """The keys in use whose name is that of no other key, so that it stands for the OCID on paper."""
    names = {key["id"]: key["display_name"] for key in report["keys"] if key["display_name"]}
    counts = Counter(names.values())
    used = {row["kms_key_id"] for row in report["summary"]["by_key"]}
    return {key for key, name in names.items() if key in used and counts[name] == 1}


def _csp_hash(text: object) -> str:
    """The source expression that allows an inline script or style in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(str(text).encode()).digest()).decode()}'"


def type_word(name: str) -> str:
    """One resource of a type ("Boot volume"); an unknown type as it is named."""
    return _words(name, lambda row: row.singular)


def type_words(name: str) -> str:
    """Resources of a type ("Boot volumes")."""
    return _words(name, lambda row: row.plural)


def type_column(name: str) -> str:
    """The heading of a type's column of the chart."""
    return _words(name, lambda row: row.column or row.plural)


def recommendation(name: str) -> str:
    """The number of the benchmark's recommendation about a type; empty if there is none."""
    row = RESOURCE_TYPES.get(name)
    return "" if row is None else row.recommendation


def recommended_types(number: str) -> str:
    """The resources that a recommendation of the benchmark is about ("boot volumes")."""
    return ", ".join(row.plural for row in RESOURCE_TYPES if row.recommendation == number)


def _words(name: str, words: Callable[[ResourceType], str]) -> str:
    row = RESOURCE_TYPES.get(name)
    if row is None:
        return name
    return words(row).capitalize()


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
