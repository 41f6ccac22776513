# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signed plans and manifests, by OpenSSH's ssh-keygen: what is refused, and that nothing of it is read before."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.rekey_helpers import IAD, wanted_keys

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common import ssh_signatures
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.ssh_signatures import (
    PLAN_NAMESPACE,
    REPORT_NAMESPACE,
    sign,
    verify,
)
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    key_assignment_plan,
    key_assignment_report,
    key_plan_apply,
)
from simulator.client import Simulator

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen")

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys ``ann`` and ``bob``."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ann", "bob"):
        _keygen("-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name))
    return folder


def _keygen(*arguments: str) -> None:
    subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True, stdin=subprocess.DEVNULL)


def allow(folder: Path, keys: Path, options: str = "", name: str = "ann", who: str = ANN) -> Path:
    public = " ".join((keys / f"{name}.pub").read_text().split()[:2])
    path = folder / "allowed_signers"
    path.write_text(f"{who} {options} {public}\n")
    return path


class Signed:
    """A file with a signature beside it."""

    def __init__(self, folder: Path, keys: Path) -> None:
        self.keys = keys
        self.folder = folder
        self.path = folder / "plan.json"
        if not self.path.exists():
            self.path.write_text('{"a": 1}')
        self.signature = folder / "plan.json.sig"
        self.signers = allow(folder, keys)
        self.sign()

    def sign(self, key: str = "ann", namespace: str = PLAN_NAMESPACE) -> None:
        self.signature.unlink(missing_ok=True)
        _keygen("-Y", "sign", "-f", str(self.keys / key), "-n", namespace, str(self.path))

    def verify(self) -> str:
        return verify(self.path.read_bytes(), "The plan", self.signature, self.signers, PLAN_NAMESPACE)


@pytest.fixture
def signed(tmp_path: Path, keys: Path) -> Signed:
    return Signed(tmp_path, keys)


@pytest.mark.parametrize(
    ("options", "who"),
    [
        ("", ANN),
        (f'namespaces="{PLAN_NAMESPACE}"', ANN),
        ('valid-before="20990101"', ANN),
        ("", "*@example.com"),
    ],
)
def test_a_valid_signature_says_who_signed(signed: Signed, options: str, who: str) -> None:
    allow(signed.folder, signed.keys, options, who=who)
    assert signed.verify() == who


def _tampered_plan(signed: Signed) -> None:
    signed.path.write_text(signed.path.read_text().replace("1", "2"))


def _tampered_signature(signed: Signed) -> None:
    _damage(signed, lambda blob: blob[:-1] + bytes([blob[-1] ^ 1]))


def _short_signature(signed: Signed) -> None:
    _damage(signed, lambda blob: blob[:-20])


def _damage(signed: Signed, damaged: Callable[[bytes], bytes]) -> None:
    """Change the bytes between the marks, which end with the signature itself."""
    first, *lines, last = signed.signature.read_text().splitlines()
    text = base64.b64encode(damaged(base64.b64decode("".join(lines)))).decode()
    signed.signature.write_text(f"{first}\n{text}\n{last}\n")


def _other_content(signed: Signed) -> None:
    signed.signature.write_text("nonsense")


def _other_namespace(signed: Signed) -> None:
    signed.sign(namespace=REPORT_NAMESPACE)


def _other_signer(signed: Signed) -> None:
    signed.sign("bob")


def _expired(signed: Signed) -> None:
    allow(signed.folder, signed.keys, 'valid-before="20200101"')


def _to_come(signed: Signed) -> None:
    allow(signed.folder, signed.keys, 'valid-after="20990101"')


def _only_git(signed: Signed) -> None:
    allow(signed.folder, signed.keys, 'namespaces="git"')


def _no_signature(signed: Signed) -> None:
    signed.signature.unlink()


def _no_signers(signed: Signed) -> None:
    signed.signers.unlink()


def _empty_signers(signed: Signed) -> None:
    signed.signers.write_text("")


def _broken_signers(signed: Signed) -> None:
    signed.signers.write_text("garbage\n")


def _folder_as_signature(signed: Signed) -> None:
    signed.signature.unlink()
    signed.signature.mkdir()


REFUSED: list[tuple[Callable[[Signed], None], str]] = [
    (_tampered_plan, "is not that of this content, which was modified"),
    (_tampered_signature, "is not that of this content, which was modified"),
    (_short_signature, "is not a signature of ssh-keygen"),
    (_other_content, "is not a signature of ssh-keygen"),
    (_other_namespace, "was made for another namespace"),
    (_other_signer, "is not among the allowed signers"),
    (_expired, "valid-before"),
    (_to_come, "valid-after"),
    (_only_git, "is not allowed to sign for the namespace oci-keys-plan"),
    (_no_signature, "does not exist"),
    (_no_signers, "does not exist"),
    (_empty_signers, "is not among the allowed signers"),
    (_broken_signers, "has a line without a key"),
    (_folder_as_signature, "is not a file"),
]
EACH_REFUSAL = pytest.mark.parametrize(("tamper", "said"), REFUSED, ids=[each.__name__ for each, _said in REFUSED])


