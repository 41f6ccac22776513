# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A template that is remembered says what it says when it is compiled."""

from __future__ import annotations

from pathlib import Path

import pytest
from integration.support.templates_once import remember_templates
from jinja2 import Environment, TemplateSyntaxError

SOURCE = "{% for name in names %}\n{{ name | upper }}{{ '' if loop.last else ',' }}{% endfor %}"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Environment, "compile", Environment.compile)  # put back at the end
    remember_templates(tmp_path)
    return tmp_path


def test_it_is_compiled_once(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Environment().from_string(SOURCE).render(names=["a", "b"]) == "\nA,\nB"
    monkeypatch.setattr(Environment, "_generate", None)
    assert Environment().from_string(SOURCE).render(names=["c"]) == "\nC"
    assert len(list(kept.iterdir())) == 1


def test_options_of_an_environment_make_another(kept: Path) -> None:
    assert Environment().from_string(SOURCE).render(names=["a"]) == "\nA"
    assert Environment(trim_blocks=True).from_string(SOURCE).render(names=["a"]) == "A"
    assert len(list(kept.iterdir())) == 2


def test_what_is_no_template_or_cut_off_is_compiled_again(kept: Path) -> None:
    for _ in range(2):
        with pytest.raises(TemplateSyntaxError):
            Environment().from_string("{% if %}")
    assert list(kept.iterdir()) == []
    Environment().from_string(SOURCE)
    (file,) = kept.iterdir()
    file.write_bytes(file.read_bytes()[:20])
    assert Environment().from_string(SOURCE).render(names=["a"]) == "\nA"
