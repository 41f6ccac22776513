# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import CopyTo, DesiredState
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.backup_copy import desired_copy
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.copy_reader import retry_token

KEY = "ocid1.key.oc1.phx.vault.abyhqljrkey"
COMPARTMENT = "ocid1.compartment.oc1..aaaaaaaaone"
TENANCY = "ocid1.tenancy.oc1..aaaaaaaaacme"


def asked(**options: Any) -> DesiredState:
    given = {"destination_region": "us-phoenix-1", "kms_key_id": None, "display_name": None}
    return desired_copy({**given, "copy_compartment_ids": None, **options})


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_what_is_blank_asks_for_nothing(blank: str | None) -> None:
    desired = asked(kms_key_id=blank, display_name=blank, copy_compartment_ids=[blank])
    assert desired == DesiredState(None, copy_to=CopyTo("us-phoenix-1"))


def test_what_is_given_is_taken_without_the_blanks_around_it() -> None:
    desired = asked(
        destination_region=" us-phoenix-1 ",
        kms_key_id=f" {KEY}\n",
        display_name="nightly",
        copy_compartment_ids=["", f" {COMPARTMENT} ", TENANCY],
    )
    assert desired == DesiredState(KEY, copy_to=CopyTo("us-phoenix-1", "nightly", (COMPARTMENT, TENANCY)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"destination_region": ""}, "'destination_region' is empty"),
        ({"destination_region": None}, "'destination_region' is empty"),
        ({"kms_key_id": "ocid1.key-a"}, "key-a"),
        ({"kms_key_id": COMPARTMENT}, "a key is expected"),
        ({"copy_compartment_ids": [KEY]}, "compartment"),
        ({"display_name": "n" * 256}, "256 characters"),
    ],
)
def test_what_cant_be_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        asked(**options)


def test_the_longest_name_is_taken() -> None:
    copy_to = asked(display_name="n" * 255).copy_to
    assert copy_to is not None
    assert copy_to.display_name == "n" * 255


def test_a_token_depends_on_every_word_and_on_nothing_else() -> None:
    tokens = [retry_token("a", "b", ""), retry_token("a", "", "b"), retry_token("a", "b"), retry_token("a")]
    assert len(set(tokens)) == 4
    assert retry_token("a", "b", "") == tokens[0]
    assert all(len(token) == 64 for token in tokens)
