# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page ``index.html`` of a folder with many runs: what each of them found, with links to their pages."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote as percent_encoded

from .._common.files import write_private_text
from .._common.text import visible
from .._documents.own_files import foreign_text_reason
from .._documents.report_summary import FolderOfRun, ReportSummary, read_folder
from .html import percent

INDEX = "index.html"
MOST_LISTED = 1000

_MARK = '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta name="generator" content="oci_keys.block_volume index">\n'
_COLUMNS = ("Ended (UTC)", "Run", "Tenancy", "Customer-managed", "CIS findings", "Changed", "Complete")

_STYLE = """
:root {
  color-scheme: light dark;
  --page: #fff; --ink: #18212c; --muted: #566273; --line: #d8dee6; --link: #0a5aa8; --bad: #a61b1b;
}
@media (prefers-color-scheme: dark) {
  :root { --page: #11161d; --ink: #e7ecf2; --muted: #a3afbe; --line: #323d4a; --link: #69aefb; --bad: #ff9a92; }
}
body {
  margin: 0 auto; max-width: 1100px; padding: 24px 16px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif;
}
h1 { font-size: 25px; } h2 { font-size: 18px; margin-top: 32px; } a { color: var(--link); }
p, li, small { color: var(--muted); overflow-wrap: anywhere; } .bad { color: var(--bad); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
caption { text-align: left; color: var(--muted); padding: 4px 0; }
th, td {
  text-align: left; vertical-align: top; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere;
}
thead th { color: var(--muted); font-weight: 600; overflow-wrap: normal; } tbody th { font-weight: 500; }
small { display: block; font-size: 12px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
@media (max-width: 700px) {
  thead { position: absolute; left: -9999px; }
  tr, th, td { display: block; }
  tr { border-bottom: 1px solid var(--line); padding: 8px 0; }
  th, td { border: 0; padding: 1px 0; } td::before { color: var(--muted); }
  td:nth-child(2)::before { content: "Run: "; } td:nth-child(3)::before { content: "Tenancy: "; }
  td:nth-child(4)::before { content: "Customer-managed: "; } td:nth-child(5)::before { content: "CIS findings: "; }
  td:nth-child(6)::before { content: "Changed: "; } td:nth-child(7)::before { content: "Complete: "; }
}
"""


def write_index(folder: Path) -> Path:
    """Write the index of a folder. Raises OSError; :func:`foreign_index_reason` is to be asked before."""
    path = folder / INDEX
    write_private_text(path, index_page(read_folder(folder)))
    return path


def foreign_index_reason(path: Path) -> str | None:
    """Why an index.html is somebody's own; None if it is ours, or if there is none. Raises OSError."""
    return foreign_text_reason(path, _MARK, "an index of this collection")


def index_page(runs: Sequence[FolderOfRun]) -> str:
    """The page. Everything in it that was read is escaped."""
    known = sorted(
        ((run, run.summary) for run in runs if run.summary is not None),
        key=lambda pair: (pair[1]["time_finished"], pair[0].name),
        reverse=True,
    )
    unknown = [run for run in runs if run.summary is None]
    policy = f"default-src 'none'; img-src data:; style-src '{_digest(_STYLE)}'; base-uri 'none'; form-action 'none'"
    return _MARK + "\n".join(
        [
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            '<link rel="icon" href="data:,">',
            "<title>Reports on encryption keys of Block Volume</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            "<main>",
            "<h1>Reports on encryption keys of Block Volume</h1>",
            *_table(known),
            *_unknown(unknown),
            "</main>",
            "</body>",
            "</html>\n",
        ]
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _table(runs: Sequence[tuple[FolderOfRun, ReportSummary]]) -> Iterable[str]:
    if not runs:
        yield "<p>There is no report yet.</p>"
        return
    shown = runs[:MOST_LISTED]
    more = f", the newest {len(shown)} of {len(runs)}" if len(shown) < len(runs) else ""
    yield f"<table>\n<caption>{len(shown)} {'run' if len(shown) == 1 else 'runs'}, the newest first{more}</caption>"
    heads = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    yield f"<thead><tr>{heads}</tr></thead>\n<tbody>"
    yield from (_line(run, summary) for run, summary in shown)
    yield "</tbody></table>"


def _line(run: FolderOfRun, summary: ReportSummary) -> str:
    when = summary["time_finished"][:16].replace("T", " ")
    ended = (
        f'<a href="{percent_encoded(os.fsencode(run.name))}/report.html">{_text(when)}</a>'
        if run.has_page
        else _text(when)
    )
    what = (summary["role"] or "report").rpartition(".")[2] + (" (check mode)" if summary["mode"] == "check" else "")
    failed = f' <span class="bad">{summary["failed"]:,} failed</span>' if summary["failed"] else ""
    cells = (
        f"{_text(what)}<small>{_text(run.name)}</small>",
        _text(summary["tenancy_name"] or summary["tenancy"] or "unknown"),
        _coverage(summary),
        _findings(summary["findings"]),
        f"{summary['changed']:,}{failed}",
        "yes" if summary["complete"] else '<span class="bad">no</span>',
    )
    return f'<tr><th scope="row">{ended}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _coverage(summary: ReportSummary) -> str:
    share = f"{percent(summary['customer'], summary['total'])}, {summary['customer']:,} of {summary['total']:,}"
    unknown = f", {summary['unknown']:,} unknown" if summary["unknown"] else ""
    tone = ' class="bad"' if summary["level"] == "red" else ""
    return f"{share}{unknown}<small{tone}>{_text(summary['worst'])}</small>"


def _findings(count: int | None) -> str:
    if count is None:
        return "unknown"
    return f'<span class="bad">{count:,}</span>' if count else "0"


def _unknown(runs: Sequence[FolderOfRun]) -> Iterable[str]:
    if not runs:
        return
    yield "<h2>Folders without a report that can be read</h2>\n<ul>"
    yield from (f"<li>{_text(run.name)}: {_text(run.reason or '')}</li>" for run in runs[:MOST_LISTED])
    if len(runs) > MOST_LISTED:
        yield f"<li>and {len(runs) - MOST_LISTED:,} more</li>"
    yield "</ul>"


def _text(value: str) -> str:
    return escape(visible(value))
