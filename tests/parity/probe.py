# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a probe is, and what it found: one question about OCI, its possible answers, and the switch for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.switches import TABLE, Switch

if TYPE_CHECKING:
    from .testbed import Testbed

_SWITCHES: Mapping[str, Switch] = {switch.name: switch for switch in TABLE}

AS_ASSUMED, DIFFERS, UNKNOWN, SKIPPED = "as assumed", "differs", "unknown", "skipped"


class SkippedError(Exception):
    """A probe can't be run here; the message says what is missing."""


class UnclearError(Exception):
    """The service answered something that tells none of the possible answers from the others."""


@dataclass(frozen=True)
class Probe:
    """A question. Its answers are the values of its switch, or `answers` with the assumed one first.

    `section` names the sections of oci_semantics.md that it is about, divided by commas.
    """

    name: str
    section: str
    question: str
    ask: Callable[[Testbed], str]
    switch: str = ""
    answers: tuple[str, ...] = ()
    #: Answers that no setting of its switch gives, and that are understood nevertheless.
    besides: tuple[str, ...] = ()
    #: Settings of the switch that look the same from outside, and the one that stands for them.
    alike: Mapping[str, str] = field(default_factory=dict)
    #: Names of settings without which it is skipped.
    needs: tuple[str, ...] = ()

    @property
    def assumed(self) -> str:
        return self.answer_at(_SWITCHES[self.switch].default) if self.switch else self.answers[0]

    @property
    def possible(self) -> tuple[str, ...]:
        if self.answers:
            return self.answers
        given = (self.answer_at(value) for value in _SWITCHES[self.switch].values)
        return tuple(dict.fromkeys((*given, *self.besides)))

    @property
    def sections(self) -> tuple[str, ...]:
        return tuple(self.section.split(", "))

    def answer_at(self, setting: str | float) -> str:
        """The answer that this setting of its switch has to give."""
        text = f"{setting:g}" if isinstance(setting, float) else setting
        return self.alike.get(text, text)

    def judge(self, seen: str) -> str:
        """Only one of the possible answers is ever as assumed, or differs."""
        if seen == self.assumed:
            return AS_ASSUMED
        numeric = bool(self.switch) and not _SWITCHES[self.switch].values and re.fullmatch(r"\d+(\.\d+)?", seen)
        return DIFFERS if seen in self.possible or numeric else UNKNOWN


@dataclass(frozen=True)
class Finding:
    probe: Probe
    seen: str
    verdict: str


PROBES: dict[str, Probe] = {}


def probe(
    section: str,
    question: str,
    *,
    switch: str = "",
    answers: tuple[str, ...] = (),
    besides: tuple[str, ...] = (),
    alike: Mapping[str, str] | None = None,
    needs: tuple[str, ...] = (),
) -> Callable[[Callable[[Testbed], str]], Callable[[Testbed], str]]:
    """Registers a function as the probe of its name."""

    def register(ask: Callable[[Testbed], str]) -> Callable[[Testbed], str]:
        PROBES[ask.__name__] = Probe(ask.__name__, section, question, ask, switch, answers, besides, alike or {}, needs)
        return ask

    return register


def ask(one: Probe, bed: Testbed) -> Finding:
    """The finding of a probe. Whatever goes wrong is unknown or skipped, never an answer."""
    missing = [name for name in one.needs if not bed.settings.has(name)]
    if missing:
        return Finding(one, f"not in the settings: {', '.join(missing)}", SKIPPED)
    try:
        seen = one.ask(bed)
    except SkippedError as error:
        return Finding(one, str(error), SKIPPED)
    except UnclearError as error:
        return Finding(one, str(error), UNKNOWN)
    except Exception as error:  # an answer of a form that no probe expects
        return Finding(one, f"unexpected answer: {type(error).__name__}", UNKNOWN)
    return Finding(one, seen, one.judge(seen))
