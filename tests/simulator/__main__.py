# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m simulator --fleet fleets/small.yml`: runs until Ctrl-C, SIGTERM or the end of its parent."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import shlex
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from .fleet import FleetError, read
from .home import AUTH_TYPES
from .server import Server, until_parent_is_gone
from .switches import TABLE, SwitchError


def main() -> int:
    arguments = _parse()
    settings = {"settle": arguments.settle, "latency": arguments.latency}
    for text in arguments.switch:
        name, _equals, value = text.partition("=")
        settings[name] = _number(value)
    with contextlib.ExitStack() as stack:
        folder = arguments.home or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="oci-simulator-")))
        if arguments.machine:
            # A parent that was killed can't clean up.
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            server = Server(read(_fleet(arguments.fleet)), settings, folder)
        except (FleetError, SwitchError) as error:
            print(f"simulator: {error}", file=sys.stderr)
            return 2
        # The fleet stays, so the collector need not go through it again and again.
        gc.freeze()
        gc.set_threshold(20_000)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_run(server, arguments))
    return 0


def _fleet(text: str) -> str | dict[str, object]:
    """A file, or the fleet itself as JSON."""
    if not text.startswith("{"):
        return text
    loaded: dict[str, object] = json.loads(text)
    return loaded


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="simulator",
        description="A stand-in for OCI's Block Volume, Vault, Identity and Search APIs on loopback.",
        epilog="switches: " + "; ".join(f"{one.name}={one.choices}" for one in TABLE),
    )
    parser.add_argument("--fleet", required=True, help="YAML file that says what exists, see README.md")
    parser.add_argument("--settle", type=float, default=0.05, help="seconds that a key change takes")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every answer takes")
    parser.add_argument(
        "--switch", action="append", default=[], metavar="NAME=VALUE", help="may be given several times"
    )
    parser.add_argument("--proxy-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--control-port", type=int, default=0, help="0: any free port")
    parser.add_argument(
        "--home", type=Path, help="folder for keys, tokens and the config file (default: a temporary one)"
    )
    parser.add_argument(
        "--auth-type", default="api_key", choices=AUTH_TYPES, help="principal whose variables are printed"
    )
    parser.add_argument(
        "--machine", action="store_true", help="print one line of JSON; end with standard input, and remove the home"
    )
    return parser.parse_args()


async def _run(server: Server, arguments: argparse.Namespace) -> None:
    await server.start(arguments.proxy_port, arguments.control_port)
    description = server.describe()
    if arguments.machine:
        print(json.dumps(description), flush=True)
    else:
        variables = description["environments"][arguments.auth_type]
        # Tools that are not made with the Python SDK, such as curl and Terraform, look for the certificate elsewhere.
        others = dict.fromkeys(("CURL_CA_BUNDLE", "SSL_CERT_FILE"), description["ca_file"])
        print("# What another terminal has to be given, for any OCI tool to find the simulator instead of OCI:")
        for name, value in {**variables, **others}.items():
            print(f"export {name}={shlex.quote(value)}")
        print(f"# the tenancy's OCID: {server.service.cloud.tenancy.id}")
        print(f"# all that is there: curl --noproxy '*' {description['control_url']}/resources")
        print(f"# control API: {description['control_url']}   end with Ctrl-C", flush=True)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ends: list[asyncio.Future[object]] = [asyncio.ensure_future(stop.wait())]
    if arguments.machine:
        ends.append(asyncio.ensure_future(until_parent_is_gone()))
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)


if __name__ == "__main__":
    sys.exit(main())
