# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A release from an empty clone, with a key that is thrown away: what RELEASING.md promises. ``make rehearsal``."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.support.harness import soak

from tools.galaxy_index import manifest_of

ROOT = Path(__file__).parents[2]
VERSION = "0.1.0"
KEY = "rehearsal@example.com"


class Clone:
    """A clone of the last commit as ``main``, and who makes releases there."""

    def __init__(self, folder: Path, gnupg: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "GNUPGHOME": str(gnupg),
            "GIT_CONFIG_GLOBAL": os.devnull,
            **{f"GIT_{who}_NAME": "A rehearsal" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "rehearsal@example.com" for who in ("AUTHOR", "COMMITTER")},
        }
        subprocess.run(["git", "clone", "--quiet", "--no-tags", str(ROOT), str(folder)], check=True)
        self.run("git", "checkout", "--quiet", "-B", "main")

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or ran.returncode == 0, ran.stdout
        return ran

    def release(self, step: str, *arguments: str, check: bool = True) -> str:
        return self.run(sys.executable, "-m", "tools.release", step, *arguments, check=check).stdout


@pytest.fixture
def gnupg() -> Iterator[Path]:
    """gpg's home by a short path: it has a socket in there."""
    if not shutil.which("gpg"):
        pytest.skip("there is no gpg")
    folder = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
    yield folder
    subprocess.run(["gpgconf", "--kill", "all"], env={**os.environ, "GNUPGHOME": str(folder)}, check=False)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def clone(tmp_path: Path, gnupg: Path) -> Clone:
    made = Clone(tmp_path / "clone", gnupg)
    made.run("gpg", "--batch", "--passphrase", "", "--quick-generate-key", KEY, "ed25519", "sign", "1d")
    return made


@soak
def test_a_release_is_made_installed_and_tried(clone: Clone, tmp_path: Path) -> None:
    said = clone.release("release", VERSION, "--key", KEY)
    assert "it has reported on" in said
    assert "was installed successfully" in said

    # Committed and tagged, and nothing else has changed.
    assert clone.run("git", "status", "--porcelain").stdout == ""
    assert "Good signature" in clone.run("git", "tag", "--verify", VERSION).stdout
    assert clone.run("git", "log", "-1", "--format=%s").stdout.strip() == f"Release {VERSION}"

    # The fragments of what was never published are in it.
    fragments = [path.name for path in (clone.folder / "changelogs" / "fragments").iterdir()]
    assert fragments == [".keep"]
    made = clone.folder / ".cache" / "release"
    assert "### Bugfixes" in (made / "notes.md").read_text()

    # Whoever has the public key only can verify it.
    (artifact,) = made.glob("*.tar.gz")
    manifest = tmp_path / "MANIFEST.json"
    manifest.write_bytes(manifest_of(artifact))
    clone.run("gpgv", "--keyring", str(made / "maintainers.gpg"), f"{artifact}.asc", str(manifest))
    assert (made / "SHA256SUMS").read_text().split()[0] == hashlib.sha256(artifact.read_bytes()).hexdigest()

    # What the workflow builds of the tag has the same manifest, so the signature fits it too.
    clone.release("check", VERSION)
    (again,) = made.glob("*.tar.gz")
    assert manifest_of(again) == manifest.read_bytes()

    assert "There is a tag of it already" in clone.release("release", VERSION, "--key", KEY, check=False)


@soak
def test_an_artifact_that_is_not_what_was_signed_is_not_installed(clone: Clone, tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from tools import release, release_trial;"
        f"artifact = release.make_artifact('{VERSION}'); release.sign(artifact, '{KEY}');"
        f"keys = release.keyring('{KEY}');"
        "import subprocess; forged = subprocess.run(['gpg', '--batch', '--armor', '--detach-sign'], input=b'else',"
        "stdout=-1, check=True).stdout.decode();"
        "release_trial.try_it(artifact, release.FOLDER, [forged], keys)"
    )
    ran = clone.run(sys.executable, "-c", script, check=False)
    assert ran.returncode
    assert "was installed successfully" not in ran.stdout
    assert "signature" in ran.stdout.lower()


@soak
def test_a_release_that_fails_leaves_nothing(clone: Clone) -> None:
    before = clone.run("git", "rev-parse", "HEAD").stdout
    said = clone.release("release", VERSION, "--key", "0" * 40, check=False)
    assert "is not released: gpg" in said
    assert clone.run("git", "rev-parse", "HEAD").stdout == before
    assert clone.run("git", "status", "--porcelain").stdout == ""
    assert clone.run("git", "tag").stdout == ""


@soak
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (("touch", "galaxy.yml.orig"), "The checkout has changes"),
        (("git", "checkout", "--quiet", "-b", "other"), "This is other"),
        (("git", "tag", "0.1.0"), "already"),
    ],
    ids=["changes", "branch", "tag"],
)
def test_what_can_not_be_released_is_told(clone: Clone, spoil: tuple[str, ...], said: str) -> None:
    clone.run(*spoil)
    assert said in clone.release("release", VERSION, "--key", KEY, check=False)
