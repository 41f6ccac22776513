# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make parity-take FILE=...`: a result that somebody sent becomes a fixture, and the simulator's defaults follow it.

The file is a stranger's. Its verdicts are judged again, and only answers that a probe knows are taken: what is unknown
or skipped changes nothing.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from simulator.switches import TABLE

from .catalog import ALL
from .probe import AS_ASSUMED, DIFFERS
from .result import VERSION, leaks, write

RECORDED = Path(__file__).with_name("recorded")
SIMULATOR = Path(__file__).parents[1] / "simulator"
_LARGEST = 20_000_000
_NAME = re.compile(r"\d{4}-\d\d-\d\d")
_REGION = re.compile(r"[a-z0-9]{2,10}(-[a-z0-9]{1,20}){1,4}")
_EXCHANGE: dict[str, type | tuple[type, ...]] = {
    "probe": str,
    "service": str,
    "method": str,
    "path": str,
    "sent_headers": dict,
    "sent": object,
    "status": int,
    "headers": dict,
    "body": object,
}


class TakeError(ValueError):
    """The file is not a result, or must not be taken; the message says why."""


def read(file: Path) -> dict[str, Any]:
    """A checked result. Raises TakeError."""
    try:
        if file.stat().st_size > _LARGEST:
            raise TakeError(f"{file} has more than {_LARGEST} bytes.")
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, TakeError):
            raise
        raise TakeError(f"{file} can't be read: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != "oci_keys.block_volume parity":
        raise TakeError(f"{file} is not a result of make parity-oci.")
    if content.get("version") != VERSION:
        raise TakeError(f"{file} has version {content.get('version')!r}, but only {VERSION} can be read.")
    for name, pattern in (("date", _NAME), ("region", _REGION)):
        if not isinstance(content.get(name), str) or not pattern.fullmatch(content[name]):
            raise TakeError(f"{file}: {name} is not valid: {content.get(name)!r}.")
    if not _rows(content.get("findings"), {"probe": str, "seen": str}):
        raise TakeError(f"{file}: findings must be a list of probes and what they saw.")
    if not _rows(content.get("exchanges"), _EXCHANGE):
        raise TakeError(f"{file}: exchanges must be a list of requests and answers.")
    found = leaks(content)
    if found:
        raise TakeError(
            f"{file} holds {len(found)} values that are not redacted, such as {found[0][:20]}... Ask for another."
        )
    return content


def _rows(value: Any, fields: dict[str, type | tuple[type, ...]]) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict) and all(name in row and isinstance(row[name], kind) for name, kind in fields.items())
        for row in value
    )


def answers(content: dict[str, Any]) -> dict[str, str | float]:
    """The settings of switches that the file proves: those on which all of its probes agree.

    Of several that look the same from outside it is the default, else the first one.
    """
    fitting: dict[str, list[str | float]] = {}
    for finding in content["findings"]:
        one = ALL.get(finding["probe"])
        if one is None or not one.switch or one.judge(finding["seen"]) not in (AS_ASSUMED, DIFFERS):
            continue
        switch = next(switch for switch in TABLE if switch.name == one.switch)
        settings: list[str | float] = [value for value in switch.values if one.answer_at(value) == finding["seen"]]
        if not switch.values:
            settings = [float(finding["seen"])]
        elif finding["seen"] in one.besides:
            continue
        before = fitting.get(one.switch, settings)
        fitting[one.switch] = [value for value in before if value in settings]
    defaults = {switch.name: switch.default for switch in TABLE}
    return {
        name: defaults[name] if defaults[name] in values else values[0]
        for name, values in sorted(fitting.items())
        if values
    }


def with_default(text: str, name: str, value: str | float) -> str:
    """The source of the switches with this value first, for the table's default is the first one; or with this number.

    Raises TakeError.
    """
    if isinstance(value, float):
        return _with_number(text, name, value)
    pattern = re.compile(rf'(_s\(\s*"{re.escape(name)}",\s*")([^"]+)(")')
    match = pattern.search(text)
    if match is None or value not in match[2].split("|"):
        raise TakeError(f"Switch {name} can't be set to {value} in switches.py.")
    values = [value, *(one for one in match[2].split("|") if one != value)]
    return text[: match.start(2)] + "|".join(values) + text[match.end(2) :]


def _with_number(text: str, name: str, value: float) -> str:
    pattern = re.compile(rf'(Switch\(\s*"{re.escape(name)}",\s*"[^"]*")(?:,\s*number=[\d.]+)?(,?\s*\))')
    changed, count = pattern.subn(lambda match: f"{match[1]}, number={value!r}{match[2]}", text)
    if count != 1:
        raise TakeError(f"Switch {name} can't be set to {value:g} in switches.py.")
    return changed


def with_documented_default(text: str, name: str, value: str | float) -> str:
    """The README's table with this value first, or with this number."""
    if isinstance(value, float):
        return re.sub(rf"(\| `{re.escape(name)}` \| a number, )[\d.]+", lambda match: f"{match[1]}{value:g}", text)

    def reordered(match: re.Match[str]) -> str:
        values = [f"`{value}`", *(one for one in match[2].split(", ") if one != f"`{value}`")]
        return match[1] + ", ".join(values) + match[3]

    return re.sub(rf"(\| `{re.escape(name)}` \| )([^|]+?)( \|)", reordered, text)


def _text(setting: str | float) -> str:
    return f"{setting:g}" if isinstance(setting, float) else setting


def _is(file: Path, content: dict[str, Any]) -> bool:
    """Whether this fixture is the same result."""
    return bool(json.loads(file.read_text(encoding="utf-8")) == content)


def main(file: Path, recorded: Path = RECORDED, simulator: Path = SIMULATOR) -> int:
    """Writes the fixture and the defaults, and says what it did; the rest is for a person to read."""
    try:
        content = read(file)
        changed = {
            switch.name: (switch.default, value)
            for switch in TABLE
            if (value := answers(content).get(switch.name)) is not None and value != switch.default
        }
        sources = {
            path: path.read_text(encoding="utf-8") for path in (simulator / "switches.py", simulator / "README.md")
        }
        for name, (_old, new) in changed.items():
            sources[simulator / "switches.py"] = with_default(sources[simulator / "switches.py"], name, new)
            sources[simulator / "README.md"] = with_documented_default(sources[simulator / "README.md"], name, new)
    except TakeError as error:
        print(error, file=sys.stderr)
        return 1
    fixture = next((file for file in recorded.glob("*.json") if _is(file, content)), None) or write(recorded, content)
    for path, text in sources.items():
        path.write_text(text, encoding="utf-8")
    print(f"{fixture}: {len(content['findings'])} findings, {len(content['exchanges'])} exchanges.")
    for name, (old, new) in changed.items():
        print(f"  {name}: {_text(old)} -> {_text(new)}")
    print("Answers without a switch, and what differs from all settings, are for you to decide. Then run make test.")
    return 0