@EACH_REFUSAL
def test_each_is_refused_with_its_message(signed: Signed, tamper: Callable[[Signed], None], said: str) -> None:
    tamper(signed)
    with pytest.raises(InputError) as refused:
        signed.verify()
    assert said in str(refused.value)


def test_it_is_said_that_there_is_no_ssh_keygen(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(signed.folder))
    with pytest.raises(InputError, match="ssh-keygen is not on the PATH"):
        signed.verify()


def test_no_shell_sees_a_name(signed: Signed) -> None:
    odd = signed.folder / "$(touch pwned); -x 'y.sig"
    signed.signature.rename(odd)
    signed.signature = odd
    assert signed.verify() == ANN
    assert not (signed.folder / "pwned").exists()


def test_a_key_with_a_passphrase_asks_nobody(tmp_path: Path) -> None:
    _keygen("-q", "-t", "ed25519", "-N", "secret-phrase", "-f", str(tmp_path / "locked"))
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="could not be signed"):
        sign(tmp_path / "manifest.json", tmp_path / "locked", REPORT_NAMESPACE)


def test_a_signature_is_replaced_and_nothing_else(tmp_path: Path, keys: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text("{}")
    for _time in range(2):
        sign(path, keys / "ann", REPORT_NAMESPACE)
    (tmp_path / "manifest.json.sig").write_text("mine")
    with pytest.raises(InputError, match="is not a signature"):
        sign(path, keys / "ann", REPORT_NAMESPACE)
    assert (tmp_path / "manifest.json.sig").read_text() == "mine"


# -- plans ----------------------------------------------------------------------------------------------------------


def plan(sim: Simulator, folder: Path, *, check: bool = False, **options: Any) -> Ran:
    folder.mkdir(exist_ok=True)
    files = {"new_discovery_file": "before.json", "plan_file": "plan.json", "keys_file": "keys.json"}
    given = {
        "compartment_ids": [sim.id("prod")],
        "regions": [IAD],
        "resource_types": ["volume"],
        "kms_key_ids": wanted_keys(sim),
        **{name: str(folder / file) for name, file in files.items()},
        **options,
    }
    return run(key_assignment_plan.main, sim, check=check, **given)


@pytest.fixture
def approved(sim: Simulator, tmp_path: Path, keys: Path) -> Signed:
    """The signed plan of a dry run over two volumes."""
    furnish(sim, volumes=[volumes(2)])
    dry = plan(sim, tmp_path / "dry", check=True, plan_signers=str(tmp_path / "allowed_signers"))
    assert not dry.failed, dry.msg
    assert dry.result["summary"]["planned"] == 2
    return Signed(tmp_path / "dry", keys)


def apply_approved(sim: Simulator, approved: Signed, **options: Any) -> Ran:
    folder = approved.folder.parent / "run"
    given = {"approved_file": str(approved.path), "plan_signers": str(approved.signers), **options}
    return plan(sim, folder, approved_by="Ann Smith", change_ticket="CHG-7", **given)


def test_a_signed_plan_is_carried_out_and_says_who(sim: Simulator, approved: Signed, tmp_path: Path) -> None:
    planned = apply_approved(sim, approved)
    assert not planned.failed, planned.msg
    folder = tmp_path / "run"
    answers = json.loads((folder / "plan.json").read_text())["accountability"]
    assert answers["principal"].startswith("user ocid1.user.")
    assert {name: answers[name] for name in ("auth_type", "approved_by", "change_ticket", "signed_by")} == {
        "auth_type": "api_key",
        "approved_by": "Ann Smith",
        "change_ticket": "CHG-7",
        "signed_by": ANN,
    }

    applied = run(key_plan_apply.main, sim, plan_file=str(folder / "plan.json"), rounds=3)
    assert applied.result["summary"]["changed"] == 2
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    for line in lines:
        assert (line["event"] != "intent") or {name: line[name] for name in answers} == answers
    assert json.loads((folder / "plan-2.json").read_text())["accountability"] == answers

    reported = run(
        key_assignment_report.main, sim, report_dir=str(folder), discovery_file=str(folder / "before.json"),
        plan_file=str(folder / "plan.json"),
    )  # fmt: skip
    assert not reported.failed, reported.msg
    assert json.loads((folder / "report.json").read_text())["plan"]["accountability"] == answers


@EACH_REFUSAL
def test_a_plan_is_refused_before_anything_is_read(
    sim: Simulator, approved: Signed, tamper: Callable[[Signed], None], said: str
) -> None:
    tamper(approved)
    sim.reset_counts()
    refused = apply_approved(sim, approved)
    assert refused.failed
    assert said in refused.msg
    assert refused.calls == {}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"approved_file": None}, "'approved_file' is required"),
        ({"plan_signers": None, "plan_signature": "/x.sig"}, "without 'plan_signers'"),
        ({"plan_signers": ""}, "'plan_signers' is blank"),
    ],
)
def test_signers_that_are_given_are_never_passed_by(
    sim: Simulator, approved: Signed, options: dict[str, Any], said: str
) -> None:
    sim.reset_counts()
    given = {"approved_file": str(approved.path), "plan_signers": str(approved.signers), **options}
    refused = plan(sim, approved.folder.parent / "run", **{k: v for k, v in given.items() if v is not None})
    assert refused.failed
    assert said in refused.msg
    assert refused.calls == {}


