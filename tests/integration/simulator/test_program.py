# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fleet files, the client and the program itself."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import oci
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simulator.build import build
from simulator.client import Simulator, SimulatorError
from simulator.faults import KINDS
from simulator.fleet import FleetError, read
from simulator.ocids import looks_like_key, ocid
from simulator.regions import REALMS, REGIONS
from simulator.switches import TABLE, Switches
from simulator.wire import ApiError, page_offset, page_token

IAD = "us-ashburn-1"
VAULT = {"name": "main", "region": IAD}
VOLUMES = [{"name": "v", "region": IAD}]
BACKUP = {"name": "b", "region": IAD}
GROUP = {"name": "g", "region": IAD}
ASSIGNED = {"asset": "v", "policy": "gold"}


def made(**fleet: Any) -> Any:
    return build({"regions": [IAD]} | fleet, Switches())


@pytest.mark.parametrize(
    ("fleet", "message"),
    [
        ({"regions": []}, "regions must name one region"),
        ({"regions": ["us-nowhere-1"]}, "OCI has no region 'us-nowhere-1'"),
        ({"regions": [IAD, "us-langley-1"]}, "one realm"),
        ({"home_region": "eu-frankfurt-1"}, "home region"),
        ({"nonsense": 1}, "unknown: nonsense"),
        ({"volumes": [{"name": "v"}]}, r"volumes\[1\] \(v\): region must be a text, and it is missing"),
        ({"volumes": [{"name": "v", "region": "eu-frankfurt-1"}]}, "no region 'eu-frankfurt-1'; it has: us-ashburn-1"),
        ({"volumes": [{"name": "v", "region": IAD, "key": "k"}]}, "there is no key 'k'"),
        ({"volumes": [{"name": "v", "region": IAD, "state": "FINE"}]}, "it takes: AVAILABLE, PROVISIONING"),
        ({"volumes": [{"name": "v", "region": IAD, "sise": 1}]}, "unknown: sise"),
        ({"volumes": [{"name": "v", "region": IAD, "count": 2}]}, r"name must hold \{n\}"),
        ({"volumes": [{"name": "v{n", "region": IAD, "count": 2}]}, "not a pattern"),
        ({"volumes": [{"name": "v", "region": IAD, "availability_domain": 4}]}, "no availability domain 4"),
        ({"volumes": [{"name": "v", "region": IAD}] * 2}, "two volumes named 'v'"),
        ({"volumes": {"name": "v"}}, "volumes must be a list"),
        ({"volumes": [7]}, r"volumes\[1\] must be a mapping"),
        ({"vaults": [VAULT | {"replicas": [IAD]}]}, "is in us-ashburn-1 already"),
        ({"vaults": [VAULT], "keys": [{"name": "k", "vault": "main", "regions": {"x": {}}}]}, "not in the region 'x'"),
        ({"keys": [{"name": "k", "vault": "main"}]}, "there is no vault 'main'"),
        ({"compartments": [{"name": "c", "parent": "p"}]}, "there is no compartment 'p'"),
        ({"volume_backups": [{"name": "b"}]}, "region must be a text, and it is missing"),
        ({"volume_backups": [{"name": "b", "of": "v"}]}, "there is no volume 'v'"),
        ({"volume_backups": [BACKUP | {"state": "COMMITTED"}]}, "it takes: AVAILABLE, REQUEST_RECEIVED"),
        ({"volume_backups": [BACKUP | {"group_backup": "g"}]}, "there is no volume_group_backup 'g'"),
        ({"volume_backups": [BACKUP | {"source": "b"}]}, "there is no volume_backup 'b'"),
        ({"volume_backups": [BACKUP | {"retention_period": {"days": 3}}]}, "unknown: days"),
        ({"volume_backups": [BACKUP | {"is_retention_lock_enabled": 7}]}, "must be true, false or null"),
        ({"volume_backups": [BACKUP | {"time_retention_expires_at": "soon"}]}, "must be a date"),
        ({"volumes": VOLUMES, "volume_groups": [GROUP | {"volumes": ["main"]}]}, "names nothing"),
        ({"volumes": VOLUMES, "volume_groups": [GROUP | {"volumes": ["v", "v"]}]}, "in a volume group already"),
        ({"vaults": [VAULT], "volume_groups": [GROUP | {"volumes": ["main"]}]}, "is no volume of us-ashburn-1"),
        ({"volume_groups": [GROUP | {"availability_domain": 7}]}, "no availability domain 7"),
        ({"volume_backup_policies": [GROUP | {"destination_region": IAD}]}, "another region than us-ashburn-1"),
        ({"volume_backup_policies": [{"name": "gold", "region": IAD}]}, "two volume_backup_policys named 'gold'"),
        ({"volumes": VOLUMES, "policy_assignments": [ASSIGNED, ASSIGNED]}, "'v' has a policy already"),
        ({"volumes": VOLUMES, "policy_assignments": [ASSIGNED | {"count": 2}]}, r"asset must hold \{n\}"),
        ({"vaults": [VAULT], "policy_assignments": [ASSIGNED | {"asset": "main"}]}, "neither a volume nor"),
        ({"volumes": VOLUMES, "policy_assignments": [ASSIGNED | {"policy": "p"}]}, "there is no volume_backup_policy"),
    ],
)
def test_mistakes_in_a_fleet(fleet: dict[str, Any], message: str) -> None:
    with pytest.raises(FleetError, match=message):
        made(**fleet)


