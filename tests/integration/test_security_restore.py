# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are given to put keys back are from anywhere: whatever they hold, they are told to be wrong, or used."""

from __future__ import annotations

import copy
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import SOAK, furnish, run
from integration.support.rekey_helpers import discover, mixed_fleet, plan_restore, rekey, restore

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents import json_reader as _report_input
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.former_keys import read_former_keys
from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_report
from simulator.client import Simulator

ODD_VALUES: list[Any] = [None, 7, True, "", "\x1b[2J", "x" * 10_000, [], {}, 10**400]

ONE_IN = 1 if SOAK else 7
"""At each place there are ten ways to go wrong, so that each of them is tried at every seventh place."""


def _mutants(value: Any) -> Iterator[Any]:
    """The same content with one of its values replaced, or left out, for each place and each odd value."""
    for place in _places(value, ()):
        if place:
            yield _changed(value, place, None, leave_out=True)
        for odd in ODD_VALUES:
            yield _changed(value, place, odd)


def _with_short_lists(value: Any) -> Any:
    """The same content with the first item of each list alone."""
    if isinstance(value, dict):
        return {name: _with_short_lists(item) for name, item in value.items()}
    return [_with_short_lists(item) for item in value[:1]] if isinstance(value, list) else value


def _places(value: Any, here: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Every place in the content; of lists, the first item stands for all."""
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, item in items:
        yield from _places(item, (*here, name))


def _changed(value: Any, place: tuple[Any, ...], odd: Any, *, leave_out: bool = False) -> Any:
    if not place:
        return odd
    content = copy.deepcopy(value)
    inner = content
    for name in place[:-1]:
        inner = inner[name]
    if leave_out:
        del inner[place[-1]]
    else:
        inner[place[-1]] = odd
    return content


@pytest.fixture
def made(sim: Simulator, tmp_path: Path) -> Path:
    """The folder of a run, with every sort of file that tells former keys."""
    mixed_fleet(sim)
    folder = tmp_path / "run"
    rekey(sim, folder)
    discover(sim, folder / "after.json")
    files = {"discovery_file": str(folder / "after.json"), "plan_file": str(folder / "plan.json")}
    changes = [str(path) for path in sorted(folder.glob("batch-*.json"))]
    ran = run(key_assignment_report.main, sim, report_dir=str(folder), change_files=changes, **files)
    assert not ran.failed, ran.msg
    return folder


def test_whatever_one_value_is_replaced_by_is_told_or_does_not_matter(made: Path, tmp_path: Path) -> None:
    given = tmp_path / "given"
    tried, told = 0, []
    journal = [json.loads(line) for line in (made / "journal.jsonl").read_text().splitlines()]
    lines = {(line["event"], line.get("type")): line for line in journal}
    report, plan = (json.loads((made / name).read_text()) for name in ("report.json", "plan.json"))
    for content in (*lines.values(), _with_short_lists(report), plan):
        for mutant in itertools.islice(_mutants(content), 0, None, ONE_IN):
            given.write_text(json.dumps(mutant))
            tried += 1
            try:
                read_former_keys([given])
            except InputError as error:
                told.append(str(error))
    assert tried > 2000 // ONE_IN
    assert len(told) > 500 // ONE_IN
    assert [text for text in told if "\x1b" in text or len(text) > 2000] == []


@pytest.mark.parametrize("name", ["journal.jsonl", "report.json", "plan.json"])
def test_what_was_cut_off_is_told_or_passed_over(made: Path, tmp_path: Path, name: str) -> None:
    content, given = (made / name).read_bytes(), tmp_path / "given"
    for part in range(20):
        given.write_bytes(content[: len(content) * part // 20])
        try:
            former = read_former_keys([given])
        except InputError:
            continue
        assert name == "journal.jsonl"
        assert former.truncated_lines <= 1


class TestFiles:
    @pytest.fixture(autouse=True)
    def _fleet(self, sim: Simulator) -> None:
        furnish(sim, volumes=[volumes(1)])

    def _is_refused(self, sim: Simulator, tmp_path: Path, file: Path, words: str) -> None:
        ran = plan_restore(sim, tmp_path / "undo", file)
        assert ran.failed
        assert words in ran.msg
        assert "Traceback" not in ran.printed
        assert ran.writes == {}

    @pytest.mark.parametrize("text", ["[", '{"a":', '{"event": "intent", "x": ' + "[" * 100_000])
    def test_deep_ones(self, sim: Simulator, tmp_path: Path, text: str) -> None:
        (tmp_path / "given").write_text(text * (100_000 if len(text) < 10 else 1))
        self._is_refused(sim, tmp_path, tmp_path / "given", "nested too deeply")

    def test_huge_ones_are_not_read(self, sim: Simulator, tmp_path: Path) -> None:
        with (tmp_path / "given").open("wb") as file:
            file.truncate(_report_input.MOST_BYTES * 1000)  # it takes no room on the disk
        self._is_refused(sim, tmp_path, tmp_path / "given", "is larger than 256 MiB")

    def test_what_is_no_file(self, sim: Simulator, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "device").symlink_to("/dev/zero")
        (tmp_path / "nowhere").symlink_to(tmp_path / "nothing")
        (tmp_path / "circle").symlink_to(tmp_path / "circle")
        for name in ("pipe", "device"):
            self._is_refused(sim, tmp_path, tmp_path / name, "is not a regular file")
        for name in ("nowhere", "circle"):
            self._is_refused(sim, tmp_path, tmp_path / name, "can't be read")

    def test_a_link_to_what_is_none_of_ours_tells_nothing_of_it(self, sim: Simulator, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("root:secret-of-somebody:1\n")
        run_folder = tmp_path / "run"
        run_folder.mkdir()
        (run_folder / "report.json").symlink_to(tmp_path / "secret")
        for file in (run_folder, run_folder / "report.json"):
            ran = plan_restore(sim, tmp_path / "undo", file)
            assert ran.failed
            assert "secret-of-somebody" not in ran.printed

    @pytest.mark.parametrize("mode", [0o400, 0o644, 0o666])
    def test_whatever_its_mode_and_through_a_link(self, sim: Simulator, tmp_path: Path, mode: int) -> None:
        rekey(sim, tmp_path / "run")
        (tmp_path / "run" / "journal.jsonl").chmod(mode)
        (tmp_path / "link").symlink_to(tmp_path / "run" / "journal.jsonl")

        restore(sim, tmp_path / "undo", tmp_path / "link")

        assert sim.resource(sim.id("volume-1"))["kmsKeyId"] is None

    def test_a_key_that_somebody_wrote_into_it_has_to_be_usable(self, sim: Simulator, tmp_path: Path) -> None:
        rekey(sim, tmp_path / "run")
        file = tmp_path / "run" / "journal.jsonl"
        file.write_text(
            file.read_text().replace('"previous_kms_key_id": null', f'"previous_kms_key_id": "{sim.id("key-rsa")}"')
        )

        planned = plan_restore(sim, tmp_path / "undo", file)

        assert planned.result["summary"]["planned"] == 0
        assert planned.writes == {}
