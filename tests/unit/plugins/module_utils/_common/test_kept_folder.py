# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which folders outlive a run. The mounts are written by hand, in the form that engines are known to give them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common import kept_folder
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.kept_folder import (
    MARKER,
    Surroundings,
    expect_kept,
    passing_reason,
)

MACHINE = """\
22 28 0:20 / /proc rw,nosuid - proc proc rw
28 1 253:0 / / rw,relatime - xfs /dev/mapper/root rw
40 28 0:35 / /tmp rw,nosuid - tmpfs tmpfs rw
41 28 253:2 / /home rw - xfs /dev/mapper/home rw
"""
DOCKER = """\
1046 854 0:78 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A,upperdir=/var/lib/docker/x
1047 1046 0:81 / /proc rw,nosuid - proc proc rw
1048 1046 0:82 / /dev rw,nosuid - tmpfs tmpfs rw
1049 1048 0:84 / /dev/shm rw - tmpfs shm rw,size=65536k
1051 1046 259:1 /srv/oci\\040reports /reports rw,relatime - ext4 /dev/nvme0n1p1 rw
1052 1046 259:1 /var/lib/docker/volumes/named/_data /named rw,relatime - ext4 /dev/nvme0n1p1 rw
1053 1046 8:1 /v/volumes/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/_data /data rw - xfs /d rw
1054 1046 0:90 / /nfs rw - nfs4 10.0.0.2:/export rw
1055 1054 0:91 / /nfs/tmp rw - tmpfs tmpfs rw
"""
AWX_IN_PODMAN = """\
900 700 0:60 / / rw,relatime - fuse.fuse-overlayfs fuse-overlayfs rw
901 900 8:1 /tmp/awx_42_abcd /runner rw,relatime - xfs /dev/sda1 rw
902 900 8:1 /tmp/awx_42_abcd/project /runner/project rw,relatime - xfs /dev/sda1 rw
903 900 8:1 /tmp/awx_42_abcd/artifacts /runner/artifacts rw,relatime - xfs /dev/sda1 rw
904 900 8:1 /var/lib/awx/reports /var/reports rw,relatime - xfs /dev/sda1 rw
"""
AWX_IN_KUBERNETES = """\
2001 1900 0:400 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/containerd/x
2010 2001 8:1 /var/lib/kubelet/pods/7c/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw
2011 2001 8:1 /var/lib/kubelet/pods/7c/volumes/kubernetes.io~empty-dir/scratch /scratch rw - ext4 /dev/sda1 rw
2012 2001 8:32 / /claim rw,relatime - ext4 /dev/sdc rw
2013 2001 0:402 / /run/secrets/kubernetes.io/serviceaccount ro - tmpfs tmpfs rw
"""
CRI_O_ON_A_DISK = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n30 27 8:1 / /kept rw - ext4 /dev/sda1 rw\n"

AWX = {"JOB_ID": "42", "AWX_HOST": "https://awx.example.com"}


def reason(
    path: str, mountinfo: str, *, awx: bool = False, cgroup: str = "0::/", files: tuple[str, ...] = ()
) -> str | None:
    return passing_reason(path, Surroundings(mountinfo, cgroup, AWX if awx else {}, files))


@pytest.mark.parametrize("path", ["/", "/tmp/x", "/home/alice/.local/state", "/var/reports", "/runner/x"])
def test_on_a_machine_everything_is_kept(path: str) -> None:
    assert reason(path, MACHINE) is None
    assert reason(path, "") is None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/root/.local/state/oci_keys.block_volume", "own file system of this container"),
        ("/reportsx", "own file system"),
        ("/tmp", "own file system"),
        ("/dev/shm/x", "in the memory of this container"),
        ("/data/x", "in a volume that is removed with this container"),
        ("/nfs/tmp/x", "in the memory"),
        ("/reports", None),
        ("/reports/run/1", None),
        ("/named/x", None),
        ("/nfs/x", None),
        ("/nfs/tmpx", None),
    ],
)
def test_in_a_container_of_docker(path: str, words: str | None) -> None:
    found = reason(path, DOCKER, files=("/.dockerenv",))
    assert found is None if words is None else words in str(found)
    assert reason(path, DOCKER) == found  # the root is an overlay in any case


