# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.text import shorten
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid import (
    expect_realm,
    expect_region,
    expect_type,
    is_tenancy,
    ocid_types,
    parse,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.regions import RegionTable

UNIQUE = "a" * 60
KEY = f"ocid1.key.oc1.iad.bbpi6tfhaaeuk.{UNIQUE}"
VOLUME = f"ocid1.volume.oc1.eu-frankfurt-1.{UNIQUE}"
TENANCY = f"ocid1.tenancy.oc1..{UNIQUE}"
REGIONS = RegionTable(
    long_names={"iad": "us-ashburn-1", "fra": "eu-frankfurt-1", "lfi": "us-langley-1"},
    realms={"us-ashburn-1": "oc1", "eu-frankfurt-1": "oc1", "us-langley-1": "oc2"},
    domains={"oc1": "oraclecloud.com", "oc2": "oraclegovcloud.com"},
)


def fault(value: object) -> str:
    with pytest.raises(InputError) as caught:
        parse(value)
    return str(caught.value)


def test_a_key_has_a_region_and_a_vault_prefix() -> None:
    key = parse(KEY)
    assert (key.type, key.realm, key.region_part, key.future_use, key.unique) == (
        "key",
        "oc1",
        "iad",
        "bbpi6tfhaaeuk",
        UNIQUE,
    )
    assert key.region(REGIONS) == "us-ashburn-1"
    assert str(key) == key.value == KEY


@pytest.mark.parametrize(
    ("value", "region_part", "region"),
    [
        (VOLUME, "eu-frankfurt-1", "eu-frankfurt-1"),
        (f"ocid1.volume.oc1.FRA.{UNIQUE}", "fra", "eu-frankfurt-1"),
        (f"ocid1.volume.oc1.US-Ashburn-1.{UNIQUE}", "us-ashburn-1", "us-ashburn-1"),
        (TENANCY, "", None),
        (f"ocid1.key.oc1.iad-ad-1.{UNIQUE}", "iad-ad-1", None),
        (f"ocid1.volume.oc99.xy-nowhere-1.{UNIQUE}", "xy-nowhere-1", None),
    ],
)
def test_regions(value: str, region_part: str, region: str | None) -> None:
    ocid = parse(value)
    assert ocid.region_part == region_part
    assert ocid.region(REGIONS) == region


def test_blanks_around_an_ocid_are_dropped() -> None:
    assert parse(f" \t{KEY}\r\n").value == KEY


def test_an_ocid_may_be_as_long_as_the_api_accepts() -> None:
    head = "ocid1.volume.oc1.iad."
    assert len(parse(head + "a" * (255 - len(head))).value) == 255
    assert "256 characters, 255 at most" in fault(head + "a" * (256 - len(head)))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("foo", "'foo' is not an OCID: it must look like ocid1.<type>.<realm>.[region].<unique id>"),
        ("", "it is empty"),
        ("   ", "it is empty"),
        (None, "of type NoneType"),
        (5, "5 is not an OCID: it is of type int, but text is expected"),
        (b"ocid1.key.oc1.iad.abc", "of type bytes"),
        (["ocid1.key.oc1.iad.abc"], "of type list"),
        ("ocid1.key.oc1.iad", "it must look like"),
        ("ocid2.key.oc1.iad.abc", "it must look like"),
        ("ocid1..oc1.iad.abc", "its type is empty"),
        ("ocid1.key..iad.abc", "its realm is empty"),
        ("ocid1.key.oc1.iad.", "its unique id is empty"),
        ("ocid1.key.oc1.iad..abc", "the part before its unique id is empty"),
        ("ocid1.a.b.c.d.e.f.g", "it has 8 parts"),
        ("ocid1.key.oc1.iad.<unique_ID>", "'<' at position 19 is not allowed in it (is it a placeholder"),
        ("ocid1.key.oc1.iad.{{ key }}", "placeholder"),
        ("ocid1.key.oc1.iad.ab c", "' ' at position 21"),
        ("ocid1.key.oc1.iad.ab\x00c", r"'\x00' at position 21"),
        ('"ocid1.key.oc1.iad.abc"', "'\"ocid1.key.oc1.iad.abc\"' is not an OCID"),
        ("ocid1.key.oc1.iad.abc,ocid1.key.oc1.iad.abd", "',' at position 22"),
        ("ocid1.key.oc1.iad.äbc", "'ä' at position 19"),
    ],
)
def test_faults_name_the_value_and_what_is_wrong(value: object, words: str) -> None:
    assert words in fault(value)


def test_long_values_are_shortened_in_messages() -> None:
    message = fault("x" * 100_000)
    assert "has 100000 characters" in message
    assert len(message) < 300


def test_a_value_whose_repr_fails_is_still_an_input_error() -> None:
    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert "<Hostile> is not an OCID" in fault(Hostile())


OLD_TENANCY = f"ocidv1:tenancy:oc1:phx:1460000000000:{UNIQUE}"


def test_a_tenancy_of_2016_has_an_id_of_another_form() -> None:
    ocid = parse(f" {OLD_TENANCY}\n")
    assert (ocid.value, ocid.type, ocid.realm, ocid.region_part) == (OLD_TENANCY, "tenancy", "oc1", "phx")
    assert (ocid.future_use, ocid.unique) == ("1460000000000", UNIQUE)
    expect_type(ocid, "tenancy")
    expect_realm(ocid, "oc1", "the region")
    assert "is a tenancy, but a block volume is expected" in _refusal(lambda: expect_type(ocid, "volume"))
    assert "belongs to realm oc1" in _refusal(lambda: expect_realm(ocid, "oc2", "the region"))


