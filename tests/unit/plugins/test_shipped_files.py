# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AnsiballZ ships with each module: the files of module_utils that its static imports reach."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
COLLECTION = "ansible_collections.oci_keys.block_volume."

# Bytes that each module may ship: of the files as they are, and of their code without comments and docstrings. That is
# more than in 0.1.0 (292 to 397 kB, the report 99 kB), which left requests, records, credentials and their checks to
# the SDK (some 170 kB of ours now), and had no locks, no journals of interrupted runs, no names, tables, progress,
# exceptions, signatures or Terraform. What new volumes are born with is shipped where it is looked at: by discoveries,
# and by plans, which advise on it. A module that goes past its limit ships something that it may have no use of:
# find out what, and raise the limit only for what it needs.
LIMITS = {
    "backup_copy": (787_000, 561_000),
    "backup_kms_key": (711_000, 504_000),
    "backup_policy_crossregion_key": (720_000, 512_000),
    "backup_policy_plan": (864_000, 623_000),
    "instance_configuration_kms_key": (767_000, 546_000),
    "key_assignment_info": (608_000, 429_000),
    "key_assignment_plan": (882_000, 636_000),
    "key_assignment_report": (428_000, 314_000),
    "key_plan_apply": (1_227_000, 899_000),
    "key_restore_plan": (818_000, 586_000),
    "kms_key_info": (401_000, 282_000),
    "replica_kms_key": (747_000, 532_000),
    "volume_kms_key": (699_000, 496_000),
}
# These change nothing, so they ship nothing that does.
READING = (
    "backup_policy_plan",
    "key_assignment_info",
    "key_assignment_plan",
    "key_assignment_report",
    "key_restore_plan",
    "kms_key_info",
)


@functools.cache
def imported_names(file: Path) -> tuple[str, ...]:
    """The names that a file imports, from the root of the collection."""
    return tuple(_imported_names(file))


def _imported_names(file: Path) -> Iterator[str]:
    return _names_in(file, ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def _names_in(file: Path, nodes: Iterable[ast.AST]) -> Iterator[str]:
    package = file.relative_to(ROOT).parts[:-1]
    for node in nodes:
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


@functools.cache
def started_files(module: str) -> frozenset[Path]:
    """Those of them that the module imports at its start, whatever it is asked to do."""
    utils = ROOT / "plugins" / "module_utils"
    found: set[Path] = set()
    to_follow = [ROOT / "plugins" / "modules" / f"{module}.py"]
    while to_follow:
        file = to_follow.pop()
        for name in _names_in(file, ast.parse(file.read_text(encoding="utf-8")).body):
            imported = ROOT / f"{name.replace('.', '/')}.py"
            if utils in imported.parents and imported.is_file() and imported not in found:
                found.add(imported)
                to_follow.append(imported)
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
    assert list(LIMITS) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_no_module_ships_more_than_its_limit(module: str) -> None:
    assert all(size <= limit for size, limit in zip(shipped_bytes(module), LIMITS[module], strict=True)), shipped_bytes(
        module
    )


@pytest.mark.parametrize("module", MODULES)
def test_limits_are_kept_close(module: str) -> None:
    assert all(limit < size * 1.05 for size, limit in zip(shipped_bytes(module), LIMITS[module], strict=True))


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


# A payload has no bytecode, and Python compiles what it imports from there twice, once to find out the file's name:
# each file takes 2 to 3 ms of a start.
RARE = {
    "session_token": "_api/session_token.py",
    "platform": "_api/platform_auth.py",
    "names": "_keys/names.py",
    "journals": "_documents/journal_reader.py",
    "exceptions": "_documents/exceptions_file.py",
    "terraform": "_documents/terraform_state.py",
    "policies": "_resources/policies.py",
    "new volumes": "_discovery/new_volumes.py",
    "changes": "_changes/apply.py",
}
READ_AT_ONCE = {
    "backup_policy_crossregion_key": {"policies"},
    "backup_policy_plan": {"policies"},
    "key_assignment_report": {"journals"},
    "key_plan_apply": {"policies"},
    "key_restore_plan": {"journals", "policies"},
}


@pytest.mark.parametrize("module", MODULES)
def test_a_start_imports_nothing_that_few_calls_need(module: str) -> None:
    found = {what for what, file in RARE.items() if Path(file) in started_files(module)}
    assert found == READ_AT_ONCE.get(module, set())


def test_what_few_calls_need_is_shipped_all_the_same() -> None:
    shipped = frozenset().union(*map(shipped_files, MODULES))
    assert {Path(file) for file in RARE.values()} <= shipped
    assert not {Path(RARE["session_token"]), Path(RARE["platform"])} - shipped_files("kms_key_info")


def test_a_plan_is_carried_out_without_what_makes_the_next_one() -> None:
    """Unless there is more than one round."""
    makes_plans = {Path("_modules/key_plan.py"), Path("_modules/key_restore_plan.py"), Path("_planning/former_keys.py")}
    assert makes_plans <= shipped_files("key_plan_apply")
    assert "_discovery" not in {file.parts[0] for file in started_files("key_plan_apply")}
    assert not makes_plans & started_files("key_plan_apply")


def test_nothing_relies_on_assert() -> None:
    """``python -O`` leaves it out, and a user is told nothing by it."""
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted((ROOT / "plugins").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found == []
