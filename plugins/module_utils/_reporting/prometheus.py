# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures of a report in the text format of Prometheus, as the textfile collector of node_exporter reads it. Pure.

Labels have few values: regions, types, checks, states. OCIDs and names of resources are in the report. What is unknown
has no sample, or a figure of its own, and is never 0.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .._common.text import readable
from .._common.timestamps import parse_rfc3339
from .._model.key_exceptions import EXCEPTION_STATES
from .._model.resource_types import RESOURCE_TYPES
from .._model.rows import ATTACHMENT_STATES
from .attachments import attachment_counts
from .checks import MET, NOT_APPLICABLE, UNKNOWN
from .key_use import KeyUse, key_uses
from .scope import compartment_paths
from .since import ALL_LISTS

PREFIX = "oci_block_volume_keys"
MARK = f"# Written by oci_keys.block_volume. {PREFIX}\n"
"""The first line, by which a file is known that may be replaced."""

MOST_REGIONS = 100
_OTHER = "other"
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_STATE = re.compile(r"[A-Z_]{1,40}")
_MOST_STATES = 20
_NAME_LENGTH = 100
_LEVELS = {"green": 0, "amber": 1, "red": 2}

_Labels = Mapping[str, str]
_Sample = tuple[_Labels, float]


def metrics_text(report: Mapping[str, Any]) -> str:
    lines = [MARK]
    for name, help_text, samples in _families(report):
        found = list(samples)
        if found:
            lines.append(f"# HELP {PREFIX}_{name} {help_text}\n# TYPE {PREFIX}_{name} gauge\n")
            lines += [_line(f"{PREFIX}_{name}", labels, value) for labels, value in found]
    return "".join(lines)


def _line(name: str, labels: _Labels, value: float) -> str:
    shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    number = str(int(value)) if value == int(value) else repr(value)
    return f"{name}{{{shown}}} {number}\n" if shown else f"{name} {number}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _families(report: Mapping[str, Any]) -> Iterable[tuple[str, str, Iterable[_Sample]]]:
    evidence, summary = report["evidence"], report["summary"]
    checks = [*report["violations"]["checks"], *report["violations"]["beyond"]]
    yield "report_info", "The report that the other figures are from.", [(_info(report), 1)]
    yield "report_time_seconds", "When the report was made, in Unix time.", [({}, _seconds(evidence["time_finished"]))]
    yield "report_complete", "1 if everything in scope could be read, else 0.", [({}, float(report["complete"]))]
    yield "unreadable_places", "Places that could not be read.", [({}, summary["unreadable"])]
    headline = report["headline"]
    yield (
        "headline_level",
        "0 green, 1 amber, 2 red: the worst that the report says.",
        [({}, _LEVELS[headline["level"]])],
    )
    yield (
        "protected_resources",
        "Resources by protection. Unknown: their key could not be read. Endangered ones are also counted as customer.",
        [
            ({"protection": name}, headline["coverage"][name])
            for name in ("customer", "oracle", "unknown", "endangered")
        ],
    )
    yield "resources", "Resources by region, type and who manages their key.", _resources(summary)
    yield (
        "check_met",
        "1 if all is known to meet the check, else 0. Without a sample, there is nothing that it is about.",
        [
            ({"check": check["id"]}, float(check["state"] == MET))
            for check in checks
            if check["state"] != NOT_APPLICABLE
        ],
    )
    yield (
        "check_findings",
        "Resources or keys that do not meet the check. Without a sample, it is not known whether there are any.",
        _counts(checks, "findings"),
    )
    yield (
        "check_unknown",
        "Resources or keys of which it is not known whether they meet the check. No sample: see check_uncertain.",
        _counts(checks, "unknown"),
    )
    yield (
        "check_uncertain",
        "1 if it is not known whether the check is met, else 0.",
        [({"check": check["id"]}, float(check["state"] == UNKNOWN)) for check in checks if check["assessed"]],
    )
    yield (
        "keys",
        "Keys in use by their state, a key in two regions twice. Unknown: it could not be read.",
        _keys(report),
    )
    yield (
        "resources_on_keys",
        "Resources by the state of their key. Unknown: it could not be read.",
        _resources_on_keys(report),
    )
    yield "next_key_deletion_time_seconds", "When the next key in use is deleted, in Unix time.", _deletion(report)
    yield (
        "oldest_key_age_days",
        "Days since the oldest key in use was created. No sample: an age is unknown.",
        _age(report),
    )
    yield (
        "outcomes",
        "Resources that the run changed, by outcome.",
        [({"outcome": name}, count) for name, count in report["outcomes"].items() if name != "total"],
    )
    yield "exceptions", "Exceptions by their state. No sample: none were given.", _exceptions(report)
    exceptions = report.get("exceptions")
    yield (
        "excepted_resources",
        "Resources that an exception excuses. No sample: no exceptions were given.",
        [({}, exceptions["excepted"])] if exceptions else [],
    )
    yield "attachments", "Volumes by what they are attached to. No sample: nobody looked.", _attachments(report)
    yield (
        "new_volume_pools",
        "Pools that create volumes, by the key's manager. No sample: nobody looked.",
        _pools(report),
    )
    since = report.get("since")
    yield (
        "since_baseline",
        "What is different since the earlier report, by kind.",
        [] if since is None else [({"change": name}, len(since[name])) for name in ALL_LISTS],
    )


