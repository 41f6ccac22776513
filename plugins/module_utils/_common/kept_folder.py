# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether files in a folder outlive the run: with a container goes its file system, and with that the former keys.

So in a container, and under AWX, a folder has to be on a mount that is kept, or below a folder with the marker file,
with which somebody says that it is kept. Containers that are machines, of LXC or systemd-nspawn, keep all of theirs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError
from .text import quote

MARKER = ".oci-keys-reports"
"""The name of the file that says that a folder, and all below it, is kept."""

# Docker and Podman put these into each of their containers.
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")
_CONTAINER_GROUP = re.compile(r"docker|kubepods|libpod|containerd|crio|/ecs/")
# What engines set the variable ``container`` to, where they set it.
_ENGINES = frozenset({"docker", "podman", "oci", "containerd", "crio", "kube", "kubernetes"})
_AWX_VARIABLES = ("AWX_HOST", "AWX_PRIVATE_DATA_DIR", "AWX_ISOLATED_DATA_DIR", "JOB_ID")
# The file systems that containers have for their own, and those in memory.
_OWN_TYPES = frozenset({"overlay", "overlayfs", "fuse-overlayfs", "fuse.fuse-overlayfs", "aufs"})
_MEMORY_TYPES = frozenset({"tmpfs", "ramfs", "devtmpfs", "rootfs"})
# Volumes that live as long as the pod, or the container: of Kubernetes, and unnamed ones of Docker and Podman.
_PASSING_VOLUME = re.compile(r"/volumes/kubernetes\.io~empty-dir/|/volumes/[0-9a-f]{64}/_data(?:/|$)")
# The folder of a job of ansible-runner, with the project. AWX removes it after the job.
_RUNNER = "/runner"


@dataclass(frozen=True)
class Mount:
    """A line of ``/proc/self/mountinfo``: where it is mounted, which part of which file system."""

    point: str
    root: str
    type: str


@dataclass(frozen=True)
class Surroundings:
    """What tells a container from a machine: contents of files of ``/proc/self``, the environment, marks of engines."""

    mountinfo: str
    cgroup: str
    environment: Mapping[str, str]
    container_files: tuple[str, ...] = ()

    @classmethod
    def here(cls, environment: Mapping[str, str]) -> Surroundings:
        return cls(
            mountinfo=_content("/proc/self/mountinfo"),
            cgroup=_content("/proc/self/cgroup"),
            environment=environment,
            container_files=tuple(path for path in _CONTAINER_FILES if os.path.exists(path)),
        )


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:  # not on Linux
        return ""


def expect_kept(folder: Path, what: str, environment: Mapping[str, str]) -> None:
    """Raise InputError unless files in this folder, which may not exist yet, outlive the run. ``what`` is one."""
    surroundings = Surroundings.here(environment)
    path = os.path.realpath(folder)
    reason = passing_reason(path, surroundings)
    if reason is None or has_marker(path):
        return
    raise InputError(
        f"{what} would not outlive the run in {quote(path)}, which {reason}. Nothing was changed. Name a folder on a "
        f"persistent mount; or, if this one is persistent, create the file {MARKER} in it or above it: "
        f"touch {marker_example(path)}"
    )


def marker_example(path: str) -> str:
    """The marker in the nearest folder that exists."""
    existing = next(parent for parent in (Path(path), *Path(path).parents) if parent.is_dir())
    return str(existing / MARKER)


def has_marker(path: str) -> bool:
    return any((parent / MARKER).is_file() for parent in (Path(path), *Path(path).parents))


def passing_reason(path: str, surroundings: Surroundings) -> str | None:
    """Why files under an absolute path, without links, do not outlive the run; None if they do. Pure."""
    mounts = list(parse_mounts(surroundings.mountinfo))
    where = _where(surroundings, mounts)
    if where is None:
        return None
    if _is_below(path, _RUNNER) and (
        is_awx(surroundings.environment) or any(_is_below(one.point, _RUNNER) for one in mounts)
    ):
        return f"is in the folder {_RUNNER} of this job"
    mount = mount_of(path, mounts)
    if mount is None or mount.point == "/" or mount.type in _OWN_TYPES:
        return f"is in the own file system of {where}"
    if mount.type in _MEMORY_TYPES:
        return f"is in the memory of {where}"
    if _PASSING_VOLUME.search(mount.root):
        return f"is in a volume that is removed with {where}"
    return None


def _where(surroundings: Surroundings, mounts: Iterable[Mount]) -> str | None:
    """The container or the job that the files would be lost with; None on a machine."""
    root = mount_of("/", mounts)
    is_container = (
        bool(surroundings.container_files)
        or surroundings.environment.get("container", "").lower() in _ENGINES
        or "KUBERNETES_SERVICE_HOST" in surroundings.environment
        or _CONTAINER_GROUP.search(surroundings.cgroup) is not None
        or (root is not None and root.type in _OWN_TYPES)
    )
    if is_container:
        return "this container"
    return "this job of AWX" if is_awx(surroundings.environment) else None


def is_awx(environment: Mapping[str, str]) -> bool:
    """Whether this is a job of AWX or automation controller."""
    return any(environment.get(name) for name in _AWX_VARIABLES)


def parse_mounts(mountinfo: str) -> Iterable[Mount]:
    """The mounts, in their order; see proc(5). Lines that can't be read are left out."""
    for line in mountinfo.splitlines():
        fields, _dash, source = line.partition(" - ")
        parts = fields.split(" ")
        if len(parts) >= 5 and source:
            yield Mount(point=_unescaped(parts[4]), root=_unescaped(parts[3]), type=source.split(" ")[0])


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)


def mount_of(path: str, mounts: Iterable[Mount]) -> Mount | None:
    """The mount that a path is on. Of several at one point the last one hides the others."""
    found: Mount | None = None
    for mount in mounts:
        if _is_below(path, mount.point) and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found


def _is_below(path: str, folder: str) -> bool:
    return folder == "/" or path == folder or path.startswith(f"{folder}/")
