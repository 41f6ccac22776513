# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a report in a browser: what people see of it, and that it does nothing else."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import html5lib
import pytest
from integration.support import axe
from integration.support.browser import Browser, browser, find_browser
from unit.support import report_files as files
from unit.support import terraform_states as states

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.changes_file import parse_changes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_file import parse_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import parse_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import (
    RunRecords,
    parse_report,
    plan_section,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_summary import summary_document
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.terraform_state import (
    parse_terraform_state,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.key_exceptions import KeyException, Selector
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.terraform import TerraformStates
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.build import (
    ReportContext,
    build,
    canonical,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.history import summarize
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.html import render
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.index_page import write_index
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.report_csv import cell
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.since import compare

TEMPLATE = Path(__file__).parents[2] / "roles" / "encryption_report" / "templates" / "report.html.j2"
COMMAND = find_browser()

pytestmark = pytest.mark.skipif(COMMAND is None, reason="no chromium on this machine")

KEEP_DOWNLOAD = """
URL.createObjectURL = blob => { window.saved = blob; return '#'; };
HTMLAnchorElement.prototype.click = () => 0;
"""

NASTY = (
    "<script>document.title='pwned'</script>",
    '"><img src="http://127.0.0.1:9/x.png" onerror="document.title=1">',
    "<style>body{display:none}</style>",
    "</td></tr></table><h1>All is well</h1>",
    "</script><iframe src='http://127.0.0.1:9/'></iframe>",
    "javascript:alert(1)",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(str(COMMAND), tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture(autouse=True)
def _as_it_was(request: pytest.FixtureRequest) -> None:
    if COMMAND is not None:
        request.getfixturevalue("page").media()
        request.getfixturevalue("page").size(1300)


def report(
    *resources: dict[str, Any],
    keys: Any = None,
    changes: Any = None,
    scanned: Any = None,
    new_volumes: Any = None,
    **fields: Any,
) -> dict[str, Any]:
    more = {"scanned": scanned or {}, "new_volumes": new_volumes}
    found = files.discovery(*resources, unreadable=[files.unreadable()], **more)
    part = RunRecords(
        discovery=parse_discovery(JsonNode(found, "before.json")),
        plan=plan_section(
            parse_plan(JsonNode(files.plan(files.planned(1), blocked=[files.planned(2, reason="b")]), "plan.json"))
        ),
        changes=parse_changes(
            JsonNode(files.changes(*(changes or (files.change(1), files.failure(2)))), "batch-1.json")
        ),
        keys=parse_keys(JsonNode(files.keys(*(keys or (files.key(),))), "keys.json")),
    )
    return build([part], [files.KEY_A], ReportContext("run", "2026-11-24T02:00:00.000Z", **fields))


def write(folder: Path, *resources: dict[str, Any], **fields: Any) -> Path:
    """The page of a report on these resources."""
    path = folder / "report.html"
    path.write_text(render(TEMPLATE.read_text(), report(*resources, **fields), "f" * 64), encoding="utf-8")
    return path


def write_everything(folder: Path) -> Path:
    """A page with all of its parts."""
    dying = files.key(
        files.KEY_B,
        display_name="a-key-with-a-name-that-is-longer-than-the-screen-of-any-phone-could-show-it",
        usable=False,
        lifecycle_state="PENDING_DELETION",
        time_of_deletion="2026-12-01T00:00:00Z",
        problems=["is PENDING_DELETION"],
    )
    more = (
        files.resource(5, key=files.KEY_B, display_name="x" * 255, locked="it is under retention lock"),
        files.resource(6, key=files.key_ocid(3), freeform_tags={"team": "payments"}),
        files.resource(7, "policy_assignment", files.KEY_A),
        files.resource(8, "replica"),
    )
    address = f'module.{"m" * 100}["{"k" * 100}"]'
    state = states.state(
        states.volume("oci_core_volume.data[0]", more[0]["id"], files.KEY_A),
        states.instance("oci_core_instance.web", SOME[2]["id"], files.KEY_B),
        {**states.volume("oci_core_volume.x", more[1]["id"], files.KEY_A), "address": f"{address}.oci_core_volume.x"},
    )
    managed = TerraformStates(["s"], parse_terraform_state(JsonNode(state, "s"), "s"))
    before = report(*SOME)
    excepted = KeyException(1, Selector(resource_ids=(SOME[1]["id"],)), "old", "storage", "CHG-1", "2027-06-30")
    expired = KeyException(2, Selector(resource_ids=(SOME[2]["id"],)), "e" * 200, "web", "CHG-2", "2026-11-01")
    now = report(
        *SOME[1:],
        *more,
        keys=[files.key(), dying],
        owner_tag="team",
        terraform=managed,
        exceptions=[excepted, expired],
        scanned={"attachments": UNREAD_ATTACHMENTS},
        new_volumes=BORN,
    )
    assert len(now["terraform"]["rows"]) == 3
    records = [parse_report(JsonNode(json.loads(canonical(one)), "report.json")) for one in (before, now)]
    now["since"] = dict(compare(*records))
    figures = {"total": 10, "oracle": 2, "unknown": 0, "findings": 2, "excepted": 1, "expired_exceptions": 1}
    now["trend"] = {
        "points": [
            {**figures, "time_finished": f"2026-11-2{day}T02:00:00.000Z", "customer": day, "complete": day != 2}
            for day in range(4)
        ],
        "left_out": 1,
        "unread": ["broken-run: it has no summary.json"],
        "unread_count": 3,
    }
    path = folder / "report.html"
    path.write_text(render(TEMPLATE.read_text(), now, "f" * 64), encoding="utf-8")
    return path


BORN = files.new_volumes(
    files.configuration(1, files.KEY_A, files.KEY_B, None, pools=3, display_name="c" * 200),
    files.configuration(2, files.KEY_B, pools=0),
    files.configuration(3, display_name=None, compartment_id=None, unknown="it could not be read"),
    files.configuration(4, volumes=[files.created_volume(files.KEY_A, "volume", copies_kms_key_id=files.KEY_B)]),
    files.node_pool(1),
    files.node_pool(2, files.KEY_A, region=files.PHX),
    unreadable=[files.unreadable(resource_type="instance_pool")],
)
HOST = {"id": "ocid1.instance.oc1.iad.exampleuniqueid", "display_name": "db-server-with-a-long-name-1"}
UNREAD_ATTACHMENTS = {"complete": False, "unreadable": [files.unreadable(resource_type="boot_volume")]}

SOME = (
    files.resource(
        1, key=files.KEY_A, display_name="db-data-01", attachments={"state": "attached", "instances": [HOST]}
    ),
    files.resource(
        2,
        display_name="db-redo-02",
        attachments={"state": "attached", "instances": [HOST, {**HOST, "display_name": None}]},
    ),
    files.resource(
        3,
        "boot_volume",
        display_name="web-boot",
        region=files.PHX,
        attachments={"state": "unknown", "instances": []},
    ),
    files.resource(4, "volume_backup", files.KEY_A, display_name="db-backup"),
)


def shown(page: Browser) -> list[str]:
    """The names of the rows that can be seen."""
    return list(
        page.evaluate(
            "[...document.querySelectorAll('#resources tbody tr')].filter(row => row.getClientRects().length)"
            ".map(row => row.cells[0].firstChild.textContent)"
        )
    )


def choose(page: Browser, name: str, value: str, *, identity: str = "") -> None:
    one = f"document.getElementById({json.dumps(identity or f'by-{name}')})"
    page.evaluate(f"{one}.value = {json.dumps(value)}; {one}.dispatchEvent(new Event('change'))")


def type_words(page: Browser, words: str) -> str:
    page.evaluate("document.getElementById('search').focus(); document.getElementById('search').select()")
    page.type(words)
    return settled(page)


def settled(page: Browser) -> str:
    return str(
        page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame("
            "() => done(document.getElementById('shown').textContent))))"
        )
    )


class TestSearch:
    @pytest.fixture(autouse=True)
    def opened(self, page: Browser, tmp_path: Path) -> None:
        page.open(write(tmp_path, *SOME))

    @pytest.mark.parametrize(
        ("words", "names"),
        [
            ("redo", ["db-redo-02"]),
            ("DB", ["db-data-01", "db-redo-02", "db-backup"]),
            ("db ashburn oracle", ["db-redo-02"]),
            ("5.2.2", ["web-boot"]),
            (files.KEY_A, ["db-data-01", "db-backup"]),
            ("main-key backup", ["db-backup"]),
            ("prod", ["db-data-01", "db-redo-02", "db-backup", "web-boot"]),
            ("nothing like it", []),
        ],
    )
    def test_it_works_by_typing(self, page: Browser, words: str, names: list[str]) -> None:
        assert type_words(page, words) == f"{len(names)} of 4 shown"
        assert shown(page) == names

    def test_it_can_be_undone(self, page: Browser) -> None:
        type_words(page, "redo")
        page.evaluate("document.getElementById('search').value = ''")
        page.evaluate("document.getElementById('search').dispatchEvent(new Event('input'))")
        assert settled(page) == "4 of 4 shown"
        assert len(shown(page)) == 4

    @pytest.mark.parametrize(
        ("name", "value", "names"),
        [
            ("protection", "oracle", ["db-redo-02", "web-boot"]),
            ("region", files.PHX, ["web-boot"]),
            ("kind", "Block volume", ["db-data-01", "db-redo-02"]),
            ("compartment", "prod", ["db-data-01", "db-redo-02", "db-backup", "web-boot"]),
            ("key", files.KEY_A, ["db-data-01", "db-backup"]),
            ("key", "oracle", ["db-redo-02", "web-boot"]),
            ("state", "AVAILABLE", ["db-data-01", "db-redo-02", "db-backup", "web-boot"]),
            ("failure", "5.2.2", ["web-boot"]),
        ],
    )
    def test_a_filter_goes_into_the_address_and_comes_back_from_it(
        self, page: Browser, tmp_path: Path, name: str, value: str, names: list[str]
    ) -> None:
        choose(page, name, value)
        assert settled(page) == f"{len(names)} of 4 shown"
        assert shown(page) == names
        fragment = page.evaluate("location.hash")
        assert fragment.startswith(f"#{name}=")
        page.open(write(tmp_path, *SOME), fragment=fragment)
        assert settled(page) == f"{len(names)} of 4 shown"
        assert page.evaluate(f"document.getElementById('by-{name}').value") == value

    def test_filters_search_and_order_go_together(self, page: Browser) -> None:
        choose(page, "key", files.KEY_A)
        type_words(page, "db")
        choose(page, "sort", "-0", identity="sort")
        settled(page)
        assert shown(page) == ["db-data-01", "db-backup"]
        choose(page, "sort", "0", identity="sort")
        assert shown(page) == ["db-backup", "db-data-01"]
        assert page.evaluate("location.hash").endswith("&search=db&sort=0")
        page.evaluate("document.getElementById('clear').click()")
        assert settled(page) == "4 of 4 shown"
        assert page.evaluate("location.hash") == "#all"
        assert shown(page) == ["db-data-01", "db-redo-02", "db-backup", "web-boot"]

    @pytest.mark.parametrize("value", ["nowhere", "<img src=x onerror=1>", "%00", "a&b=c"])
    def test_a_value_that_no_row_has_shows_none(self, page: Browser, tmp_path: Path, value: str) -> None:
        page.open(write(tmp_path, *SOME), fragment=f"#region={quote(value)}&sort=99&other=1")
        assert settled(page) == "0 of 4 shown"
        assert page.evaluate("document.getElementById('csv').disabled")
        assert page.complaints == []

    def test_a_tile_leads_to_what_it_counts(self, page: Browser) -> None:
        page.evaluate("[...document.querySelectorAll('.tiles a')].find(a => a.textContent.includes('Oracle')).click()")
        settled(page)
        assert shown(page) == ["db-redo-02", "web-boot"]
        assert page.evaluate("document.activeElement.id") == "all"
        page.evaluate("document.querySelector('.shares tbody td a').click()")
        settled(page)
        assert shown(page) == ["db-data-01", "db-redo-02"]

    def test_the_figures_of_all_links_are_true(self, page: Browser) -> None:
        """Where a link has a figure, as many rows are shown."""
        links = page.evaluate(
            "[...document.querySelectorAll('.tiles a[data-filter] .figure, td.number a[data-filter]')]"
            ".filter(one => /^\\d+(?! unknown)/.test(one.textContent) && !one.textContent.includes('%'))"
            ".filter(one => !one.closest('tr') || one.closest('table').tHead.textContent.includes('Resources'))"
            ".map(one => [one.closest('a').dataset.filter, parseInt(one.textContent)])"
        )
        assert len(links) >= 4
        for filter_, count in links:
            page.evaluate(f"location.hash = {json.dumps(filter_)}")
            assert settled(page) == f"{count} of 4 shown", filter_

    def test_the_heads_of_columns_sort_by_keyboard_and_say_so(self, page: Browser) -> None:
        def sorts() -> list[str]:
            return list(
                page.evaluate("[...document.querySelectorAll('#resources th[aria-sort]')].map(th => th.ariaSort)")
            )

        assert sorts() == ["none"] * 6
        page.evaluate("document.querySelector('#resources thead button').focus()")
        page.press("Enter", 13)
        assert shown(page) == ["db-backup", "db-data-01", "db-redo-02", "web-boot"]
        assert sorts() == ["ascending", *["none"] * 5]
        page.press("Enter", 13)
        assert shown(page) == ["web-boot", "db-redo-02", "db-data-01", "db-backup"]
        assert sorts() == ["descending", *["none"] * 5]
        assert page.evaluate("location.hash") == "#sort=-0"

    def test_what_is_filtered_can_be_downloaded(self, page: Browser) -> None:
        page.evaluate(KEEP_DOWNLOAD)
        choose(page, "protection", "oracle")
        settled(page)
        page.evaluate("document.getElementById('csv').dispatchEvent(new Event('click'))")
        rows = list(csv.DictReader(io.StringIO(page.evaluate("saved.text()"), newline="")))
        assert [row["display_name"] for row in rows] == ["db-redo-02", "web-boot"]
        assert rows[1]["not_met"] == "5.2.2"
        assert rows[0]["id"] == SOME[1]["id"]

    def test_no_cell_of_it_is_a_formula(self, page: Browser, tmp_path: Path) -> None:
        names = ("=1+1", "a;=1", "+1", " @x", "\uff1d1", "-1", 'b";"=1')
        page.open(write(tmp_path, *(files.resource(number, display_name=name) for number, name in enumerate(names))))
        page.evaluate(KEEP_DOWNLOAD)
        page.evaluate("document.getElementById('csv').dispatchEvent(new Event('click'))")
        rows = list(csv.DictReader(io.StringIO(page.evaluate("saved.text()"), newline="")))
        assert sorted(row["display_name"] for row in rows) == sorted(cell(name.strip()) for name in names)


def test_no_request_leaves_it_and_nothing_complains(page: Browser, tmp_path: Path) -> None:
    path = write(tmp_path, *SOME, *(files.resource(n, display_name=name) for n, name in enumerate(NASTY, 10)))
    page.open(path)
    type_words(page, "db")
    page.media("print")
    page.screenshot()
    assert page.requests == [path.as_uri()]
    assert page.complaints == []


def test_its_policy_forbids_what_gets_in_all_the_same(page: Browser, tmp_path: Path) -> None:
    path = write(tmp_path, *SOME)
    spoiled = path.read_text().replace("</main>", f"{''.join(NASTY)}<img src='https://example.com/x.png'></main>")
    path.write_text(spoiled)
    page.open(path)
    settled(page)
    assert page.evaluate("document.title") != "pwned"
    assert [address for address in page.requests if address.startswith("http")] == []
    assert {"http://127.0.0.1:9/x.png", "https://example.com/x.png"} <= set(page.blocked)


def test_names_are_shown_as_they_are(page: Browser, tmp_path: Path) -> None:
    resources = [files.resource(n, display_name=name, locked=name) for n, name in enumerate(NASTY)]
    page.open(write(tmp_path, *resources))
    assert sorted(shown(page)) == sorted(NASTY)
    assert page.evaluate("document.title").startswith("Encryption keys")
    assert page.evaluate("document.querySelectorAll('img, iframe, h1').length") == 1
    assert page.evaluate("document.scripts.length") == 1


def test_it_can_be_read_without_javascript(page: Browser, tmp_path: Path) -> None:
    page.open(write(tmp_path, *SOME), javascript=False)
    assert "This report is incomplete" in page.evaluate("document.body.innerText")
    page.evaluate("document.getElementById('all').scrollIntoView()")
    page.screenshot()
    text = page.evaluate("document.body.innerText")
    for row in SOME:
        assert row["display_name"] in text
        assert row["id"] in text
    assert "Search:" not in text


def test_light_and_dark_differ_and_print_is_light(page: Browser, tmp_path: Path) -> None:
    path = write(tmp_path, *SOME)
    colours = {}
    for scheme in ("light", "dark"):
        for kind in ("", "print"):
            page.media(kind, scheme)
            page.open(path)
            colours[kind, scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colours["", "light"] == colours["print", "light"] == colours["print", "dark"] == "rgb(255, 255, 255)"
    assert sum(map(int, re.findall(r"\d+", colours["", "dark"]))) < 120


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(page: Browser, tmp_path: Path, scheme: str) -> None:
    """WCAG 2 wants a contrast of 4.5 for text of this size."""
    page.media("", scheme)
    page.open(write(tmp_path, *SOME))
    styles = page.evaluate(
        "['', '.lead', '.oracle', '.bad', '.good', '.muted', '.id', 'a[href]'].map(name => [name, "
        "getComputedStyle(name ? document.querySelector(name) : document.body).color, "
        "getComputedStyle(document.body).backgroundColor])"
    )
    for name, colour, behind in styles:
        assert _contrast(colour, behind) >= 4.5, name


def _contrast(one: str, other: str) -> float:
    lights = sorted((_light(one), _light(other)), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def _light(colour: str) -> float:
    red, green, blue = (int(number) / 255 for number in re.findall(r"\d+", colour)[:3])
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_assistive_technology_finds_its_way(page: Browser, tmp_path: Path) -> None:
    page.open(write(tmp_path, *SOME))
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    named = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if "role" in node}
    assert ("heading", "All resources") in named
    assert ("columnheader", "Compartment") in named
    assert any(role == "rowheader" and name.startswith("db-data-01") for role, name in named)
    assert any(role == "searchbox" and name.startswith("Search") for role, name in named)
    assert any(role == "table" and name.startswith("Share on customer-managed") for role, name in named)
    assert page.evaluate("document.documentElement.lang") == "en"
    repeated = page.evaluate(
        "(all => all.filter((id, i) => all.indexOf(id) !== i))([...document.querySelectorAll('[id]')].map(e => e.id))"
    )
    assert repeated == []


@pytest.mark.parametrize("width", [320, 375, 760, 761, 1000, 1600])
def test_nothing_is_wider_than_the_page(page: Browser, tmp_path: Path, width: int) -> None:
    page.size(width)
    page.open(write_everything(tmp_path))
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    beyond = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(one => !one.closest('svg') && !one.closest('.unseen'))"
        ".filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)"
        ".map(one => one.outerHTML.slice(0, 80))"
    )
    assert beyond == []


@pytest.mark.parametrize("width", [375, 1300])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(page: Browser, tmp_path: Path, scheme: str, width: int) -> None:
    reason = axe.missing()
    if reason is not None:
        pytest.skip(reason)
    page.size(width)
    page.media("", scheme)
    page.open(write_everything(tmp_path))
    assert axe.violations(page) == []
    choose(page, "protection", "oracle")
    settled(page)
    assert axe.violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_list_of_runs(page: Browser, tmp_path: Path, scheme: str) -> None:
    reason = axe.missing()
    if reason is not None:
        pytest.skip(reason)
    made = report(*SOME)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.html").touch()
    (tmp_path / "one" / "summary.json").write_text(json.dumps(summary_document(summarize(made, "f" * 64))))
    page.size(375)
    page.media("", scheme)
    page.open(write_index(tmp_path))
    assert axe.violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert page.complaints == []


def test_the_page_is_valid_html(tmp_path: Path) -> None:
    for path in (write_everything(tmp_path), write(tmp_path), write(tmp_path, *SOME)):
        html5lib.HTMLParser(strict=True).parse(path.read_text())


@pytest.mark.parametrize("looked", [False, True], ids=["as-ever", "with-instances"])
def test_seventy_resources_print_on_eight_pages(page: Browser, tmp_path: Path, looked: bool) -> None:
    fleet = files.fleet(70)
    rows, scanned = fleet["resources"], fleet["scanned"]
    if looked:
        rows = [
            {**row, "attachments": {"state": "attached", "instances": [{**HOST, "display_name": f"app-server-{n:03}"}]}}
            for n, row in enumerate(rows)
        ]
        scanned = {**scanned, "attachments": {"complete": True, "unreadable": []}}
    keys = [
        files.key(files.key_ocid(number, region), region, display_name=f"key-{number}-{region}")
        for number in (1, 2, 3, 4)
        for region in files.SHORT
    ]
    page.open(write(tmp_path, *rows, scanned=scanned, keys=keys))
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf())) <= 8


def test_instances_are_shown_sorted_and_filtered(page: Browser, tmp_path: Path) -> None:
    page.open(write(tmp_path, *SOME, scanned={"attachments": UNREAD_ATTACHMENTS}))
    cells = page.evaluate("[...document.querySelectorAll('#resources tbody tr')].map(row => row.cells[6].textContent)")
    assert sorted(cells) == sorted([HOST["display_name"], f"{HOST['display_name']}, {HOST['id']}", "unknown", ""])
    choose(page, "attached", "unknown")
    assert settled(page).startswith("1 of 4")
    assert shown(page) == ["web-boot"]
    choose(page, "attached", "")
    assert type_words(page, "db-server") == "2 of 4 shown"
    assert "attachments of boot_volume" in page.evaluate(
        "document.getElementById('unreadable').nextElementSibling.innerText"
    )


def test_nobody_who_did_not_look_sees_a_column_of_instances(page: Browser, tmp_path: Path) -> None:
    page.open(write(tmp_path, *SOME))
    assert page.evaluate("document.querySelectorAll('#resources thead th').length") == 6
    assert page.evaluate("document.getElementById('by-attached')") is None


def test_what_is_since_an_earlier_report_is_there(page: Browser, tmp_path: Path) -> None:
    page.open(write_everything(tmp_path))
    text = page.evaluate("document.body.innerText")
    assert "Since 2026-11-24 02:00" in text
    assert "1 new resource is not on a customer-managed key that can be used" in text
    assert page.evaluate("document.querySelectorAll('svg.trend circle').length") == 4
    assert page.evaluate("document.querySelectorAll('svg.trend circle.open').length") == 1
    assert "broken-run: it has no summary.json" in page.evaluate("document.body.textContent")


@pytest.mark.parametrize("count", [40, 600])
def test_a_full_page_picture_shows_all_but_very_many_rows(page: Browser, tmp_path: Path, count: int) -> None:
    """Rows out of sight that are not laid out would be blank in it."""
    page.open(write(tmp_path, *files.fleet(count)["resources"]))
    last = "document.querySelector('#resources tbody tr:last-child').cells[0]"
    assert page.evaluate(f"{last}.checkVisibility({{contentVisibilityAuto: true}})") is (count < 500)


def test_ten_thousand_rows_stay_usable(page: Browser, tmp_path: Path) -> None:
    """Measured is the processor time of the page, which takes what it takes on a busy machine as well."""
    resources = files.fleet(10_000)["resources"]
    desired = resources[4242]["display_name"]
    page.call("Performance.enable")
    page.open(write(tmp_path, *resources))
    assert settled(page) == "10000 of 10000 shown"
    metrics = {one["name"]: one["value"] for one in page.call("Performance.getMetrics")["metrics"]}
    assert metrics["ScriptDuration"] + metrics["LayoutDuration"] + metrics["RecalcStyleDuration"] < 30
    assert type_words(page, desired) == "1 of 10000 shown"
    assert shown(page) == [desired]
