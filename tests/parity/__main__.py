# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make parity-oci` and `make parity-clean`: asks the probes on a tenancy, and leaves nothing behind."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import oci

from . import take
from .catalog import ALL
from .cloud import Cloud, connect
from .probe import SKIPPED, Finding, UnclearError, ask
from .product import PARTS, Ansible, Row, ask_product
from .recording import Recorder, Redactor
from .result import document, leaks, summary, table, write
from .settings import Settings, SettingsError, from_file
from .sweep import CleanupError, remains, sweep
from .testbed import LIMITS, SIZE_GB, Testbed

DONE, USAGE, INTERRUPTED, LEFT_BEHIND = 0, 1, 2, 3
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class InterruptError(BaseException):
    """Somebody wants the run to end. No handler of ordinary errors takes it."""


@contextlib.contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """A signal ends what is inside, once; the next ones are ignored, so that what was made is deleted.

    What it gives has the first one be ignored, too.
    """

    def shield() -> None:
        for number in _SIGNALS:
            signal.signal(number, _ignore)

    def stop(_number: int, _frame: FrameType | None) -> None:
        shield()
        raise InterruptError

    def _ignore(_number: int, _frame: FrameType | None) -> None:
        os.write(2, b"The run is deleting what it made. Kill it to stop that; make parity-clean does it later.\n")

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield shield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def announcement(settings: Settings, region: str, run: str) -> str:
    """What the run will make, for how long, and about what it costs: sizes, not prices."""
    elsewhere = settings.region_elsewhere
    volumes, backups, copies = LIMITS["volume"], LIMITS["backup"], LIMITS["copy"] if elsewhere else 0
    lines = [
        f"Run {run} makes in {region}, in compartment {settings.compartment_id}:",
        f"  at most {volumes} block volumes of {SIZE_GB} GB (lower cost, 0 VPUs), empty",
        f"  at most {LIMITS['group']} volume group, {backups} backups of an empty volume, 1 assignment at a time",
        f"  at most {copies} copies of a backup at a time, and {copies + 1} in all, in {elsewhere}"
        if elsewhere
        else "  no copies (region_elsewhere is not set)",
        *([f"  a backup of boot volume {settings.boot_volume_id}"] if settings.boot_volume_id else []),
        *(
            [f"  a replica of a volume of {SIZE_GB} GB in {elsewhere}, at times"]
            if settings.replicas and elsewhere
            else []
        ),
        *([f"It assigns {settings.attached_volume_id} its own key once more."] if settings.attached_volume_id else []),
        *(["It calls GetKey or GetVolume 15 times in a second, three times."] if settings.limits else []),
        "It changes the keys of these, and nothing else. All are tagged oci-keys-parity, and deleted at the end.",
        f"Cost: volumes {volumes} x {SIZE_GB} GB x hours / 730 = {volumes * SIZE_GB / 730:.2f} GB-months for each hour;"
        f" backups and copies {backups + copies + bool(copies)} x the stored size of an empty volume;"
        f"{' the stored size of the boot volume;' if settings.boot_volume_id else ''}"
        " the transfer of the copies. Calls cost nothing.",
        "Time: 20 to 60 minutes, most of it waiting for copies.",
    ]
    return "\n".join(lines)


def _agreed(question: str, yes: bool) -> bool:
    if yes:
        return True
    try:
        return input(f"{question} [yes/no] ").strip().lower() in ("yes", "y")
    except (EOFError, KeyboardInterrupt):
        return False


def _left(cloud: Cloud, settings: Settings) -> str:
    """The remains of other runs, in words."""
    left = remains(cloud, settings)
    runs = ", ".join(sorted({one.run for one in left}))
    return f"There are {len(left)} resources of other runs ({runs})." if left else ""


def _say(line: str) -> None:
    """A reader that has gone does not keep what was made from being deleted."""
    with contextlib.suppress(OSError, ValueError):
        print(line, flush=True)


