# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes a release: version, changelog, artifact, signatures, an installation from it, commit and tag.

RELEASING.md says what comes before and after. Nothing leaves this machine, but what ``publish`` uploads.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tools import build
from tools.galaxy_index import manifest_of
from tools.release_trial import try_it

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache" / "release"
MAIN = "main"

NAMING = {
    "galaxy.yml": r"^(version: )\S+$",
    "README.md": r"^(    version: |    ansible-galaxy collection install git\+\S+\.git,)\S+$",
    "docs/docsite/rst/guide_start.rst": r"^(  ansible-galaxy collection install git\+\S+\.git,)\S+$",
    "extensions/awx/execution-environment.yml": r"^(        version: |# The container image .*/oci-keys:)\S+$",
}
"""Where the version of the release is named, in its second half of what matches."""

MAJOR = {"breaking_changes", "removed_features"}
MINOR = {"major_changes", "minor_changes", "deprecated_features"}

Version = tuple[int, int, int]


class ReleaseError(Exception):
    """Why there is no release; nothing was changed."""


def parse(text: str) -> Version:
    """A version of three numbers. Raises ReleaseError for anything else, such as a pre-release."""
    if not (match := re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", text)):
        raise ReleaseError(f"{text!r} is no version of three numbers, such as 0.2.0")
    return int(match[1]), int(match[2]), int(match[3])


def smallest_next(version: Version, sections: set[str]) -> Version:
    """The version that follows, by what has changed: see the guide about versions."""
    major, minor, patch = version
    if sections & MAJOR and major:
        return major + 1, 0, 0
    if sections & (MAJOR | MINOR):
        return major, minor + 1, 0
    return major, minor, patch + 1


def objection(wanted: Version, released: list[Version], sections: set[str]) -> str | None:
    """Why a version can't be released after those, with fragments of these sections; None if it can."""
    if wanted in released:
        return "There is a tag of it already. A release is never made twice"
    if not sections:
        return "There is no fragment in changelogs/fragments, so there is nothing to release"
    if not released:
        return None if wanted == (0, 1, 0) else "The first release is 0.1.0"
    latest = max(released)
    least = smallest_next(latest, sections)
    if wanted < least:
        return f"After {_text(latest)}, the fragments ({', '.join(sorted(sections))}) make it {_text(least)} at least"
    return None


def _text(version: Version) -> str:
    return ".".join(map(str, version))


def sections_of(fragments: Path) -> set[str]:
    """The sections of the changelog that the fragments have something for."""
    files = sorted(path for path in fragments.glob("*") if path.suffix in (".yml", ".yaml"))
    return {section for path in files for section in yaml.safe_load(path.read_text(encoding="utf-8")) or {}}


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def released() -> list[Version]:
    return [parse(tag) for tag in git("tag", "--list", "[0-9]*").split() if re.fullmatch(r"\d+\.\d+\.\d+", tag)]


def write_version(version: str, root: Path = ROOT) -> None:
    """Raises ReleaseError if a file does not name it where it should."""
    for name, pattern in NAMING.items():
        path = root / name
        text, count = re.subn(pattern, rf"\g<1>{version}", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        if not count:
            raise ReleaseError(f"{name} names no version where tools/release.py expects one")
        path.write_text(text, encoding="utf-8")


def write_changelog(version: str) -> None:
    """From the fragments, which are gone afterwards. A version that is in it and was never published takes them in."""
    known = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text(encoding="utf-8"))["releases"]
    again = ["--update-existing"] if version in known else []
    subprocess.run(["antsibull-changelog", "release", "--version", version, *again], cwd=ROOT, check=True)


def notes_of(version: str) -> str:
    """The part of CHANGELOG.md about a version."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = re.escape(version.replace(".", "\\."))
    match = re.search(rf"^## v{heading}\n(.*?)(?=^<a id=\"v\d[\d-]*\"></a>$|\Z)", text, re.MULTILINE | re.DOTALL)
    if not match:
        raise ReleaseError(f"CHANGELOG.md has nothing about {version}")
    return match[1].strip() + "\n"


def make_artifact(version: str) -> Path:
    """Build it into FOLDER, with its checksum and its notes."""
    built = build.build()
    if faults := build.faults_of(built):
        raise ReleaseError(f"{built.name}: {'; '.join(faults)}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    artifact = FOLDER / built.name
    shutil.copyfile(built, artifact)
    checksum = hashlib.sha256(artifact.read_bytes()).hexdigest()
    (FOLDER / "SHA256SUMS").write_text(f"{checksum}  {artifact.name}\n")
    (FOLDER / "notes.md").write_text(notes_of(version), encoding="utf-8")
    return artifact


def sign(artifact: Path, key: str) -> list[Path]:
    """The signatures of MANIFEST.json, for Galaxy, and of the checksum of the tarball."""
    command = ["gpg", "--batch", "--yes", "--local-user", key, "--armor", "--detach-sign", "--output"]
    of_manifest, of_sums = artifact.with_name(f"{artifact.name}.asc"), FOLDER / "SHA256SUMS.asc"
    subprocess.run([*command, str(of_manifest)], input=manifest_of(artifact), check=True)
    subprocess.run([*command, str(of_sums), str(FOLDER / "SHA256SUMS")], check=True)
    return [of_manifest, of_sums]


def keyring(key: str) -> Path:
    """A file with the public key only, which is all that whoever installs it has."""
    path = FOLDER / "maintainers.gpg"
    command = ["gpg", "--batch", "--export"]
    path.write_bytes(subprocess.run([*command, key], check=True, capture_output=True).stdout)
    armoured = subprocess.run([*command, "--armor", key], check=True, capture_output=True)
    path.with_suffix(".asc").write_bytes(armoured.stdout)
    return path


def release(version: str, key: str) -> None:
    wanted = parse(version)
    if not key:
        raise ReleaseError("No key is given. KEY is the fingerprint of the one to sign with")
    before = git("rev-parse", "HEAD")
    if git("status", "--porcelain"):
        raise ReleaseError("The checkout has changes. Commit or remove them first")
    if (branch := git("branch", "--show-current")) != MAIN:
        raise ReleaseError(f"This is {branch or 'no branch'}. Releases are made on {MAIN}")
    if said := objection(wanted, released(), sections_of(ROOT / "changelogs" / "fragments")):
        raise ReleaseError(said)
    try:
        write_version(version)
        write_changelog(version)
        # git ls-files says what belongs in the artifact.
        git("add", "--all")
        artifact = make_artifact(version)
        (signature, _sums) = sign(artifact, key)
        try_it(artifact, FOLDER, [signature.read_text()], keyring(key))
        git("commit", "--quiet", "--message", f"Release {version}")
        git("tag", "--local-user", key, "--message", f"Release {version}", version)
    except BaseException:
        git("reset", "--quiet", "--hard", before)
        raise
    print(f"\n{version} is committed and tagged, and in {FOLDER.relative_to(ROOT)}. RELEASING.md says what is left")


def check(version: str) -> None:
    """What the workflow does before it publishes: the tag is what it says, and what is built can be used."""
    parse(version)
    about: dict[str, Any] = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    if about["version"] != version:
        raise ReleaseError(f"galaxy.yml says {about['version']}, the tag {version}")
    if left := sections_of(ROOT / "changelogs" / "fragments"):
        raise ReleaseError(f"There are fragments that are in no release yet ({', '.join(sorted(left))})")
    try_it(make_artifact(version), FOLDER, [], None)


def publish(version: str) -> None:
    """Upload it to Galaxy, with the token of the environment variable GALAXY_API_KEY."""
    token = os.environ.get("GALAXY_API_KEY")
    if not token:
        raise ReleaseError("GALAXY_API_KEY is not set. It is the token of an owner of the namespace")
    (artifact,) = FOLDER.glob(f"*-{version}.tar.gz")
    environment = {**os.environ, "ANSIBLE_GALAXY_TOKEN": token}
    subprocess.run(["ansible-galaxy", "collection", "publish", str(artifact)], env=environment, check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["release", "check", "publish"])
    parser.add_argument("version")
    parser.add_argument("--key", default="", help="fingerprint of the key to sign with")
    given = parser.parse_args()
    try:
        if given.step == "release":
            release(given.version, given.key)
        elif given.step == "check":
            check(given.version)
        else:
            publish(given.version)
    except ReleaseError as error:
        print(f"{given.version} is not released. {error}.", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(
            f"{given.version} is not released: {' '.join(map(str, error.cmd[:3]))} failed.",
            error.stderr or "",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