def _refusal(check: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        check()
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (OLD_TENANCY.replace(":", "."), "it must look like"),
        (OLD_TENANCY.replace("ocidv1", "ocid1"), "it must look like"),
        ("ocidv1:tenancy:oc1", "it must look like"),
        ("ocidv1:tenancy::phx:1:abc", "its realm is empty"),
        ("ocidv1:tenancy:oc1:phx:1:", "its unique id is empty"),
        ("ocidv1:tenancy:oc1:phx:1.5:abc", "'.' at position 25"),
        ("ocidv1:tenancy:oc1:phx:1:<id>", "placeholder"),
    ],
)
def test_neither_form_is_taken_for_the_other(value: str, words: str) -> None:
    assert words in fault(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (TENANCY, True),
        (OLD_TENANCY, True),
        (f"ocid1.compartment.oc1..{UNIQUE}", False),
        ("ocid1.volume.oc1.iad.tenancy", False),
        ("tenancy", False),
    ],
)
def test_tenancies_are_told_from_other_compartments(value: str, expected: bool) -> None:
    assert is_tenancy(value) is expected


OCIDS = st.builds(
    lambda kind, realm, region, future, unique: ".".join(["ocid1", kind, realm, region, *future, unique]),
    st.from_regex(r"[a-z]{1,20}", fullmatch=True),
    st.from_regex(r"oc[0-9]{1,2}", fullmatch=True),
    st.from_regex(r"([a-z]{3}|[a-z]{2}-[a-z]{1,12}-[0-9])?", fullmatch=True),
    st.lists(st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True), max_size=2),
    st.from_regex(r"[0-9A-Za-z_-]{1,60}", fullmatch=True),
)


@given(OCIDS, st.text(" \t\r\n", max_size=3))
def test_every_ocid_is_read_back_as_it_was_put_together(value: str, blanks: str) -> None:
    ocid = parse(blanks + value + blanks)
    parts = [ocid.future_use] if ocid.future_use else []
    assert ".".join(["ocid1", ocid.type, ocid.realm, ocid.region_part, *parts, ocid.unique]) == value == ocid.value


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="ocid1.key-_ \n\x00'\"é<{", max_size=40),
        OCIDS.flatmap(
            lambda value: st.builds(lambda junk, at: value[:at] + junk + value[at:], st.text(), st.integers(0, 99))
        ),
        st.none() | st.integers() | st.binary() | st.lists(st.text()),
    )
)
@example("ocid1.")
@example("ocid1....")
def test_anything_is_an_ocid_or_an_input_error(value: object) -> None:
    try:
        ocid = parse(value)
    except InputError as error:
        message = str(error)
    else:
        assert isinstance(value, str)
        assert ocid.value == value.strip()
        assert len(ocid.value) <= 255
        return
    assert 0 < len(message) < 500
    assert message.isprintable()


def test_expect_type_says_what_it_is_and_what_it_should_be() -> None:
    backup = parse("ocid1.volumebackup.oc1.iad.abc")
    expect_type(backup, "key", "volumebackup")
    with pytest.raises(
        InputError, match=r"^ocid1\.volumebackup\.oc1\.iad\.abc is a volume backup, but a key is expected$"
    ):
        expect_type(backup, "key")
    with pytest.raises(InputError, match="but a block volume or a boot volume is expected"):
        expect_type(backup, "volume", "bootvolume")
    with pytest.raises(InputError, match="is a subnet, but"):
        expect_type(parse("ocid1.subnet.oc1.iad.abc"), "key")
    with pytest.raises(InputError, match="is a compute instance, but an image is expected"):
        expect_type(parse("ocid1.instance.oc1.iad.abc"), "image")


def test_expect_realm() -> None:
    key = parse("ocid1.key.oc2.us-langley-1.abc")
    expect_realm(key, "OC2", "the volumes")
    with pytest.raises(InputError, match=r"abc belongs to realm oc2, the volumes to oc1$"):
        expect_realm(key, "oc1", "the volumes")


def test_expect_region_gives_the_long_name() -> None:
    assert expect_region(parse(KEY), REGIONS) == "us-ashburn-1"
    assert expect_region(parse(VOLUME), REGIONS) == "eu-frankfurt-1"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (TENANCY, "names no region"),
        (
            "ocid1.volume.oc1.eu-frankfrt-1.abc",
            r"names 'eu-frankfrt-1', which is not a known region \(did you mean eu-f",
        ),
        ("ocid1.volume.oc1.xx-nowhere-9.abc", "OCI_REGION_METADATA or in ~/.oci/regions-config.json"),
        ("ocid1.key.oc1.iad-ad-1.abc", "names 'iad-ad-1', which is not a known region"),
        ("ocid1.volume.oc2.iad.abc", "it names realm oc2, but us-ashburn-1 is in realm oc1"),
    ],
)
def test_expect_region_refuses(value: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        expect_region(parse(value), REGIONS)


def test_types_by_either_name() -> None:
    assert ocid_types("bootvolume") == ocid_types("boot_volume") == ocid_types(" Boot_Volume ") == ("bootvolume",)
    assert ocid_types("block_volume") == ("volume",)
    assert "volumebackuppolicyassign" in ocid_types("policy_assignment")
    assert ocid_types("replica") == ("blockvolumereplica", "bootvolumereplica", "volumegroupreplica")
    assert ocid_types("boot_volume_replica") == ("bootvolumereplica",)
    assert ocid_types("volumebackuppolicyassignment") == ("volumebackuppolicyassignment",)
    assert ocid_types("vaultsecret") == ("vaultsecret",)
    with pytest.raises(
        InputError, match=r"'keys' is not a type of OCID \(did you mean 'key'\?\)\. The types are volume, boot_"
    ):
        ocid_types("keys")


@given(st.text(max_size=50), st.integers(8, 40))
def test_shorten_keeps_the_length(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= length
    assert short == text or "…" in short