def run_probes(cloud: Cloud, settings: Settings, ansible: Ansible | None, run: str, results: Path) -> int:
    """Asks all, deletes, and writes the result; gives the exit code."""
    bed = Testbed(cloud, settings, run)
    findings: list[Finding] = []
    product: list[Row] = []
    code, reason = DONE, ""
    with _interruptible() as shield:
        try:
            for one in ALL.values():
                cloud.recorder.probe = one.name
                findings.append(ask(one, bed))
                _say(f"{findings[-1].verdict:11} {one.name}: {findings[-1].seen}")
            cloud.recorder.probe = ""
            for what in PARTS if ansible is not None else ():
                assert ansible is not None
                product.append(ask_product(what, bed, ansible))
                _say(f"{product[-1]['verdict']:11} {what}: {product[-1]['seen']}")
            shield()
        except InterruptError:
            code, reason = INTERRUPTED, "the run was interrupted"
            _say("Interrupted. Deleting what was made.")
        except Exception as error:  # whatever it is, what was made is deleted
            code, reason = INTERRUPTED, f"the run failed: {type(error).__name__}"
            shield()
            _say(f"The run failed ({error!r}). Deleting what was made.")
        cloud.recorder.probe = ""
        try:
            # A copy may be late to show in its region, whoever asked for it.
            sweep(cloud, settings, run, quiet=settings.late_seconds, say=_say)
        except CleanupError as error:
            print(f"{error}\nRun make parity-clean, or delete them.", file=sys.stderr)
            code, reason = LEFT_BEHIND, reason or "the run did not end"
        _report(cloud, bed, findings, product, results, reason)
    return code


def _report(
    cloud: Cloud, bed: Testbed, findings: list[Finding], product: list[Row], results: Path, reason: str
) -> None:
    """The table and the file. `reason` is why probes were not asked."""
    asked = {finding.probe.name for finding in findings}
    findings += [Finding(one, reason or "not asked", SKIPPED) for one in ALL.values() if one.name not in asked]
    print(f"\n{table(findings)}")
    for row in product:
        print(f"{row['what']}: {row['verdict']}\n  expected: {row['expected']}\n  seen: {row['seen']}")
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    content = document(
        findings,
        cloud.recorder.exchanges,
        product,
        date=date,
        region=bed.region,
        seconds=bed.seconds,
        redactor=Redactor(),
    )
    found = leaks(content)
    if found:
        print(f"The result was not written, as it would show {len(found)} values that it must not.", file=sys.stderr)
        return
    print(f"Result: {write(results, content)} ({summary(findings)})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="parity", description="Asks OCI what the simulator assumes.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("oci", "clean"):
        command = commands.add_parser(name)
        command.add_argument("--config", default="~/.oci/config", help="the SDK's configuration file")
        command.add_argument("--profile", default="DEFAULT")
        command.add_argument("--settings", required=True, type=Path)
        command.add_argument("--results", type=Path, default=Path(".cache/parity"))
        command.add_argument("--yes", action="store_true", help="do not ask")
        command.add_argument("--run", default="", help="clean: only this run")
        command.add_argument("--no-product", action="store_true", help="oci: without the collection itself")
    commands.add_parser("take").add_argument("file", type=Path)
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    if arguments.command == "take":
        return take.main(arguments.file)
    try:
        settings = from_file(arguments.settings)
        cloud = connect(os.path.expanduser(arguments.config), arguments.profile, Recorder(), settings.region)
        left = _left(cloud, settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return USAGE
    except UnclearError as error:
        print(f"The resources of the compartment can't be listed: {error}. Correct the settings.", file=sys.stderr)
        return USAGE
    except (oci.exceptions.ConfigFileNotFound, oci.exceptions.ProfileNotFound, oci.exceptions.InvalidConfig) as error:
        print(f"Profile {arguments.profile} of {arguments.config} can't be used: {error}", file=sys.stderr)
        return USAGE
    if arguments.command == "clean":
        return _clean(cloud, settings, arguments, left)
    if left:
        print(f"{left} Run make parity-clean, unless another run is going on.", file=sys.stderr)
        return USAGE
    run = secrets.token_hex(4)
    print(announcement(settings, cloud.config["region"], run))
    if not _agreed("Go on?", arguments.yes):
        print("Nothing was made.")
        return USAGE
    ansible = None
    if not arguments.no_product:
        by_token = bool(cloud.config.get("security_token_file"))
        file = os.path.abspath(os.path.expanduser(arguments.config))
        ansible = Ansible(arguments.results.resolve() / run, file, arguments.profile, by_token=by_token)
    return run_probes(cloud, settings, ansible, run, arguments.results)


def _clean(cloud: Cloud, settings: Settings, arguments: argparse.Namespace, left: str) -> int:
    print(left or "There are no resources of runs.")
    if left and not _agreed("Delete them?", arguments.yes):
        return USAGE
    try:
        count = sweep(cloud, settings, arguments.run, quiet=settings.late_seconds)
    except CleanupError as error:
        print(error, file=sys.stderr)
        return LEFT_BEHIND
    print(f"{count} resources were deleted. Nothing is left.")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
