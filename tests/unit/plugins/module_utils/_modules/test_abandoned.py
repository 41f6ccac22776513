# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.abandoned import is_abandoned


def test_a_pipe_that_nobody_reads_any_more() -> None:
    reader, writer = os.pipe()
    assert not is_abandoned(writer)
    os.close(reader)
    assert is_abandoned(writer)
    os.close(writer)
    assert not is_abandoned(writer)


def test_what_is_no_pipe(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert not is_abandoned(file.fileno())
    with open(os.devnull, "w") as nothing:
        assert not is_abandoned(nothing.fileno())
    assert not is_abandoned(-1)
