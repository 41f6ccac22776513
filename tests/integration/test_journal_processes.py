# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal, written by processes at the same time, and by one that is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from unit.support.fake_cloud import volume_id

CHILD = """
import sys
sys.path[:0] = {paths!r}
from pathlib import Path
from unit.support.fake_cloud import IAD, FakeClock, compartment_id, volume_id
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.journal import Journal
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import ASSIGN
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import Resource
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState
journal = Journal(Path(sys.argv[1]), FakeClock())
journal.open()
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    before = Resource(volume_id(number), "volume", IAD, "n" * 3000, compartment_id(1), "AVAILABLE", None)
    journal.intend(IAD, Decision(before, DesiredState("key"), ASSIGN))
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def child(path: Path, first: int, end: int) -> subprocess.Popen[str]:
    paths = [entry for entry in sys.path if entry]
    code = CHILD.format(paths=paths)
    arguments = [sys.executable, "-c", code, str(path), str(first), str(end)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_two_processes_append_to_one_file(path: Path) -> None:
    for process in [child(path, 0, 150), child(path, 150, 300)]:
        process.communicate(timeout=120)
        assert process.returncode == 0
    assert sorted(line["id"] for line in lines(path)) == [volume_id(number) for number in range(300)]


def test_a_killed_process_has_left_every_line_it_counted_on(path: Path) -> None:
    process = child(path, 0, 10**9)
    assert process.stdout is not None
    sent = [int(process.stdout.readline()) for _line in range(20)]
    threading.Timer(0.0, process.send_signal, [signal.SIGKILL]).start()
    sent += [int(line) for line in process.stdout]
    assert process.wait(60) == -signal.SIGKILL
    whole = [line for line in path.read_text().split("\n") if line.endswith("}")]
    assert {volume_id(number) for number in sent} <= {json.loads(line)["id"] for line in whole}
    process.stdout.close()