def test_files_that_are_no_fleet(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="can't read"):
        read(tmp_path / "absent.yml")
    for text, message in (("a: [", "not valid YAML"), ("- a", "must be a mapping")):
        (tmp_path / "fleet.yml").write_text(text)
        with pytest.raises(FleetError, match=message):
            read(tmp_path / "fleet.yml")


def test_ocids_are_the_same_every_time_and_of_real_form() -> None:
    fleet = {
        "regions": [IAD, "eu-frankfurt-1"],
        "vaults": [VAULT, {"name": "fra", "region": "eu-frankfurt-1"}],
        "keys": [{"name": "k", "vault": "main"}, {"name": "f", "vault": "fra"}],
        "volumes": [{"name": "v", "region": IAD}, {"name": "own", "region": IAD, "id": "ocid1.volume.oc1.iad.own"}],
    }
    one, two = made(**fleet), made(**fleet)
    assert list(one.resources) == list(two.resources)
    key = one.lookup("k").id.split(".")
    assert key[:4] == ["ocid1", "key", "oc1", "iad"]
    assert len(key) == 6
    assert key[4] == one.lookup("main").id.split(".")[4]
    assert one.lookup("f").id.startswith("ocid1.key.oc1.eu-frankfurt-1.")
    assert one.lookup("v").id.startswith("ocid1.volume.oc1.iad.")
    assert one.lookup("volume:own").id == "ocid1.volume.oc1.iad.own"
    assert one.tenancy.id.startswith("ocid1.tenancy.oc1..")
    for name in ("nothing", "key:v"):
        with pytest.raises(FleetError, match="names nothing"):
            one.lookup(name)


def test_regions_are_those_of_the_sdk() -> None:
    assert set(REGIONS) == set(oci.regions.REGIONS)
    assert oci.regions.REALMS == REALMS
    assert {name: region.realm for name, region in REGIONS.items()} == oci.regions.REGION_REALMS
    assert {region.key.lower(): name for name, region in REGIONS.items()} == oci.regions.REGIONS_SHORT_NAMES


def test_other_realms_and_invented_regions(running: Simulator) -> None:
    running.reset({"regions": ["us-langley-1"], "volumes": [{"name": "v", "region": "us-langley-1"}]})
    config = oci.config.from_file(str(running.home / "config"))
    assert config["tenancy"].startswith("ocid1.tenancy.oc2..")
    assert running.id("v").startswith("ocid1.volume.oc2.us-langley-1.")
    cloud = made(regions=[{"name": "xx-new-1", "key": "xnw", "realm": "oc1"}])
    assert cloud.sites["xx-new-1"].domains[0].endswith(":XX-NEW-1-AD-1")


@given(st.text(max_size=40))
def test_invented_page_tokens_are_refused(token: str) -> None:
    if token:
        with pytest.raises(ApiError):
            page_offset("scope", token)


@given(st.text(), st.integers(0, 10**9))
def test_page_tokens_come_back(scope: str, offset: int) -> None:
    assert page_offset(scope, page_token(scope, offset)) == offset


