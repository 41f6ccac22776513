# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many requests a second the simulator carries: `PYTHONPATH=tests python -m simulator.measure`.

The simulator is pinned to one processor, the clients to the others. Each client signs a handful of requests before the
clock starts and repeats them, so that the simulator's own work is measured: TLS, signature, operation, log.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import multiprocessing
import os
import ssl
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from simulator.client import Simulator

REGION = "us-ashburn-1"
HOST = f"iaas.{REGION}.oraclecloud.com"
FLEET = {
    "regions": [REGION],
    "compartments": ["prod"],
    "vaults": [{"name": "main", "region": REGION, "compartment": "prod"}],
    "keys": [{"name": "key-a", "vault": "main"}],
    "volumes": [{"name": "v-{n}", "count": 1000, "region": REGION, "compartment": "prod"}],
}

Request = tuple[str, str, dict[str, str], bytes]


def _config(path: str) -> dict[str, str]:
    lines = Path(path).read_text(encoding="utf-8").split("\n\n")[0].splitlines()[1:]
    return dict(line.split("=", 1) for line in lines)


def sign(config: dict[str, str], method: str, path: str, body: bytes = b"") -> Request:
    """As the SDK signs (oci_semantics.md section 5)."""
    headers = {"date": formatdate(usegmt=True), "host": HOST}
    names = ["date", "(request-target)", "host"]
    if method == "PUT":
        headers["content-length"] = str(len(body))
        headers["content-type"] = "application/json"
        headers["x-content-sha256"] = base64.b64encode(hashlib.sha256(body).digest()).decode()
        names += ["content-length", "content-type", "x-content-sha256"]
    values = {"(request-target)": f"{method.lower()} {path}", **headers}
    key = serialization.load_pem_private_key(Path(config["key_file"]).read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    text = "\n".join(f"{name}: {values[name]}" for name in names)
    signature = base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    who = f"{config['tenancy']}/{config['user']}/{config['fingerprint']}"
    headers["authorization"] = (
        f'Signature algorithm="rsa-sha256",headers="{" ".join(names)}",keyId="{who}",'
        f'signature="{signature}",version="1"'
    )
    return method, path, headers, body


def _mixes(simulator: Simulator, config: dict[str, str]) -> dict[str, list[Request]]:
    volumes = [row["id"] for row in simulator.resources("volume")][:25]
    body = json.dumps({"kmsKeyId": simulator.id("key-a")}).encode()
    compartment = simulator.id("prod")
    gets = [sign(config, "GET", f"/20160918/volumes/{ident}") for ident in volumes]
    puts = [sign(config, "PUT", f"/20160918/volumes/{ident}/kmsKey", body) for ident in volumes]
    lists = [sign(config, "GET", f"/20160918/volumes?compartmentId={compartment}&limit=100")]
    return {"GetVolume": gets, "UpdateVolumeKmsKey": puts, "PUT and GET by turns": gets + puts, "lists of 100": lists}


async def _client(environment: dict[str, str], requests: list[Request], seconds: float, connections: int) -> int:
    trust = ssl.create_default_context(cafile=environment["REQUESTS_CA_BUNDLE"])
    connector = aiohttp.TCPConnector(ssl=trust, limit=connections)
    done = 0
    async with aiohttp.ClientSession(connector=connector) as session:
        end = time.monotonic() + seconds

        async def repeat(offset: int) -> None:
            nonlocal done
            number = offset
            while time.monotonic() < end:
                method, path, headers, body = requests[number % len(requests)]
                url = f"https://{HOST}{path}"
                async with session.request(
                    method, url, headers=headers, data=body or None, proxy=environment["HTTPS_PROXY"]
                ) as response:
                    await response.read()
                    if response.status != 200:
                        raise RuntimeError(f"{method} {path}: {response.status} {await response.text()}")
                done += 1
                number += 1

        await asyncio.gather(*(repeat(number * 7) for number in range(connections)))
    return done


def _process(cpus: set[int], results: Any, *arguments: Any) -> None:
    os.sched_setaffinity(0, cpus)
    results.put(asyncio.run(_client(*arguments)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each round")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--connections", type=int, default=16, help="of each client process")
    arguments = parser.parse_args()
    cpus = sorted(os.sched_getaffinity(0))
    with Simulator.start(FLEET, settle=0.0, cpu=cpus[0]) as simulator:
        environment = simulator.environment()
        for name, requests in _mixes(simulator, _config(environment["OCI_CONFIG_FILE"])).items():
            rounds = [
                _round(simulator, requests, environment, set(cpus[1:]) or set(cpus), arguments)
                for _number in range(arguments.rounds)
            ]
            # Others use the machine too, and nothing but their absence makes a round better.
            reached = max(done / arguments.seconds for done, _used in rounds)
            used = min(used / done for done, used in rounds)
            print(
                f"{name:22} {reached:6.0f} requests/s reached; {used * 1e6:4.0f} µs of processor each,"
                f" {1 / used:6.0f} requests/s when it has one to itself"
            )


def _round(
    simulator: Simulator,
    requests: list[Request],
    environment: dict[str, str],
    cpus: set[int],
    arguments: argparse.Namespace,
) -> tuple[int, float]:
    """The requests answered, and the processor time that the simulator took for them."""
    simulator.reset()
    results: Any = multiprocessing.Queue()
    rest = (environment, requests, arguments.seconds, arguments.connections)
    clients = [
        multiprocessing.Process(target=_process, args=(cpus, results, *rest)) for _number in range(arguments.processes)
    ]
    used = simulator.processor_seconds()
    for client in clients:
        client.start()
    done = sum(results.get(timeout=arguments.seconds + 60) for _started in clients)
    for client in clients:
        client.join()
    return done, simulator.processor_seconds() - used


if __name__ == "__main__":
    main()
