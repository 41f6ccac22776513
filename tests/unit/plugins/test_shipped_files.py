# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AnsiballZ ships with each module: the files of module_utils that its static imports reach."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
COLLECTION = "ansible_collections.oci_keys.block_volume."

# Bytes that each module shipped in 0.1.0: of the files as they are, and of their code without comments and docstrings.
SHIPPED_IN_0_1_0 = {
    "backup_copy": (356_289, 262_610),
    "backup_kms_key": (341_525, 251_213),
    "backup_policy_crossregion_key": (341_525, 251_213),
    "key_assignment_info": (343_119, 252_105),
    "key_assignment_plan": (397_201, 294_881),
    "key_assignment_report": (99_431, 72_146),
    "key_plan_apply": (389_528, 289_527),
    "key_restore_plan": (391_357, 290_629),
    "kms_key_info": (291_992, 212_141),
    # New since: what the modules that change keys shipped.
    "replica_kms_key": (341_525, 251_213),
    "volume_kms_key": (341_525, 251_213),
}
# More than it did, and why: the report reads every document of a run, with readers that check each field and have
# types, where 0.1.0 had one smaller reader for reports besides those for plans. It connects to nothing, and its files
# are shipped once a run. Like all modules, it says what a misspelt option was meant to be. It judges keys and what was
# not read, says the worst first, counts by owner, raises alarms, compares with earlier reports, lists runs, and writes
# for a SIEM and for Prometheus.
# It reads exceptions, finds what they are about, and has its manifest signed.
# Of reports that are merged it chooses the row that counts, and it knows which keys nobody looked up after a run.
# With 4 KB for replicas, which are known by their sources.
# With 2 KB for figures that are unknown, and for which of the files beside a report are its own.
SHIPPED_NOW = {"key_assignment_report": (326_000, 240_500)}
# What every module that calls OCI ships besides: requests of our own, with the operations, the records, the checks of
# answers, connections, signatures and hosts, for which 0.1.0 used the clients of the SDK. With 4 KB for the heads of
# answers and for copies of records, which Python's own ways take a tenth of the processor time for. With 4 KB for the
# updates of volumes and volume groups, and their replicas.
REQUESTS = (93_000, 59_000)
# What most of them ship besides: lines of progress, and how keys and compartments are found by their names.
PROGRESS_AND_NAMES = (30_000, 22_000)
# Copies are searched in compartments, which may be named too: so the tree of compartments is shipped.
COMPARTMENTS = {"backup_copy": (20_000, 14_000)}
# What modules that change something ship besides: locks against other runs, a fresh reading before each write, and the
# end of each change as it comes.
ALONE = (40_000, 24_000)
# What modules that change or plan something ship besides: journals are read before, and what runs that were interrupted
# took away is put back. So they ship backup policies and what these are assigned to, whatever else they change.
# With 12 KB for tenancies, changes found by who went on, the brake, and readings that show another run half-way.
INTERRUPTED = (109_000, 84_000)
# Plans say which options they were made with, and their folder may be created.
LATER_PLANS = (6_000, 5_000)
# Who carries out a whole plan makes the later ones of the run, so it ships what discovers and plans.
WHOLE_PLAN = {"key_plan_apply": (236_000, 172_500)}
# Plans know what Terraform manages, so they ship the reader of its states. A report ships it too, and the list of what
# has to follow in its code.
TERRAFORM = {
    "key_assignment_plan": (15_000, 11_000),
    "key_plan_apply": (15_000, 11_000),
    "key_assignment_report": (17_000, 12_500),
}
# Replicas are changed on their sources, of three kinds, in place or by switching replication off and on.
REPLICAS = {"replica_kms_key": (26_000, 18_500)}
# And tables of what is going to change, and of what is not, by names and within the width of a terminal.
TABLES = (19_000, 14_000)
# And all of them: messages without secrets, files that are replaced only if they are ours, and journals that outlive
# their container.
SAFER = (40_000, 27_500)
# And what every module that calls OCI: credentials as the SDK and the command line have them, read again when they are
# renewed, keys with mangled lines, and hosts and proxies that can't be reached told soon.
CREDENTIALS = (37_000, 27_000)
# Exceptions, read with distrust and found for each resource, and signatures of plans; who carries out a whole plan
# makes its later ones with both.
GUARDED = {"key_assignment_plan": (36_000, 27_000), "key_plan_apply": (36_000, 27_000)}
# Who answers for a change, in its journal.
ACCOUNTABLE = (2_500, 1_500)
# These change nothing, so they ship nothing that does.
READING = ("key_assignment_info", "key_assignment_plan", "key_assignment_report", "key_restore_plan", "kms_key_info")


