# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was measured, as tables and as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from statistics import median

from benchmark.cases import Case, Results
from benchmark.subjects import SUBJECTS, Measured

TARGETS = ("What", "At most", "Measured", "Met")
CONTESTS = ("Who", "Seconds", "Fastest to slowest", "Processor seconds", "Memory, MB", "API calls")

# Of the picture, in pixels.
_WIDTH, _LABELS, _ROW = 760, 330, 26


def targets(cases: Sequence[Case], results: Results) -> Iterator[tuple[str, ...]]:
    for case in cases:
        for target in case.targets:
            value = target.value(results)
            yield target.what, _number(target.most), _number(value), "yes" if value <= target.most else "no"


def contests(results: Results) -> Iterator[tuple[str, ...]]:
    for name, measured in results.items():
        spread = f"{min(measured.seconds):.1f} to {max(measured.seconds):.1f}" if len(measured.seconds) > 1 else "once"
        yield (
            SUBJECTS[name].what,
            f"{median(measured.seconds):.1f}",
            spread,
            f"{median(measured.processor):.1f}",
            f"{measured.peak:.0f}",
            f"{sum(measured.calls.values())}",
        )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}" if value < 0.1 else f"{value:.2f}"


def as_text(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in [heading, *rows]) for column in range(len(heading))]

    def line(row: Sequence[str]) -> str:
        first, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        return "  ".join([first, *rest]).rstrip()

    return "\n".join([line(heading), line(["-" * width for width in widths]), *map(line, rows)])


def as_rst(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def entry(row: Sequence[str]) -> str:
        first, *rest = row
        return "\n".join([f"  * - {first}", *(f"    - {cell}" for cell in rest)])

    return "\n".join([".. list-table::", "  :header-rows: 1", "", entry(heading), *map(entry, rows)])


def picture(results: Results, names: Sequence[str]) -> str:
    """The seconds of some subjects as bars. The scale is logarithmic, or the short ones would not be seen."""
    shown = {name: results[name] for name in names if name in results}
    longest = max((median(measured.seconds) for measured in shown.values()), default=1.0)
    decades = max(1, math.ceil(math.log10(longest)))
    height = _ROW * len(shown) + 44
    lines = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" style="max-width:{_WIDTH}px;width:100%;height:auto" '
        'font-family="sans-serif" font-size="13" xmlns="http://www.w3.org/2000/svg">',
        f"  <title>{escape('; '.join(_in_words(name, measured) for name, measured in shown.items()))}</title>",
        '  <g fill="currentColor">',
    ]
    for row, (name, measured) in enumerate(shown.items()):
        lines.extend(f"    {line}" for line in _bar(row, name, measured, decades))
    lines.append("  </g>")
    for decade in range(decades + 1):
        x = _x(10.0**decade, decades)
        lines.append(
            f'  <path d="M{x:.0f} 4 V{height - 36}" stroke="currentColor" stroke-opacity="0.25"/>'
            f'<text x="{x:.0f}" y="{height - 20}" text-anchor="middle" fill="currentColor">{10**decade:,}</text>'
        )
    middle = (_LABELS + _WIDTH) // 2
    lines.append(f'  <text x="{middle}" y="{height - 4}" text-anchor="middle" fill="currentColor">seconds</text>')
    return "\n".join([*lines, "</svg>"])


def _bar(row: int, name: str, measured: Measured, decades: int) -> Iterator[str]:
    seconds = median(measured.seconds)
    y = 6 + _ROW * row
    # Ours are filled more strongly than what is there to compare them with.
    opacity = 0.35 if name in ("script", "patient", "direct-patient", "loop", "cli") else 0.8
    end = _x(seconds, decades)
    yield f'<text x="{_LABELS - 8}" y="{y + 14}" text-anchor="end">{escape(SUBJECTS[name].what)}</text>'
    yield f'<rect x="{_LABELS}" y="{y}" width="{end - _LABELS:.0f}" height="{_ROW - 8}" fill-opacity="{opacity}"/>'
    yield f'<text x="{end + 6:.0f}" y="{y + 14}">{seconds:,.1f}</text>'


def _x(seconds: float, decades: int) -> float:
    """Where a bar of so many seconds ends; a second or less is none."""
    return _LABELS + (_WIDTH - _LABELS - 60) * max(0.0, math.log10(seconds)) / decades


def _in_words(name: str, measured: Measured) -> str:
    return f"{SUBJECTS[name].what}: {median(measured.seconds):.1f} seconds"