@given(st.sampled_from(sorted(REGIONS)), st.text(min_size=1), st.sampled_from(["", "abcdefghijklm"]))
def test_key_ocids_look_like_keys(region: str, name: str, prefix: str) -> None:
    site = REGIONS[region]
    assert looks_like_key(ocid("key", site.realm, site.in_ocid, name, prefix=prefix))
    assert not looks_like_key(ocid("volume", site.realm, site.in_ocid, name, prefix=prefix))


def test_names_and_resources(sim: Simulator) -> None:
    assert sim.id("root") == sim.id("tenancy") == oci.config.from_file(str(sim.home / "config"))["tenancy"]
    assert sim.id("volume:db-1") == sim.id("db-1")
    assert len(sim.resources("boot_volume")) == 6
    assert {row["kind"] for row in sim.resources()} == {
        *("compartment", "vault", "key", "volume", "boot_volume", "volume_group"),
        *("instance_configuration", "instance_pool"),
        *("volume_backup", "boot_volume_backup", "volume_group_backup", "volume_backup_policy", "policy_assignment"),
    }
    for wrong, message in (
        (lambda: sim.id("nothing"), "names nothing"),
        (lambda: sim.resource("ocid1.nothing"), "there is no"),
        (lambda: sim.change(sim.id("db-1"), colour="red"), "unknown: colour"),
        (lambda: sim.change(sim.id("db-1"), state="FINE"), "it takes"),
        (lambda: sim.environment("nobody"), "no environment"),
        (lambda: sim.reset({"regions": []}), "regions"),
    ):
        with pytest.raises(SimulatorError, match=message):
            wrong()
    # A fleet that is refused leaves the old one in place.
    assert sim.id("db-1")


def test_change_of_keys_and_vaults(sim: Simulator) -> None:
    sim.change(sim.id("key-a"), state="DISABLED", versions=2)
    assert sim.resource(sim.id("key-a"))["lifecycleState"] == "DISABLED"
    sim.change(sim.id("replicated"), region=IAD, state="DISABLED")
    states = {region: row["state"] for region, row in sim.resource(sim.id("replicated"))["regions"].items()}
    assert states == {IAD: "DISABLED", "eu-frankfurt-1": "ENABLED"}
    sim.change(sim.id("vault:main"), state="PENDING_DELETION")
    assert sim.resource(sim.id("vault:main"))["lifecycleState"] == "PENDING_DELETION"
    sim.change(sim.id("old"), state="ACTIVE")
    assert sim.resource(sim.id("old"))["lifecycleState"] == "ACTIVE"
    with pytest.raises(SimulatorError, match="not in the region"):
        sim.change(sim.id("key-a"), region="eu-frankfurt-1", state="DISABLED")


def test_counters_and_log(sim: Simulator, block: Any) -> None:
    block.get_volume(sim.id("db-1"))
    (call,) = sim.calls("GetVolume")
    assert (call.operation, call.method, call.status, call.resource) == ("GetVolume", "GET", 200, sim.id("db-1"))
    assert (call.host, call.region, call.request) == ("iaas.us-ashburn-1.oraclecloud.com", IAD, None)
    block.update_volume(sim.id("db-1"), oci.core.models.UpdateVolumeDetails(display_name="x"), if_match="*")
    (call,) = sim.calls("UpdateVolume")
    assert call.request == {"displayName": "x"}
    assert call.headers["if-match"] == "*"
    sim.reset_counts()
    assert (sim.calls(), sim.counts(), sim.needless_puts) == ([], {}, 0)
    assert sim.resource(sim.id("db-1"))["displayName"] == "x"


def test_a_wrong_start_says_why() -> None:
    with pytest.raises(SimulatorError, match="OCI has no region 'nowhere'"):
        Simulator.start({"regions": ["nowhere"]})


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def _until_dead(pid: int) -> None:
    end = time.monotonic() + 10
    while _alive(pid):
        assert time.monotonic() < end, "the simulator has outlived its parent"
        time.sleep(0.02)