def test_a_plan_passed_on_as_text_has_no_signature(sim: Simulator, approved: Signed, tmp_path: Path) -> None:
    text = plan(sim, tmp_path / "dry2", check=True).result["plan"]
    for check in (False, True):
        refused = plan(sim, tmp_path / "run", check=check, approved_plan=text, plan_signers=str(approved.signers))
        assert "'approved_file' is required" in refused.msg


def test_the_signature_may_be_elsewhere(sim: Simulator, approved: Signed, tmp_path: Path) -> None:
    elsewhere = approved.signature.rename(tmp_path / "from-ann.sig")
    assert "does not exist" in apply_approved(sim, approved).msg
    assert not apply_approved(sim, approved, plan_signature=str(elsewhere)).failed


# -- manifests ------------------------------------------------------------------------------------------------------


@pytest.fixture
def report(sim: Simulator, tmp_path: Path, keys: Path) -> Path:
    """The folder of a report with a signed manifest."""
    furnish(sim, volumes=[volumes(2)])
    folder = tmp_path / "dry"
    assert not plan(sim, folder, check=True).failed
    made = run(
        key_assignment_report.main, sim, report_dir=str(folder), discovery_file=str(folder / "before.json"),
        signing_key=str(keys / "ann"),
    )  # fmt: skip
    assert not made.failed, made.msg
    assert made.result["paths"]["signature"] == str(folder / "manifest.json.sig")
    return folder


def verify_manifest(folder: Path, signers: Path) -> str:
    """The commands of the guide: the signature of the manifest, then the digest of each file that it lists."""
    manifest = (folder / "manifest.json").read_bytes()
    signer = verify(manifest, "The manifest", folder / "manifest.json.sig", signers, REPORT_NAMESPACE)
    for row in json.loads(manifest)["files"]:
        assert hashlib.sha256((folder / row["name"]).read_bytes()).hexdigest() == row["sha256"], row["name"]
    return signer


def test_a_manifest_is_signed_and_does_not_list_its_signature(report: Path, tmp_path: Path, keys: Path) -> None:
    signers = allow(tmp_path, keys)
    assert verify_manifest(report, signers) == ANN
    listed = {row["name"] for row in json.loads((report / "manifest.json").read_text())["files"]}
    assert "report.json" in listed
    assert "manifest.json.sig" not in listed


def test_a_tampered_manifest_and_a_tampered_report_are_refused(report: Path, tmp_path: Path, keys: Path) -> None:
    signers = allow(tmp_path, keys)
    (report / "report.csv").write_text("nothing to see\n")
    with pytest.raises(AssertionError, match=r"report\.csv"):
        verify_manifest(report, signers)
    content = (report / "manifest.json").read_text()
    (report / "manifest.json").write_text(content.replace('"size"', '"size" '))
    with pytest.raises(InputError, match="was modified after it was signed"):
        verify_manifest(report, signers)


def test_a_plan_s_signature_is_none_of_a_manifest(report: Path, tmp_path: Path, keys: Path) -> None:
    (report / "manifest.json.sig").unlink()
    sign(report / "manifest.json", keys / "ann", PLAN_NAMESPACE)
    with pytest.raises(InputError, match="was made for another namespace"):
        verify_manifest(report, allow(tmp_path, keys))


def test_a_report_can_be_made_again(sim: Simulator, report: Path, keys: Path, tmp_path: Path) -> None:
    again = run(
        key_assignment_report.main, sim, report_dir=str(report), discovery_file=str(report / "before.json"),
        signing_key=str(keys / "ann"),
    )  # fmt: skip
    assert not again.failed, again.msg
    assert verify_manifest(report, allow(tmp_path, keys)) == ANN


def test_ssh_keygen_gets_nothing_of_the_environment(signed: Signed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCI_CLI_PASSPHRASE", "secret")
    assert "OCI_CLI_PASSPHRASE" not in ssh_signatures._environment({"OCI_CLI_PASSPHRASE": "secret", "PATH": "/bin"})
    assert signed.verify() == ANN