@pytest.mark.parametrize(
    ("mountinfo", "path", "words"),
    [
        (AWX_IN_PODMAN, "/runner", "in the folder /runner of this job"),
        (AWX_IN_PODMAN, "/runner/project/reports", "in the folder /runner of this job"),
        (AWX_IN_PODMAN, "/runner/artifacts/42", "in the folder /runner of this job"),
        (AWX_IN_PODMAN, "/var/reportsx", "own file system"),
        (AWX_IN_PODMAN, "/var/reports/x", None),
        (AWX_IN_KUBERNETES, "/runner/project", "in the folder /runner of this job"),
        (AWX_IN_KUBERNETES, "/scratch/reports", "in a volume that is removed"),
        (AWX_IN_KUBERNETES, "/var/reports", "own file system"),
        (AWX_IN_KUBERNETES, "/etc/reports", "own file system"),
        (AWX_IN_KUBERNETES, "/claim", None),
        (MACHINE, "/var/reports", "own file system of this job of AWX"),
        (MACHINE, "/tmp/reports", "in the memory of this job of AWX"),
        (MACHINE, "/home/awx/reports", None),
        ("", "/var/reports", "own file system of this job of AWX"),
    ],
)
def test_under_awx(mountinfo: str, path: str, words: str | None) -> None:
    found = reason(path, mountinfo, awx=True)
    assert found is None if words is None else words in str(found)


@pytest.mark.parametrize(
    "cgroup",
    [
        "12:memory:/docker/0123456789abcdef",
        "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-0123.scope",
        "0::/machine.slice/libpod-0123.scope/container",
        "4:cpu:/system.slice/crio-0123.scope",
    ],
)
def test_a_container_is_known_by_its_control_group(cgroup: str) -> None:
    assert "own file system of this container" in str(reason("/var/x", CRI_O_ON_A_DISK, cgroup=cgroup))
    assert reason("/kept/x", CRI_O_ON_A_DISK, cgroup=cgroup) is None


@pytest.mark.parametrize("name", ["container", "KUBERNETES_SERVICE_HOST"])
def test_a_container_is_known_by_its_environment(name: str) -> None:
    assert passing_reason("/var/x", Surroundings(CRI_O_ON_A_DISK, "", {name: "oci"}))


@pytest.mark.parametrize("value", ["lxc", "systemd-nspawn", "wsl", ""])
def test_a_container_that_is_a_machine_keeps_its_files(value: str) -> None:
    assert passing_reason("/var/x", Surroundings(CRI_O_ON_A_DISK, "1:cpu:/lxc/build", {"container": value})) is None


def test_files_of_engines_tell_a_container() -> None:
    assert reason("/var/x", CRI_O_ON_A_DISK, files=("/run/.containerenv",))
    assert reason("/var/x", CRI_O_ON_A_DISK) is None


@pytest.fixture
def in_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        kept_folder.Surroundings, "here", lambda environment: Surroundings(DOCKER, "", environment, ("/.dockerenv",))
    )


@pytest.mark.usefixtures("in_container")
def test_what_to_do_stands_in_the_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_folder, "has_marker", lambda _path: False)
    with pytest.raises(InputError) as raised:
        expect_kept(tmp_path / "run" / "1", "The journal", {})
    message = str(raised.value)
    assert message.startswith(
        f"The journal would not outlive the run in '{tmp_path}/run/1', which is in the own file system of"
    )
    assert "Nothing was changed. Name a folder on a persistent mount" in message
    assert message.endswith(f"touch {tmp_path / MARKER}")


@pytest.mark.usefixtures("in_container")
@pytest.mark.parametrize("below", ["", "run", "run/1"])
def test_the_marker_counts_for_all_below_its_folder(tmp_path: Path, below: str) -> None:
    (tmp_path / MARKER).write_text("")
    expect_kept(tmp_path / below, "The journal", {})


@pytest.mark.usefixtures("in_container")
def test_a_link_leads_to_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("")
    (tmp_path / "link").symlink_to("/dev/shm")
    with pytest.raises(InputError, match="in the memory"):
        expect_kept(tmp_path / "link" / "x", "The journal", {})


def test_a_machine_has_no_overlay_for_its_root() -> None:
    assert Surroundings.here({"A": "b"}).environment == {"A": "b"}
    assert passing_reason("/var/x", Surroundings(CRI_O_ON_A_DISK, "0::/user.slice/session-1.scope", {})) is None