PARENT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from simulator.client import Simulator
simulator = Simulator.start({"regions": ["us-ashburn-1"]})
print(simulator.pid, simulator.home, flush=True)
time.sleep(60)
"""


def test_it_dies_with_its_parent(running: Simulator) -> None:
    tests = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen([sys.executable, "-c", PARENT, tests], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, home = parent.stdout.readline().split()
        parent.send_signal(signal.SIGKILL)
    _until_dead(int(pid))
    assert not Path(home).exists()


def test_stop_ends_it_and_cleans_up(running: Simulator) -> None:
    with Simulator.start({"regions": [IAD]}) as simulator:
        pid, home = simulator.pid, simulator.home
        assert (home / "config").exists()
    assert not _alive(pid)
    assert not home.exists()
    simulator.stop()


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What the program prints for whoever starts it by hand, while it runs."""
    tests = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "simulator", "--fleet", str(tests / "simulator/fleets/small.yml")]
    environment: Mapping[str, str] = os.environ | {"PYTHONPATH": str(tests)}
    with subprocess.Popen(
        [*command, "--home", str(tmp_path_factory.mktemp("home")), "--switch", "transition=immediate"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("# control API"):
                break
        yield "".join(lines)
        process.send_signal(signal.SIGINT)
    assert process.returncode == 0


def _in_a_shell_with(exports: str, command: str) -> str:
    bare = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    script = f"set -eu\n{exports}\n{command}\n"
    return subprocess.run(
        ["sh", "-c", script], env=bare, check=True, stdout=subprocess.PIPE, text=True, timeout=180
    ).stdout


def test_what_the_program_prints_leads_the_sdk_to_it(exports: str) -> None:
    script = (
        "import oci, os\n"
        "config = oci.config.from_file(os.environ['OCI_CONFIG_FILE'], os.environ['OCI_CONFIG_PROFILE'])\n"
        "regions = oci.identity.IdentityClient(config).list_region_subscriptions(config['tenancy']).data\n"
        "print([region.region_name for region in regions])"
    )
    listed = _in_a_shell_with(exports, f"{shlex.quote(sys.executable)} -c {shlex.quote(script)}")
    assert listed.strip() == "['us-ashburn-1', 'eu-frankfurt-1', 'ap-chuncheon-1']"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_what_the_program_prints_leads_curl_to_it(exports: str) -> None:
    volumes = "https://iaas.us-ashburn-1.oraclecloud.com/20160918/volumes"
    refused = _in_a_shell_with(exports, f"curl --silent --show-error --max-time 30 {volumes}")
    assert json.loads(refused)["code"] == "NotAuthenticated"
    (hint,) = [line for line in exports.splitlines() if line.startswith("# all that is there: ")]
    told = _in_a_shell_with(exports, hint.partition(": ")[2] + " --silent --show-error --max-time 30")
    assert "seoul-a" in {row["name"] for row in json.loads(told)}


def test_without_the_proxy_the_handshake_tells_the_host(sim: Simulator) -> None:
    host = f"iaas.{IAD}.oraclecloud.com"
    trust = ssl.create_default_context(cafile=sim.ca_file)
    with (
        socket.create_connection(("127.0.0.1", sim.direct_port), timeout=10) as plain,
        trust.wrap_socket(plain, server_hostname=host) as secure,
    ):
        secure.sendall(f"GET /20160918/volumes HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
        assert secure.recv(64).startswith(b"HTTP/1.1 401 ")


def test_the_readme_lists_all_switches_and_faults() -> None:
    text = (Path(__file__).resolve().parents[2] / "simulator/README.md").read_text()
    for switch in TABLE:
        values = ", ".join(f"`{value}`" for value in switch.values) or f"a number, {switch.number:g}"
        assert f"| `{switch.name}` | {values} | {switch.about} |" in text
    for kind, about in KINDS.items():
        assert f"| `{kind}` | {about} |" in text


def test_the_fleet_in_the_readme_is_one() -> None:
    text = (Path(__file__).resolve().parents[2] / "simulator/README.md").read_text()
    fleet = yaml.safe_load(text.split("## Fleet")[1].split("```yaml")[1].split("```")[0])
    fleet["tenancy"] = "acme"
    cloud = build(fleet, Switches())
    assert len(list(cloud.resources)) == 4 + 2 + 3 + 3 + 1 + 1 + 1 + 3 + (3 + 1) + 1 + 3
