# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenancies that are measured."""

from __future__ import annotations

from typing import Any

REGIONS = [
    "us-ashburn-1",
    "us-phoenix-1",
    "eu-frankfurt-1",
    "uk-london-1",
    "eu-amsterdam-1",
    "ap-tokyo-1",
    "ap-sydney-1",
    "ap-mumbai-1",
    "ca-toronto-1",
    "sa-saopaulo-1",
]


def fleet(volumes: int, *, key: str | None = "old", regions: int = 1, compartments: int = 1) -> dict[str, Any]:
    """So many volumes, evenly spread, and two keys that are in every region."""
    places = [f"compartment-{number}" for number in range(1, compartments + 1)]
    each, left = divmod(volumes, regions * compartments)
    if left:
        raise ValueError(f"{volumes} volumes can't be spread evenly")
    return {
        "tenancy": "acme",
        "regions": REGIONS[:regions],
        "compartments": places,
        "vaults": [
            {
                "name": "vault",
                "region": REGIONS[0],
                "compartment": places[0],
                "replicas": REGIONS[1:regions],
            }
        ],
        "keys": [{"name": "old", "vault": "vault"}, {"name": "new", "vault": "vault"}],
        "volumes": [
            {
                "name": f"{region}-{place}-{{n}}",
                "count": each,
                "region": region,
                "compartment": place,
                **({"key": key} if key else {}),
            }
            for region in REGIONS[:regions]
            for place in places
        ],
    }
