# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.regions import RegionTable

REGIONS = RegionTable(
    long_names={"iad": "us-ashburn-1", "fra": "eu-frankfurt-1", "lfi": "us-langley-1"},
    realms={"us-ashburn-1": "oc1", "eu-frankfurt-1": "oc1", "us-langley-1": "oc2"},
    domains={"oc1": "oraclecloud.com", "oc2": "oraclegovcloud.com"},
)


def test_the_region_table_knows_both_names_in_any_case() -> None:
    assert REGIONS.region("IAD") == REGIONS.region("us-ashburn-1") == REGIONS.region(" US-Ashburn-1 ") == "us-ashburn-1"
    assert REGIONS.region("mars") is None
    assert REGIONS.region("") is None


def test_a_short_code_that_leads_nowhere_is_no_region() -> None:
    assert RegionTable(long_names={"abc": "xx-abc-1"}, realms={}, domains={}).region("abc") is None


def test_an_unknown_region_is_refused_with_those_that_come_close() -> None:
    assert REGIONS.expect(" IAD ", "'region' is") == "us-ashburn-1"
    with pytest.raises(InputError, match=r"^'region' is 'us-ashbrn-1', .* \(did you mean us-ashburn-1 or "):
        REGIONS.expect("us-ashbrn-1", "'region' is")