@functools.cache
def imported_names(file: Path) -> tuple[str, ...]:
    """The names that a file imports, from the root of the collection."""
    return tuple(_imported_names(file))


def _imported_names(file: Path) -> Iterator[str]:
    package = file.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix(COLLECTION) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*parents, *filter(None, [node.module])]).removeprefix(COLLECTION)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


@functools.cache
def shipped_files(module: str) -> frozenset[Path]:
    """The files of module_utils that are shipped with a module, relative to that folder."""
    utils = ROOT / "plugins" / "module_utils"
    found: set[Path] = set()
    to_follow = [ROOT / "plugins" / "modules" / f"{module}.py"]
    while to_follow:
        for name in imported_names(to_follow.pop()):
            file = ROOT / f"{name.replace('.', '/')}.py"
            if utils in file.parents and file.is_file() and file not in found:
                found.add(file)
                to_follow.append(file)
    return frozenset(file.relative_to(utils) for file in found)


def packages_of(module: str) -> set[str]:
    return {file.parts[0] for file in shipped_files(module)}


@functools.cache
def code_bytes(file: Path) -> int:
    tree = ast.parse((ROOT / "plugins" / "module_utils" / file).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            node.body = [part for part in node.body if not is_text(part)] or [ast.Pass()]
    return len(ast.unparse(tree).encode())


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def shipped_bytes(module: str) -> tuple[int, int]:
    """Bytes of the files that are shipped with a module, and of their code."""
    files = shipped_files(module)
    sizes = [(ROOT / "plugins" / "module_utils" / file).stat().st_size for file in files]
    return sum(sizes), sum(map(code_bytes, files))


def test_every_module_is_measured() -> None:
    assert list(SHIPPED_IN_0_1_0) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_no_module_ships_more_than_it_did(module: str) -> None:
    before = SHIPPED_IN_0_1_0[module]
    if module in SHIPPED_NOW:
        parts: tuple[tuple[int, int], ...] = (SHIPPED_NOW[module],)
    else:
        alone = (0, 0) if module in READING else ALONE
        interrupted = (0, 0) if module.endswith("_info") else INTERRUPTED
        named = (PROGRESS_AND_NAMES, COMPARTMENTS.get(module, (0, 0)))
        planning = (LATER_PLANS if "plan" in module else (0, 0), WHOLE_PLAN.get(module, (0, 0)))
        tables = (0, 0) if module.endswith("_info") else TABLES
        guards = (GUARDED.get(module, (0, 0)), (0, 0) if module.endswith("_info") else ACCOUNTABLE)
        parts = (before, REQUESTS, SAFER, CREDENTIALS, *named, alone, interrupted, *planning, tables, *guards)
    limits = map(sum, zip(*parts, TERRAFORM.get(module, (0, 0)), REPLICAS.get(module, (0, 0)), strict=True))
    assert all(size <= limit for size, limit in zip(shipped_bytes(module), limits, strict=True)), shipped_bytes(module)


def test_looking_keys_up_ships_a_third_less() -> None:
    before = [size * 2 / 3 for size in SHIPPED_IN_0_1_0["kms_key_info"]]
    limits = map(sum, zip(before, REQUESTS, PROGRESS_AND_NAMES, SAFER, CREDENTIALS, strict=True))
    assert all(size <= limit for size, limit in zip(shipped_bytes("kms_key_info"), limits, strict=True))


@pytest.mark.parametrize("module", READING)
def test_modules_that_only_read_ship_nothing_that_changes(module: str) -> None:
    assert module in MODULES
    assert "_changes" not in packages_of(module)


def test_looking_keys_up_ships_nothing_of_resources_and_plans() -> None:
    assert packages_of("kms_key_info") <= {"_common", "_model", "_api", "_documents", "_keys", "_modules"}


def test_reports_are_written_without_a_connection() -> None:
    assert not packages_of("key_assignment_report") & {"_api", "_keys", "_resources"}


@pytest.mark.parametrize("module", [name for name in MODULES if name != "backup_copy"])
def test_only_the_module_that_copies_ships_copies(module: str) -> None:
    assert Path("_resources/copies.py") not in shipped_files(module)
    assert Path("_resources/copies.py") in shipped_files("backup_copy")


def test_modules_ship_only_the_kinds_that_they_change() -> None:
    assert not {Path("_resources/backups.py"), Path("_resources/replicas.py")} & shipped_files("volume_kms_key")
    assert Path("_resources/replicas.py") not in shipped_files("backup_kms_key")


def test_nothing_relies_on_assert() -> None:
    """``python -O`` leaves it out, and a user is told nothing by it."""
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted((ROOT / "plugins").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found == []
