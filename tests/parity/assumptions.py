# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of oci_semantics.md no probe asks, and why; and the probe of each line that is assumed there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: By section, as probes name them. A section with a probe needs no reason.
NOT_ASKED: Mapping[str, str] = {
    "0.10": "Groups have no such field in the SDK, so there is nothing to send.",
    "0.16": "It is about the SDK, and seen in its source.",
    "0.17": "It is about the SDK, and tried.",
    "0.18": "It is about the SDK and the network, and tried.",
    "0.19": "rate_of_vault and key_at_replica read keys at the endpoint that GetVault names, and fail if it is wrong.",
    "0.20": "It is about the SDK, and measured.",
    "0.26": "It needs a compartment of a security zone.",
    "0.28": "It needs a key outside of OCI.",
    "1.4": "What the collection sends for groups are lists of replicas, which probes ask of a volume.",
    "1.8": "They are reads of Identity, each of which is recorded of the real service.",
    "1.10": "They are reads for the report; an instance would have to be made, or somebody's be shown.",
    "1.11": "A pool and a cluster have instances, which are billed; a configuration may be left behind.",
    "5": "The SDK signs the probes; the collection's own modules run on the same resources afterwards.",
    "6": "It is about the SDK and the network, and tried.",
    "6.1": "It is about the simulator.",
    "7": "Recorded OCIDs keep their form but for the unique part, and a test reads all of them with the collection.",
    "8": "It is about the SDK, and tried.",
    "10": "It is about other programs.",
    "appendix A": "It is the SDK's source. What probes call of it is recorded.",
    "appendix B": "It is the SDK's source. What probes are answered is recorded.",
}


class Assumption(NamedTuple):
    """Some words of a line that is unknown, inferred or in conflict; the probes for it, or why there is none."""

    quote: str
    probes: tuple[str, ...] = ()
    why_not: str = ""


ASSUMPTIONS = (
    Assumption(
        "8. `GET .../kmsKey` on an Oracle-managed volume", ("get_kms_key_without_one", "get_boot_kms_key_without_one")
    ),
    Assumption("27. Oracle-defined policies on volume groups", ("oracle_policy_on_group",)),
    Assumption(
        "createReplica/deleteReplica body-less", (), "A vault would be replicated, which is billed by the month."
    ),
    Assumption("`kmsKeyId` absent or null in the PUT body", ("put_no_key",)),
    Assumption("POST with the **same** policy but another", ("same_policy_again",)),
    Assumption("Does changing `xrrKmsKeyId` on an existing replica", ("key_of_replica", "key_of_replicated_volume")),
    Assumption("The list of replicas in an update is the whole list", ("omitted_key_of_replica",)),
    Assumption("Whether GetKey, ListKeys and ListKeyVersions answer", ("key_at_replica", "vault_in_replica_region")),
    Assumption("Only an ENABLED AES key may be assigned", ("disabled_key", "dying_key", "rsa_key")),
    Assumption("the root itself is **not** in the result", (), "It would list everybody's compartments."),
    Assumption("Eventually consistent", ("search_after_change", "what_search_knows")),
    Assumption(
        "ListVolumeAttachments and ListBootVolumeAttachments want", (), "It needs users with fewer permissions."
    ),
    Assumption("| Volume, BootVolume | PROVISIONING", ("put_while_provisioning",)),
    Assumption("| VolumeBackup, BootVolumeBackup | REQUEST_RECEIVED", ("backup_update_while_creating",)),
    Assumption("A waiter that reads the volume once", ("states_of_a_change", "when_a_key_shows")),
    Assumption("**Backup key change looks synchronous**", ("backup_key_change", "backup_own_key")),
    Assumption("Attached volumes: no restriction documented", ("attached_volume",)),
    Assumption('| UpdateBootVolumeBackup `""`', ("boot_backup_empty_key",)),
    Assumption(
        "| UpdateBootVolumeKmsKey, invalid value",
        (),
        "A boot volume that is in use would lose its key if the value were taken. put_empty_key asks it of a volume.",
    ),
    Assumption('| UpdateVolumeKmsKey `""`', ("put_empty_key",)),
    Assumption('| `xrcKmsKeyId: ""`', ("empty_copy_key", "empty_key_of_replica")),
    Assumption("**volume's etag changed between reads", ("etag_between_reads", "etag_after_key_change")),
    Assumption("What `if-match` of PUT and DELETE kmsKey is compared with", ("if_match_of_kms_key",)),
    Assumption("**etag of backups**", ("etag_of_backup",)),
    Assumption("**Lost answers**", (), "Nobody can have OCI lose an answer."),
    Assumption("Exact text for a **wrong-region** key", ("key_of_another_region",)),
    Assumption("Session token / instance principal", (), "It is how the simulator verifies; OCI does so by itself."),
    Assumption("**Threads**: one client used", (), "It is about the SDK, with which the collection does not send."),
    Assumption("Rate limits: Vault management calls", ("rate_of_vault", "rate_of_block_volume", "retry_after")),
    Assumption("User → resources", (), "It needs users with fewer permissions."),
    *(
        Assumption(quote, (), "It needs an instance pool, or a node pool of OKE, whose instances are billed.")
        for quote in (
            "Whether POST judges the keys that it names",
            "Whether a pool that is, say, SCALING",
            "whether the service fills it in is [unknown]",
            "**A partial `nodeConfigDetails` leaves the rest**",
            "Whether a pool with `nodePoolCyclingDetails",
            "whether it brings the Oracle-managed key is [unknown]",
        )
    ),
    Assumption("`use cluster-node-pools` (family cluster-family)", (), "It needs users with fewer permissions."),
)
