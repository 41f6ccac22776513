# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tenancies that the integration tests work on."""

from __future__ import annotations

from typing import Any

REGIONS = ["us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"]


def tenancy(**sections: Any) -> dict[str, Any]:
    """A tenancy with keys of every sort and nothing on them; ``sections`` bring the volumes."""
    return {
        "tenancy": "acme",
        "home_region": "us-ashburn-1",
        "regions": REGIONS,
        "compartments": ["prod", "security"],
        "vaults": [
            {"name": "vault-iad", "region": "us-ashburn-1", "compartment": "security"},
            {"name": "vault-phx", "region": "us-phoenix-1", "compartment": "security"},
            {"name": "vault-fra", "region": "eu-frankfurt-1", "compartment": "security", "oci_domain": True},
            {
                "name": "vault-everywhere",
                "region": "us-ashburn-1",
                "compartment": "security",
                "replicas": ["us-phoenix-1", "eu-frankfurt-1"],
            },
        ],
        "keys": [
            {"name": "key-a", "vault": "vault-iad"},
            {"name": "key-b", "vault": "vault-iad"},
            {"name": "key-phx", "vault": "vault-phx"},
            {"name": "key-fra", "vault": "vault-fra"},
            {"name": "key-everywhere", "vault": "vault-everywhere"},
            {"name": "key-rsa", "vault": "vault-iad", "algorithm": "RSA"},
            {"name": "key-disabled", "vault": "vault-iad", "state": "DISABLED"},
            {"name": "key-dying", "vault": "vault-iad", "state": "PENDING_DELETION"},
            {"name": "key-rotated", "vault": "vault-iad", "versions": 3},
            {"name": "key-external", "vault": "vault-iad", "protection_mode": "EXTERNAL"},
            {
                "name": "key-unseen",
                "vault": "vault-iad",
                "caller_may_read": False,
                "caller_may_inspect": False,
            },
            {"name": "key-forbidden", "vault": "vault-iad", "service_may_use": False},
        ],
        **sections,
    }


def volumes(count: int = 1, **fields: Any) -> dict[str, Any]:
    """Some volumes or boot volumes of one compartment in Ashburn, named ``<name>-1`` and so on."""
    name = fields.pop("name", "volume")
    row = {"name": f"{name}-{{n}}", "count": count, "region": "us-ashburn-1", "compartment": "prod", **fields}
    return {key: value for key, value in row.items() if value is not None}
