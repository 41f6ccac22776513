# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys in the shapes that forms, templates, variables and editors leave behind, in files as in content."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.support.credentials import PHRASE, TENANCY, Keys, fault, given, open_with

pytestmark = pytest.mark.usefixtures("home")

SHAPES: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda pem: pem.encode(),
    "one line, literal breaks": lambda pem: pem.strip().replace("\n", "\\n").encode(),
    "literal breaks and an end": lambda pem: (pem.replace("\n", "\\n") + "\n").encode(),
    "escaped twice": lambda pem: pem.replace("\n", "\\\\n").encode(),
    "literal CR and LF": lambda pem: pem.replace("\n", "\\r\\n").encode(),
    "CRLF": lambda pem: pem.replace("\n", "\r\n").encode(),
    "CR": lambda pem: pem.replace("\n", "\r").encode(),
    "trailing blanks": lambda pem: pem.replace("\n", "  \t\n").encode(),
    "indented": lambda pem: "".join(f"    {line}\n" for line in pem.splitlines()).encode(),
    "blank lines between": lambda pem: pem.replace("\n", "\n\n").encode(),
    "joined by blanks": lambda pem: " ".join(pem.splitlines()).encode(),
    "joined": lambda pem: "".join(pem.splitlines()).encode(),
    "in quotation marks": lambda pem: f'"{pem.strip()}"'.replace("\n", "\\n").encode(),
    "no end of the last line": lambda pem: pem.strip().encode(),
    "byte order mark": lambda pem: ("\ufeff" + pem).encode(),
    "UTF-16": lambda pem: pem.encode("utf-16"),
    "with the label of the console": lambda pem: f"{pem}OCI_API_KEY\n".encode(),
    "after a certificate's text": lambda pem: f"Bag Attributes\n  localKeyID: 01\n{pem}".encode(),
}


@pytest.mark.parametrize("kind", ["plain", "encrypted", "encrypted_old"])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_mangled_keys_are_read(shape: str, kind: str, keys: Keys, home: Path) -> None:
    content = SHAPES[shape](getattr(keys, kind))
    (home / "k.pem").write_bytes(content)
    phrase = "" if kind == "plain" else PHRASE
    in_file = given(keys, api_user_key_content="", api_user_key_file="~/k.pem", api_user_key_pass_phrase=phrase)
    assert open_with(in_file).tenancy == TENANCY
    if not shape.startswith("UTF-16"):  # options and variables are text
        in_option = given(keys, api_user_key_content=content.decode(), api_user_key_pass_phrase=phrase)
        assert open_with(in_option).tenancy == TENANCY


@pytest.mark.parametrize(
    ("mangle", "words"),
    [
        (lambda pem: pem.replace("BEGIN PRIVATE", "PRIVATE"), "is not a private key in PEM form|is damaged"),
        (lambda pem: pem[: len(pem) // 2], "is damaged"),
        (lambda pem: "\\n".join(pem.splitlines()[:5]), "is damaged"),
        (lambda pem: base64.b64encode(pem.encode()).decode(), "is not a private key in PEM form"),
        (lambda _pem: "$ANSIBLE_VAULT;1.1;AES256\n6162", "is encrypted by Ansible Vault"),
    ],
    ids=["no mark", "half of it", "half of it in one line", "base64 of it", "vault"],
)
def test_what_can_not_be_repaired_is_explained_alike(
    mangle: Callable[[str], str], words: str, keys: Keys, home: Path
) -> None:
    content = mangle(keys.plain)
    (home / "k.pem").write_text(content)
    texts = [
        fault(given(keys, api_user_key_content=content)),
        fault(given(keys, api_user_key_content="", api_user_key_file="~/k.pem")),
    ]
    for text in texts:
        assert any(word in text for word in words.split("|")), text
