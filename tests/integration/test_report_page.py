# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a report in a browser: what people see of it, and that it does nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.support.browser import Browser, browser, find_browser
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.changes_file import parse_changes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import parse_discovery
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_file import parse_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import parse_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import (
    RunRecords,
    plan_section,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.build import (
    ReportContext,
    build,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.html import render

TEMPLATE = Path(__file__).parents[2] / "roles" / "encryption_report" / "templates" / "report.html.j2"
COMMAND = find_browser()

pytestmark = pytest.mark.skipif(COMMAND is None, reason="no chromium on this machine")

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


def write(folder: Path, *resources: dict[str, Any], **fields: Any) -> Path:
    """The page of a report on these resources."""
    part = RunRecords(
        discovery=parse_discovery(
            JsonNode(files.discovery(*resources, unreadable=[files.unreadable()]), "before.json")
        ),
        plan=plan_section(
            parse_plan(JsonNode(files.plan(files.planned(1), blocked=[files.planned(2, reason="b")]), "plan.json"))
        ),
        changes=parse_changes(JsonNode(files.changes(files.change(1), files.failure(2)), "batch-0001.json")),
        keys=parse_keys(JsonNode(files.keys(files.key()), "keys.json")),
    )
    report = build([part], [files.KEY_A], ReportContext("run", "2026-11-24T02:00:00.000Z", **fields))
    path = folder / "report.html"
    path.write_text(render(TEMPLATE.read_text(), report, "f" * 64), encoding="utf-8")
    return path


SOME = (
    files.resource(1, key=files.KEY_A, display_name="db-data-01"),
    files.resource(2, display_name="db-redo-02"),
    files.resource(3, "boot_volume", display_name="web-boot", region=files.PHX),
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

    def test_by_encryption(self, page: Browser) -> None:
        page.evaluate("document.getElementById('encryption').value = 'o'")
        page.evaluate("document.getElementById('encryption').dispatchEvent(new Event('change'))")
        assert settled(page) == "2 of 4 shown"
        assert shown(page) == ["db-redo-02", "web-boot"]


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
    assert any(role in ("image", "img") and name.startswith("Share on customer-managed") for role, name in named)
    assert page.evaluate("document.documentElement.lang") == "en"
    repeated = page.evaluate(
        "(all => all.filter((id, i) => all.indexOf(id) !== i))([...document.querySelectorAll('[id]')].map(e => e.id))"
    )
    assert repeated == []


def test_nothing_is_wider_than_the_page(page: Browser, tmp_path: Path) -> None:
    page.open(write(tmp_path, *SOME))
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_picture_of_shares_fits_and_none_of_its_words_cover_others(page: Browser, tmp_path: Path) -> None:
    replicas = [files.resource(number, "replica", files.KEY_A) for number in range(9000, 9040)]
    page.open(write(tmp_path, *files.fleet(2500)["resources"], *replicas))
    assert page.evaluate("document.querySelectorAll('#share ~ .scroll text.strong').length") == 8
    assert page.evaluate("(one => one.scrollWidth <= one.clientWidth)(document.querySelector('#share ~ .scroll'))")
    covered = page.evaluate(
        "(all => all.flatMap((a, i) => all.slice(i + 1)"
        ".filter(b => a.box.left < b.box.right && b.box.left < a.box.right"
        " && a.box.top < b.box.bottom && b.box.top < a.box.bottom).map(b => [a.text, b.text])))"
        "([...document.querySelectorAll('#share ~ .scroll text')].map("
        "one => ({text: one.textContent, box: one.getBoundingClientRect()})))"
    )
    assert covered == []


@pytest.mark.parametrize("count", [40, 600])
def test_a_full_page_picture_shows_all_but_very_many_rows(page: Browser, tmp_path: Path, count: int) -> None:
    """Rows out of sight that are not laid out would be blank in it."""
    page.open(write(tmp_path, *files.fleet(count)["resources"]))
    last = "document.querySelector('#resources tbody tr:last-child').cells[0]"
    assert page.evaluate(f"{last}.checkVisibility({{contentVisibilityAuto: true}})") is (count < 500)


def test_five_thousand_rows_stay_usable(page: Browser, tmp_path: Path) -> None:
    resources = files.fleet(5000)["resources"]
    desired = resources[4242]["display_name"]
    page.open(write(tmp_path, *resources))
    assert settled(page) == "5000 of 5000 shown"
    assert type_words(page, desired) == "1 of 5000 shown"
    assert shown(page) == [desired]
