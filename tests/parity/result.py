# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result: a table to read, and a redacted file to send."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .probe import DIFFERS, Finding
from .recording import Exchange, Redactor

VERSION = 1
_OCID = re.compile(r"ocid1\.[a-z0-9]+\.[a-z0-9]+\.[a-z0-9-]*\.([0-9a-zA-Z_.\-]+)")


def table(findings: Sequence[Finding]) -> str:
    """One line each: what was assumed, what was seen, and whether that differs."""
    rows = [("probe", "section", "assumed", "seen", "verdict")]
    rows += [
        (
            one.probe.name,
            one.probe.section,
            one.probe.assumed,
            one.seen,
            one.verdict.upper() if one.verdict == DIFFERS else one.verdict,
        )
        for one in findings
    ]
    widths = [min(max(len(row[column]) for row in rows), 44) for column in range(5)]
    lines = [
        "  ".join(_cut(cell, width).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", summary(findings)])


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def summary(findings: Iterable[Finding]) -> str:
    counts = Counter(one.verdict for one in findings)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("as assumed", "differs", "unknown", "skipped"))


def document(
    findings: Iterable[Finding],
    exchanges: Iterable[Exchange],
    product: Iterable[dict[str, Any]],
    *,
    date: str,
    region: str,
    seconds: dict[str, list[float]],
    redactor: Redactor,
) -> dict[str, Any]:
    """What the file holds: guide_parity.rst says the same to whoever sends it."""
    return {
        "format": "oci_keys.block_volume parity",
        "version": VERSION,
        "date": date,
        "region": region,
        "findings": [
            {
                "probe": one.probe.name,
                "section": one.probe.section,
                "question": one.probe.question,
                "switch": one.probe.switch or None,
                "assumed": one.probe.assumed,
                "seen": redactor.text(one.seen),
                "verdict": one.verdict,
            }
            for one in findings
        ],
        "product": [{name: redactor.text(text) for name, text in row.items()} for row in product],
        "seconds": {name: [round(value, 1) for value in values] for name, values in sorted(seconds.items())},
        "exchanges": [redactor.exchange(one) for one in exchanges],
    }


def write(folder: Path, content: dict[str, Any]) -> Path:
    """`parity-<date>-<region>.json`; one of the same day gets a number, and no other one is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"parity-{content['date']}-{content['region']}"
    number = 1
    while True:
        file = folder / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
        try:
            with file.open("x", encoding="utf-8") as stream:
                json.dump(content, stream, indent=1, ensure_ascii=True)
                stream.write("\n")
        except FileExistsError:
            number += 1
            continue
        return file


def leaks(content: dict[str, Any]) -> list[str]:
    """OCIDs whose unique part is no hash, and what looks like a token or an address. None may be written."""
    text = json.dumps(content)
    found = [match[0] for match in _OCID.finditer(text) if not re.fullmatch(r"[0-9a-f]{32}", match[1])]
    found += re.findall(r"eyJ[\w-]{20,}|-----BEGIN|[\w.+-]+@[\w-]+\.\w+|ocidv1:\S+", text)
    return sorted(set(found))
