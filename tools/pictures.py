# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the pictures of the README from a real run against the simulated OCI: the terminal, and the report's page.

The recording is an SVG in which the lines scroll by in a window, in the order and with the pauses in which they were
printed, faster than in life. It follows the reader's light or dark setting. What shows no motion, or is asked for less
of it, shows the end.
"""

from __future__ import annotations

import html
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from demo import demo
from integration.support.browser import browser, find_browser
from rich.console import Console
from rich.style import Style
from rich.text import Text

from simulator.client import Simulator

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
COLUMNS = 100
# Seconds between two lines, at most and at least, in the recording; and how much faster than in life it is.
_PAUSE_MAX, _PAUSE_MIN, _FASTER = 0.6, 0.04, 4.0
_ROW, _CELL, _MARGIN = 19, 8.43, 16
# Above the last heading of a section that is not too far down.
_END_OF_SECTIONS = """Math.max(0, ...[...document.querySelectorAll("h2")]
  .map((each) => Math.floor(each.getBoundingClientRect().top) - 16).filter((top) => top > 350 && top < 1000))"""
# Rows of the terminal's window.
_WINDOW = 30
# The terminal's colours by their names in the CSS below.
_COLORS = {1: "red", 2: "green", 3: "yellow", 4: "blue", 5: "magenta", 6: "cyan", 8: "gray", 9: "red", 10: "green"}

_CSS = """
svg { background: var(--ground); font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
text { fill: var(--text); white-space: pre }
:root { --ground: #ffffff; --text: #1f2328; --red: #cf222e; --green: #116329; --yellow: #7d4e00; --blue: #0550ae;
  --magenta: #8250df; --cyan: #0b6c74; --gray: #59636e }
@media (prefers-color-scheme: dark) { :root { --ground: #0d1117; --text: #e6edf3; --red: #ff7b72; --green: #7ee787;
  --yellow: #e3b341; --blue: #79c0ff; --magenta: #d2a8ff; --cyan: #76e3ea; --gray: #9198a1 } }
.b { font-weight: bold }
"""


@dataclass(frozen=True)
class Line:
    """What a terminal got as a line, with its colours, and when, in seconds since the start."""

    text: str
    at: float


def main() -> int:
    chromium = find_browser()
    if chromium is None:
        print("There is no chromium on this machine, which the picture of the report needs.", file=sys.stderr)
        return 1
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as name,
        Simulator.start(demo.HERE / "fleet.yml", settle=1.5, latency=0.05) as simulator,
    ):
        folder = Path(name)
        reports = folder / "reports"
        reports.mkdir()
        demo.write_variables(simulator, folder, reports)
        lines = record(simulator, folder, "rekey")
        (PICTURES / "terminal.svg").write_text(recording(lines), encoding="utf-8")
        photograph(demo.newest(reports) / "report.html", chromium, folder)
    for path in sorted(PICTURES.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:,.0f} kB")
    return 0


def record(simulator: Simulator, folder: Path, name: str) -> list[Line]:
    """Run a playbook of the collection in a terminal, and note each line that it prints."""
    command = ["ansible-playbook", "-i", "localhost,", f"oci_keys.block_volume.{name}", "-e", f"@{name}.yml"]
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLUMNS": str(COLUMNS),
        "ANSIBLE_FORCE_COLOR": "1",
        **demo.collections(folder),
        **simulator.environment(),
    }
    ours, theirs = pty.openpty()
    began = time.monotonic()
    found = [Line(f"$ {' '.join(command)}", 0.0)]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        rest = b""
        while True:
            try:
                some = os.read(ours, 65536)
            except OSError:  # the terminal's other end is closed
                break
            *complete, rest = (rest + some).split(b"\n")
            now = time.monotonic() - began
            found += [Line(line.decode().rstrip("\r"), now) for line in complete]
    os.close(ours)
    if process.returncode:
        raise SystemExit("\n".join(line.text for line in found))
    return [Line(line.text.replace(str(folder), "~"), line.at) for line in found]


def recording(lines: list[Line]) -> str:
    """The lines as an animated SVG: a window whose base style is the end, and which an animation scrolls to it."""
    rows: list[str] = []
    stops: list[tuple[float, int]] = []
    at = last = 0.0
    for line in _without_empty_runs(lines):
        at += min(max((line.at - last) / _FASTER, _PAUSE_MIN), _PAUSE_MAX)
        last = line.at
        for text in Text.from_ansi(line.text).wrap(Console(width=COLUMNS), COLUMNS, tab_size=8) or [Text("")]:
            y = _MARGIN + _ROW * (len(rows) + 1)
            rows.append(f'<text x="{_MARGIN}" y="{y}">{_spans(text)}</text>')
        stops.append((at, len(rows)))
    width = round(COLUMNS * _CELL + 2 * _MARGIN)
    height = _WINDOW * _ROW + 2 * _MARGIN
    top = _MARGIN + 4  # below the letters of the row before the first one that is shown
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>A run of the playbook rekey in a terminal</title>\n"
        f"<style>{_CSS}{_motion(stops, len(rows))}</style>\n"
        f'<clipPath id="window"><rect y="{top}" width="{width}" height="{_WINDOW * _ROW}"/></clipPath>\n'
        '<g clip-path="url(#window)"><g class="all">\n' + "\n".join(rows) + "\n"
        f'<rect class="rest" y="{top}" width="{width}" height="{(len(rows) + _WINDOW) * _ROW}"/>\n'
        "</g></g>\n</svg>\n"
    )


def _motion(stops: list[tuple[float, int]], rows: int) -> str:
    """The styles that scroll the lines, and move down what covers those that are not printed yet."""
    whole = stops[-1][0]
    scrolled = "\n".join(
        f"{100 * at / whole:.2f}% {{ transform: {_moved(max(0, seen - _WINDOW), -1)} }}" for at, seen in stops
    )
    covered = "\n".join(f"{100 * at / whole:.2f}% {{ transform: {_moved(seen, 1)} }}" for at, seen in stops)
    return f"""
.all {{ transform: {_moved(max(0, rows - _WINDOW), -1)} }}
.rest {{ fill: var(--ground); transform: {_moved(rows, 1)} }}
@keyframes scrolled {{ 0% {{ transform: none }}
{scrolled} }}
@keyframes covered {{ 0% {{ transform: none }}
{covered} }}
@media (prefers-reduced-motion: no-preference) {{
  .all {{ animation: scrolled {whole:.1f}s step-end 1 }}
  .rest {{ animation: covered {whole:.1f}s step-end 1 }} }}
"""


def _moved(rows: int, sign: int) -> str:
    return f"translateY({sign * rows * _ROW}px)"


def _without_empty_runs(lines: list[Line]) -> list[Line]:
    found: list[Line] = []
    for line in lines:
        if re.sub("\033\\[[0-9;]*m", "", line.text).strip() or (found and found[-1].text):
            found.append(line)
    return found


def _spans(text: Text) -> str:
    """A line's pieces, each in its colour."""
    plain, pieces, position = text.plain, [], 0
    spans = sorted(text.spans, key=lambda span: span.start)
    for span in spans:
        if span.start < position or not isinstance(span.style, Style):
            continue
        pieces.append(html.escape(plain[position : span.start]))
        pieces.append(_piece(plain[span.start : span.end], span.style))
        position = span.end
    return "".join([*pieces, html.escape(plain[position:])])


def _piece(text: str, style: Style) -> str:
    number = style.color.number if style.color is not None else None
    color = f' fill="var(--{_COLORS[number]})"' if number in _COLORS else ""
    bold = ' class="b"' if style.bold else ""
    return f"<tspan{color}{bold}>{html.escape(text)}</tspan>"


def photograph(page: Path, chromium: str, folder: Path) -> None:
    """The top of a report's page, in light and in dark, as far as there are whole sections."""
    with browser(chromium, folder / "browser") as shown:
        shown.call("Emulation.setDeviceMetricsOverride", width=1000, height=700, deviceScaleFactor=1, mobile=False)
        for scheme in ("light", "dark"):
            shown.media(scheme=scheme)
            shown.open(page)
            height = shown.evaluate(_END_OF_SECTIONS) or 700
            shown.screenshot(PICTURES / f"report-{scheme}.png", x=0, y=0, width=1000, height=height)


if __name__ == "__main__":
    sys.exit(main())
