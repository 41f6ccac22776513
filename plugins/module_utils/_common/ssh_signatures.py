# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures of files, made and verified by OpenSSH's ``ssh-keygen``, which is run without a shell.

Raises InputError. See ssh-keygen(1), "ALLOWED SIGNERS": who may sign, until when, and for which namespace.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import InputError
from .text import quote, readable

PLAN_NAMESPACE = "oci-keys-plan"
REPORT_NAMESPACE = "oci-keys-report"

SIGNATURE_SUFFIX = ".sig"
"""What ssh-keygen appends to the name of a file for its signature."""

_SIGNATURE_START = b"-----BEGIN SSH SIGNATURE-----"

_PROGRAM = "ssh-keygen"
_SECONDS = 60
_SHOWN = 300
# Of the environment, ssh-keygen needs nothing to verify, and to sign only the agent.
_KEPT = ("PATH", "HOME", "SSH_AUTH_SOCK")


def verify(content: bytes, what: str, signature: Path, signers: Path, namespace: str) -> str:
    """The signer of ``content``, as the allowed signers file ``signers`` names it.

    ``what`` is what was signed, for messages. The content is what the caller goes on to read, not a file that may be
    replaced meanwhile.
    """
    for name, path in (("The signature of " + what, signature), ("The file of allowed signers", signers)):
        _expect_file(name, path)
    found, problem = _run(["-Y", "find-principals", "-s", str(signature), "-f", str(signers)], b"")
    problems = [problem]
    for principal in _lines(found):
        verified, problem = _run(
            ["-Y", "verify", "-f", str(signers), "-I", principal, "-n", namespace, "-s", str(signature)], content
        )
        if verified is not None:
            return principal
        problems.append(problem)
    raise InputError(
        f"{what} is refused: {_reason(problems[-1], namespace, signature, signers)} Nothing of it was read"
    )


def sign(path: Path, key: Path, namespace: str) -> Path:
    """The file with the signature of the file ``path``, made with a private key, or with that of an agent where
    ``key`` is a public key. Nobody is asked for a passphrase."""
    _expect_file("The key that signs", key)
    signature = path.with_name(path.name + SIGNATURE_SUFFIX)
    try:
        if not signature.read_bytes().startswith(_SIGNATURE_START):
            raise InputError(f"{quote(str(signature))} is not a signature, so it is not replaced. Remove it")
        signature.unlink()  # ssh-keygen asks before it overwrites
    except FileNotFoundError:
        pass
    except OSError as error:
        raise InputError(f"{quote(str(signature))} can't be replaced: {error.strerror}") from error
    signed, problem = _run(["-Y", "sign", "-f", str(key), "-n", namespace, str(path)], b"")
    if signed is None or not signature.is_file():
        raise InputError(
            f"{quote(str(path))} could not be signed with {quote(str(key))}: {problem}. Give a key without a "
            "passphrase, or a public key whose private key an SSH agent holds"
        )
    signature.chmod(0o600)
    return signature


def _expect_file(name: str, path: Path) -> None:
    if not path.is_file():
        fault = "is not a file" if path.exists() else "does not exist"
        raise InputError(f"{name}, {quote(str(path))}, {fault}. Nothing was read. Give a file that can be read")


def _run(arguments: Sequence[str], content: bytes) -> tuple[str | None, str]:
    """What ssh-keygen prints, or None where it fails, and what it says of that."""
    program = shutil.which(_PROGRAM)
    if program is None:
        raise InputError(f"{_PROGRAM} is not on the PATH of this machine, so signatures can't be used. Install OpenSSH")
    try:
        ended = subprocess.run(
            [program, *arguments],
            input=content,
            capture_output=True,
            env=_environment(os.environ),
            timeout=_SECONDS,
            check=False,
            start_new_session=True,  # without a terminal that it could ask on
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{_PROGRAM} could not be run: {error}") from error
    said = readable(ended.stderr.decode("utf-8", "replace"), _SHOWN).rstrip(". ")
    return (ended.stdout.decode("utf-8", "replace") if ended.returncode == 0 else None), said


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: environment[name] for name in _KEPT if name in environment}
    return {**kept, "LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}


def _lines(text: str | None) -> list[str]:
    return [line for line in (text or "").splitlines() if line.strip()]


# What ssh-keygen says (OpenSSH's sshsig.c), in the words of a user, in this order.
_REASONS = (
    (
        "Unsupported",
        "{signature} is of a kind that this version of ssh-keygen does not know.",
    ),
    ("key has expired", "its signer's key has expired: see its valid-before in {signers}."),
    ("key is not yet valid", "its signer's key is not valid yet: its valid-after in {signers} is in the future."),
    (
        "not permitted for use in signature namespace",
        "its signer's key is not allowed to sign for the namespace {namespace} (namespaces in {signers}).",
    ),
    (
        "namespace does not match",
        "{signature} was made for another namespace. Sign with ssh-keygen -Y sign -n {namespace}.",
    ),
    ("incorrect signature", "{signature} is not that of this content, which was modified after it was signed."),
    ("Signature verification failed", "{signature} is damaged."),
    ("parse signature", "{signature} is not a signature of ssh-keygen."),
    ("incomplete message", "{signature} is not a signature of ssh-keygen."),
    ("invalid format", "{signature} is not a signature of ssh-keygen."),
    ("missing key", "{signers} has a line without a key, and none that allows the signer."),
    ("No principal matched", "its signer is not among the allowed signers in {signers}."),
)


def _reason(problem: str, namespace: str, signature: Path, signers: Path) -> str:
    for said, reason in _REASONS:
        if said in problem:
            return reason.format(namespace=namespace, signature=quote(str(signature)), signers=quote(str(signers)))
    return f"ssh-keygen says: {problem or 'nothing'}."
