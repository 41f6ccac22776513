# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.redaction import KEYED, PLAIN, Redaction

PLAIN_HASH = hashlib.sha256(files.KEY_A.encode()).hexdigest()[:24]


def test_an_ocid_keeps_type_realm_and_region_only() -> None:
    assert Redaction()(files.KEY_A) == f"ocid1.key.oc1.iad.redacted-{PLAIN_HASH}"
    assert Redaction()(files.TENANCY).startswith("ocid1.tenancy.oc1..redacted-")


OLD_TENANCY = f"ocidv1:tenancy:oc1:phx:1460000000000:{'a' * 60}"


@pytest.mark.parametrize("text", ["{}", "In {}.", "key={}, and", "'{}'", "{}: not found", "https://x/{}?y"])
def test_so_does_a_tenancy_of_2016(text: str) -> None:
    digest = hashlib.sha256(OLD_TENANCY.encode()).hexdigest()[:24]
    redacted = Redaction()(text.format(OLD_TENANCY))
    assert redacted == text.format(f"ocidv1:tenancy:oc1:phx:redacted-{digest}")
    assert Redaction("two")(redacted) == redacted


@pytest.mark.parametrize(
    "text",
    ["{}", "In {}.", "key={}, and", "({})", "'{}'", "{}: not found", "{}\n", "https://x/{}?y", "target.key.id = '{}'"],
)
def test_the_same_hash_wherever_it_stands(text: str) -> None:
    assert Redaction()(text.format(files.KEY_A)) == text.format(f"ocid1.key.oc1.iad.redacted-{PLAIN_HASH}")


def test_every_place_of_a_value() -> None:
    value: Any = {files.KEY_A: [1, None, True, {"a": (files.KEY_B, f"{files.KEY_A} and {files.KEY_B}")}]}
    text = json.dumps(Redaction()(value))
    assert files.KEY_A not in text
    assert files.KEY_B not in text
    assert text.count("redacted-") == 4


def test_the_hosts_of_a_vault_tell_nothing() -> None:
    redacted = Redaction()("at https://avnabc7-management.kms.us-ashburn-1.oraclecloud.com/20180608")
    assert "avnabc7" not in redacted
    assert "-management.kms.us-ashburn-1" in redacted
    assert Redaction()(redacted) == redacted


def test_what_is_redacted_stays_as_it_is() -> None:
    once = Redaction("one")(files.KEY_A)
    assert Redaction("two")(once) == once


def test_a_secret_makes_other_hashes() -> None:
    plain, one, two = (Redaction(key)(files.KEY_A) for key in (None, "one", "two"))
    assert len({plain, one, two}) == 3
    assert (Redaction().method, Redaction("one").method) == (PLAIN, KEYED)
    assert Redaction("one")(files.KEY_A) == one