def _info(report: Mapping[str, Any]) -> dict[str, str]:
    evidence = report["evidence"]
    names = compartment_paths(evidence["scanned"])
    return {
        "tenancy": readable(names.get(str(evidence["tenancy"])) or "unknown", _NAME_LENGTH),
        "mode": evidence["mode"],
        "version": readable(evidence["versions"]["collection"] or "unknown", _NAME_LENGTH),
    }


def _counts(checks: Iterable[Mapping[str, Any]], name: str) -> Iterable[_Sample]:
    """How many a check lists. Where its state is unknown, that it lists none does not mean that there are none."""
    for check in checks:
        if check["assessed"] and (check[name] or check["state"] != UNKNOWN):
            yield {"check": check["id"]}, len(check[name])


def _region(name: str, known: set[str]) -> str:
    """A region as a label. Files that a report is made from need not be trusted, so neither their number nor form."""
    if _REGION.fullmatch(name) and (name in known or len(known) < MOST_REGIONS):
        known.add(name)
        return name
    return _OTHER


def _resources(summary: Mapping[str, Any]) -> Iterable[_Sample]:
    known: set[str] = set()
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in summary["by_region_and_type"]:
        region, kind = _region(row["region"], known), row["type"] if RESOURCE_TYPES.get(row["type"]) else _OTHER
        counts[region, kind, "customer"] += row["customer"]
        counts[region, kind, "oracle"] += row["total"] - row["customer"]
    for (region, kind, encryption), count in sorted(counts.items()):
        yield {"region": region, "type": kind, "encryption": encryption}, count


def _state(key: Mapping[str, Any] | None) -> str:
    state = key["lifecycle_state"] if key else None
    if state is None:
        return "unknown"
    return state if _STATE.fullmatch(state) else _OTHER


def _bounded(counts: Counter[str]) -> Iterable[_Sample]:
    kept = dict(counts.most_common(_MOST_STATES))
    rest = sum(counts.values()) - sum(kept.values())
    if rest:
        kept[_OTHER] = kept.get(_OTHER, 0) + rest
    for state, count in sorted(kept.items()):
        yield {"state": state}, count


def _used_keys(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [key for key in report["keys"] if key["used_by"]]


def _uses(report: Mapping[str, Any]) -> list[KeyUse]:
    """Every key in use, also one that nobody looked up."""
    return key_uses(report["resources"], report["keys"])


def _keys(report: Mapping[str, Any]) -> Iterable[_Sample]:
    return _bounded(Counter(_state(use.row) for use in _uses(report)))


def _resources_on_keys(report: Mapping[str, Any]) -> Iterable[_Sample]:
    counts: Counter[str] = Counter()
    for key in _used_keys(report):
        counts[_state(key)] += key["used_by"]
    unread = report["summary"]["customer"] - sum(counts.values())
    if unread > 0:
        counts["unknown"] += unread
    return _bounded(counts)


def _exceptions(report: Mapping[str, Any]) -> Iterable[_Sample]:
    """Every state, also of no exception, if a file of them was given."""
    section = report.get("exceptions")
    if section is None:
        return
    counts = Counter(row["state"] for row in section["rows"])
    for state in EXCEPTION_STATES:
        yield {"state": state}, counts[state]


def _pools(report: Mapping[str, Any]) -> Iterable[_Sample]:
    """A pool that creates volumes on several keys is counted for each."""
    section = report.get("new_volumes")
    if section is None:
        return
    for name, is_oracle in (("customer", False), ("oracle", True)):
        rows = [row for row in section["by_key"] if (row["kms_key_id"] is None) == is_oracle]
        yield {"encryption": name}, sum(row["instance_pools"] + row["node_pools"] for row in rows)


def _attachments(report: Mapping[str, Any]) -> Iterable[_Sample]:
    """Every state, also of no volume, if somebody looked."""
    if report["evidence"]["scanned"].get("attachments") is None:
        return
    counts = attachment_counts(report["resources"])
    for state in ATTACHMENT_STATES:
        yield {"state": state}, counts[state]


def _deletion(report: Mapping[str, Any]) -> Iterable[_Sample]:
    times = [time for key in _used_keys(report) if (time := _seconds(key.get("time_of_deletion"))) is not None]
    return [({}, min(times))] if times else []


def _age(report: Mapping[str, Any]) -> Iterable[_Sample]:
    """None where an age is not known: that key may be the oldest."""
    known = {(key["id"], key["region"]): key["age_days"] for key in report["keys"]}
    ages = [known.get((use.kms_key_id, use.region)) for use in _uses(report)]
    certain = [age for age in ages if age is not None]
    return [({}, max(certain))] if certain and len(certain) == len(ages) else []


def _seconds(moment: str | None) -> Any:
    """Unix time; None for what is no time."""
    try:
        return None if moment is None else parse_rfc3339(moment).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
