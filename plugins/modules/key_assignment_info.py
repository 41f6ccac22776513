#!/usr/bin/python
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: key_assignment_info
short_description: Gather which encryption keys protect the Block Volume resources of an Oracle Cloud tenancy
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Lists block volumes, boot volumes and their backups of a whole tenancy or some compartments, in one or many regions,
    with the master encryption key that each is on.
  - On request, it also lists replicas, and backup policy assignments with the key for the copies in another region.
  - A place that could not be read does not fail the task, and is never omitted silently. RV(complete) is false then,
    and RV(unreadable) says where and why.
  - Resources that are C(TERMINATING) or C(TERMINATED) are left out.
  - It reads lists, a hundred resources per call, and reads some resources individually to check that the lists show
    their keys. If they do not, it reads every resource.
extends_documentation_fragment:
  - oci_keys.block_volume.discovery
  - oci_keys.block_volume.progress
  - oci_keys.block_volume.connection
  - oci_keys.block_volume.attributes
  - oci_keys.block_volume.attributes.info_module
options:
  resource_types:
    description:
      - The types to list, of V(volume), V(boot_volume), V(volume_backup), V(boot_volume_backup),
        V(policy_assignment), V(replica) and V(node_pool).
      - V(policy_assignment) stands for backup policies with copies in another region that are assigned to volumes, boot
        volumes and volume groups. It costs a call for each of these.
      - V(replica) stands for the replicas that these regions hold of volumes elsewhere.
      - V(node_pool) stands for the node pools of Container Engine (OKE), with the key that new nodes get.
      - When not set, all except V(policy_assignment), V(replica) and V(node_pool). An empty list is an error.
    type: list
    elements: str
  kms_key_ids:
    description:
      - List only resources on one of these keys. Takes OCIDs and names of keys, V(vault/key), or V(key) where that is
        unique in a region.
      - An empty list is an error. It can't be combined with O(encryption=oracle).
    type: list
    elements: str
  encryption:
    description:
      - List only resources on a customer-managed key (V(customer)), or on the Oracle-managed one (V(oracle)).
    type: str
    choices:
      - any
      - customer
      - oracle
    default: any
  freeform_tags:
    description:
      - List only resources that have all of these free-form tags. A policy assignment has those of its asset.
    type: dict
  defined_tags:
    description:
      - List only resources that have all of these defined tags, given by namespace.
    type: dict
  attachments:
    description:
      - Whether to look up which instances volumes and boot volumes are attached to, for RV(resources[].attachments).
      - It takes lists only, but of every compartment in scope, since an attachment is in the compartment of its
        instance. In each region with volumes, this is a call per compartment. In each region with boot volumes, it is a
        call, and one per compartment and availability domain. And it is a call for each compartment with an instance
        that has one of them. A list takes another call for each further hundred of its rows.
      - In a tenancy with 40 compartments and volumes and boot volumes in one region with three availability domains,
        this is 161 calls, and up to 40 more for the names of instances.
      - RV(complete) does not depend on it. RV(scanned.attachments.complete) says whether all these lists were read.
    type: bool
    default: false
  new_volumes:
    description:
      - Whether to look up what new volumes are born with, for RV(new_volumes), namely the keys that instance
        configurations, the instance pools that use them, and node pools of Kubernetes Engine (OKE) give to volumes.
      - In each region, it is three calls per compartment (lists of configurations, instance pools and node pools), one
        more for each further hundred of their rows, one for each configuration, as its list has no keys, and one for
        each node pool whose row in the list has no key. No instance is read.
      - In a tenancy with 40 compartments, 200 instance configurations and 60 instance pools in one region, this is 320
        calls, and one more for each node pool without a key.
      - O(kms_key_ids), O(encryption) and tags do not limit it. RV(complete) does not depend on it.
        RV(new_volumes.complete) says whether all of these were read.
    type: bool
    default: false
  result:
    description:
      - V(all) lists all resources in the result of the task. V(summary) lists none, nor does V(changed), since nothing
        ever changes. The counts in RV(summary) cover all of them in any case.
      - With thousands of resources, V(summary) with O(discovery_file) keeps the output of Ansible short.
    type: str
    choices:
      - all
      - changed
      - summary
    default: all
  discovery_file:
    description:
      - A file for the whole result as JSON, regardless of O(result). It is written in check mode too, and only its
        owner can read it.
      - Other modules read it, to look keys up, to plan and to report.
    type: path
    aliases:
      - result_file
  create_folder:
    description:
      - Whether to create the folder of O(discovery_file), and those above it, where they are missing. Only their owner
        can read them.
    type: bool
    default: false
    version_added: 0.2.0
notes:
  - The caller needs C(inspect volume-family) and C(inspect compartments) in the compartments to scan, and with
    O(regions=all) C(inspect tenancies) in the tenancy.
  - With O(attachments=true) it needs C(read instances) there too, and C(inspect volume-attachments), which is part of
    C(inspect volume-family).
  - With O(new_volumes=true) it needs C(read instance-configurations), C(inspect instance-pools) and
    C(read cluster-node-pools) there.
seealso:
  - module: oci_keys.block_volume.kms_key_info
  - module: oci_keys.block_volume.key_assignment_plan
  - module: oci_keys.block_volume.key_assignment_report
  - module: oci_keys.block_volume.volume_kms_key
  - module: oci_keys.block_volume.backup_kms_key
  - module: oci_keys.block_volume.backup_policy_crossregion_key
"""

EXAMPLES = r"""
- name: Gather the keys that are in use in the tenancy
  oci_keys.block_volume.key_assignment_info:
    regions: all
    result: summary
    discovery_file: /var/tmp/assignments.json
  register: assignments

- name: Stop if something could not be read
  ansible.builtin.assert:
    that: assignments.complete
    fail_msg: "{{ assignments.msg }}"

- name: Gather what is still on the Oracle-managed key in production
  oci_keys.block_volume.key_assignment_info:
    compartment_ids:
      - ocid1.compartment.oc1..exampleuniqueid
    regions:
      - us-ashburn-1
      - eu-frankfurt-1
    encryption: oracle

- name: Gather everything on this key, including copies by backup policies and replicas
  oci_keys.block_volume.key_assignment_info:
    regions: all
    read_each: true
    resource_types:
      - volume
      - boot_volume
      - volume_backup
      - boot_volume_backup
      - policy_assignment
      - replica
    kms_key_ids:
      - ocid1.key.oc1.iad.examplevault.exampleuniqueid
"""

RETURN = r"""
resources:
  description:
    - The discovered resources, sorted by region and type.
    - O(result) decides whether they are listed.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The OCID of the resource; for an assignment, that of the assignment.
      type: str
      sample: ocid1.volume.oc1.iad.exampleuniqueid
    type:
      description: One of the types of O(resource_types).
      type: str
      sample: volume
    region:
      description: The region of the resource. Of an assignment, the values from here to
        RV(resources[].lifecycle_state), and the tags, are those of the asset.
      type: str
      sample: us-ashburn-1
    compartment_id:
      description: The OCID of its compartment.
      type: str
      sample: ocid1.compartment.oc1..exampleuniqueid
    display_name:
      description: Its display name.
      type: str
      sample: db-data-01
    lifecycle_state:
      description: Its lifecycle state.
      type: str
      sample: AVAILABLE
    encryption:
      description: Whose key it is on, V(customer) or V(oracle).
      type: str
      sample: customer
    kms_key_id:
      description: The OCID of the customer-managed key that it is on, for an assignment of the key that copies get.
        Null if that is the Oracle-managed key.
      type: str
      sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
    time_created:
      description: When it was created, in UTC.
      type: str
      sample: "2026-11-23T20:45:01.000Z"
    size_in_gbs:
      description: Its size in GB. Policy assignments have none.
      type: int
      sample: 50
    freeform_tags:
      description: Its free-form tags.
      type: dict
      sample: {"team": "payments"}
    defined_tags:
      description: Its defined tags, by namespace.
      type: dict
      sample: {"operations": {"cost_center": "42"}}
    group_id:
      description: The OCID of the volume group of a volume, of the group backup of a backup, of the group replica of a
        replica. Null if there is none.
      type: str
      sample: ocid1.volumegroup.oc1.iad.exampleuniqueid
    locked:
      description: Why a backup is skipped unless locked ones are included. Null if it is not locked.
      type: str
      sample: it is under retention lock
    replicas:
      description: The replicas of a volume.
      type: list
      elements: dict
      contains:
        id:
          description: The OCID of the replica.
          type: str
          sample: ocid1.blockvolumereplica.oc1.phx.exampleuniqueid
        availability_domain:
          description: Its availability domain.
          type: str
          sample: Uocm:PHX-AD-1
        kms_key_id:
          description: The OCID of the customer-managed key that it is on. Null if that is the Oracle-managed key.
          type: str
          sample: ocid1.key.oc1.phx.examplevault.exampleuniqueid
        in_other_region:
          description: Whether it is in another region than the volume.
          type: bool
          sample: true
    managed_by_paas:
      description: Whether it belongs to a platform service of Oracle, by its compartment, which is or is below one that
        is called C(ManagedCompartmentForPaaS).
      type: bool
      sample: false
    read_by:
      description: V(get) if it was read by itself, V(list) if only a list has shown it, which may lag behind.
      type: str
      sample: list
    asset_id:
      description: Of an assignment, the OCID of the volume, boot volume or volume group that has the policy.
      returned: when RV(resources[].type) is V(policy_assignment)
      type: str
      sample: ocid1.volume.oc1.iad.exampleuniqueid
    asset_type:
      description: Of an assignment, V(volume), V(boot_volume) or V(volume_group).
      returned: when RV(resources[].type) is V(policy_assignment)
      type: str
      sample: volume
    policy_id:
      description: Of an assignment, the OCID of the backup policy.
      returned: when RV(resources[].type) is V(policy_assignment)
      type: str
      sample: ocid1.volumebackuppolicy.oc1.iad.exampleuniqueid
    destination_region:
      description: Of an assignment, the region of the copies, where its key has to be. Null if it could not be read,
        and for a key that is assigned although the policy copies nothing.
      returned: when RV(resources[].type) is V(policy_assignment)
      type: str
      sample: us-phoenix-1
    attachments:
      description: What a volume or boot volume is attached to.
      returned: when O(attachments=true) and RV(resources[].type) is V(volume) or V(boot_volume)
      type: dict
      contains:
        state:
          description: V(attached), V(not_attached), V(none_in_scope) if no instance has it in what was searched, which
            is a part of the tenancy, or V(unknown) if a list could not be read that may have it.
          type: str
          sample: attached
        instances:
          description: The instances that have it. A volume that is shareable may be attached to several.
          type: list
          elements: dict
          contains:
            id:
              description: The OCID of the instance.
              type: str
              sample: ocid1.instance.oc1.iad.exampleuniqueid
            display_name:
              description: Its name. Null if it could not be read.
              type: str
              sample: db-1
    source_id:
      description: Of a replica, the OCID of the volume that it is a replica of.
      returned: when RV(resources[].type) is V(replica)
      type: str
      sample: ocid1.volume.oc1.phx.exampleuniqueid
summary:
  description: Counts of all discovered resources, regardless of O(result).
  returned: success
  type: dict
  contains:
    total:
      description: All of them.
      type: int
      sample: 40
    customer:
      description: Those on customer-managed keys.
      type: int
      sample: 30
    oracle:
      description: Those on the Oracle-managed key.
      type: int
      sample: 10
    unreadable:
      description: The number of places that could not be read.
      type: int
      sample: 0
    by_region:
      description: The same counts for each region, and in C(by_type) for each type in that region.
      type: dict
      sample:
        us-ashburn-1:
          total: 40
          customer: 30
          oracle: 10
          by_type: {"volume": {"total": 40, "customer": 30, "oracle": 10}}
    by_type:
      description: The same counts for each type.
      type: dict
      sample: {"volume": {"total": 40, "customer": 30, "oracle": 10}}
    by_key:
      description: The 50 customer-managed keys with the most resources.
      type: list
      elements: dict
      contains:
        kms_key_id:
          description: The OCID of the key.
          type: str
          sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
        total:
          description: The number of resources on it.
          type: int
          sample: 30
        by_region:
          description: The number of these in each region.
          type: dict
          sample: {"us-ashburn-1": 30}
        by_type:
          description: The number of these of each type.
          type: dict
          sample: {"volume": 30}
    kms_keys:
      description: The number of different customer-managed keys.
      type: int
      sample: 1
unreadable:
  description:
    - The places that could not be read. Unless O(result=all), only the first 20.
  returned: success
  type: list
  elements: dict
  contains:
    region:
      description: The region. Null if all of them are affected, as when the compartments below one can't be listed.
      type: str
      sample: us-ashburn-1
    compartment_id:
      description: The OCID of the compartment. Null if all of them are affected.
      type: str
      sample: ocid1.compartment.oc1..exampleuniqueid
    resource_type:
      description: The resource type. Null if all of them are affected.
      type: str
      sample: volume_backup
    code:
      description: The code of the error, V(NoAnswer) if there was no response.
      type: str
      sample: NotAuthorizedOrNotFound
    status:
      description: The HTTP status of the response. Null if there was none.
      type: int
      sample: 404
    message:
      description: What happened.
      type: str
      sample: The compartment does not exist, or the caller may not list volume backups in it.
    hint:
      description: What to do about it. Null if nothing is known.
      type: str
      sample: "Check the OCID, or grant: Allow group <your group> to inspect volume-family in compartment id
        ocid1.compartment.oc1..exampleuniqueid"
complete:
  description:
    - Whether everything in scope was read.
    - False if RV(unreadable) has entries, or if a compartment was skipped whose state is not C(DELETED).
    - OCI silently omits from lists single resources that the caller is not allowed to inspect.
  returned: success
  type: bool
  sample: true
scanned:
  description: The scope of the scan. Unless O(result=all), only the first 20 entries of each list.
  returned: success
  type: dict
  contains:
    tenancy:
      description: The OCID of the tenancy.
      type: str
      sample: ocid1.tenancy.oc1..exampleuniqueid
    regions:
      description: The names of the regions.
      type: list
      elements: str
      sample: [us-ashburn-1]
    skipped_regions:
      description: Subscribed regions that are not ready yet.
      type: list
      elements: dict
      contains:
        name:
          description: The name of the region.
          type: str
          sample: sa-bogota-1
        reason:
          description: Why it was skipped.
          type: str
          sample: it is IN_PROGRESS
    compartments:
      description: The compartments that were scanned.
      type: list
      elements: dict
      contains:
        id:
          description: The OCID of the compartment.
          type: str
          sample: ocid1.compartment.oc1..exampleuniqueid
        name:
          description: Its name. Null if it is not known.
          type: str
          sample: databases
        path:
          description: The names from the root down to it; the root's is its own name. Null if it is not known.
          type: str
          sample: prod/databases
        lifecycle_state:
          description: Its lifecycle state. Null if it is not known.
          type: str
          sample: ACTIVE
    skipped_compartments:
      description: Compartments that were skipped because they are not active.
      type: list
      elements: dict
      contains:
        id:
          description: The OCID of the compartment.
          type: str
          sample: ocid1.compartment.oc1..exampleuniqueid
        name:
          description: Its name.
          type: str
          sample: old
        path:
          description: The names from the root down to it.
          type: str
          sample: prod/old
        reason:
          description: Why it was skipped.
          type: str
          sample: it is DELETED
    compartment_parents:
      description:
        - The parent of each compartment that was scanned or skipped, and of those above them, as far as it is known.
        - With O(result) other than V(all), it is in the file only.
      type: dict
      sample:
        ocid1.compartment.oc1..exampleuniqueid: ocid1.tenancy.oc1..exampleuniqueid
    attachments:
      description: Which lists of attachments and instances could not be read. Null unless O(attachments=true).
      type: dict
      contains:
        complete:
          description: Whether all of them were read.
          type: bool
          sample: true
        unreadable:
          description: Those that could not be read, as in RV(unreadable). Their types are V(volume) and V(boot_volume)
            for attachments, and V(instance). Unless O(result=all), only the first 20.
          type: list
          elements: dict
          contains:
            region:
              description: The region.
              type: str
              sample: us-ashburn-1
            compartment_id:
              description: The OCID of the compartment. Null if all of them are affected.
              type: str
              sample: ocid1.compartment.oc1..exampleuniqueid
            resource_type:
              description: V(volume), V(boot_volume) or V(instance).
              type: str
              sample: instance
            code:
              description: The code of the error, V(NoAnswer) if there was no response.
              type: str
              sample: NotAuthorizedOrNotFound
            status:
              description: The HTTP status of the response. Null if there was none.
              type: int
              sample: 404
            message:
              description: What happened.
              type: str
              sample: The caller may not list instances in the compartment.
            hint:
              description: What to do about it. Null if nothing is known.
              type: str
              sample: "Grant: Allow group <your group> to read instances in compartment id
                ocid1.compartment.oc1..exampleuniqueid"
    compartment_count:
      description: The number of compartments that were scanned.
      type: int
      sample: 1
    skipped_compartment_count:
      description: The number of compartments that were skipped.
      type: int
      sample: 1
    resource_types:
      description: The resource types.
      type: list
      elements: str
      sample: [volume, boot_volume]
    all_regions:
      description: Whether the regions were all that the tenancy is subscribed to, as O(regions=all) says.
      type: bool
      sample: true
    whole_tenancy:
      description: Whether the compartments were all of the tenancy.
      type: bool
      sample: true
    filters:
      description: Which of the resources are listed and counted.
      type: dict
      contains:
        kms_key_ids:
          description: The keys of O(kms_key_ids), sorted. Null if it is not set.
          type: list
          elements: str
          sample: null
        encryption:
          description: The value of O(encryption).
          type: str
          sample: any
        freeform_tags:
          description: The value of O(freeform_tags). Null if it is not set.
          type: dict
          sample: null
        defined_tags:
          description: The value of O(defined_tags). Null if it is not set.
          type: dict
          sample: null
        only_named:
          description: Whether only resources were read that were named, which this module never does.
          type: bool
          sample: false
    time_started:
      description: When the scan began, in UTC.
      type: str
      sample: "2026-11-23T20:45:01.000Z"
    time_finished:
      description: When it ended, in UTC.
      type: str
      sample: "2026-11-23T20:45:11.000Z"
caller:
  description: The caller, and the versions in use.
  returned: success
  type: dict
  contains:
    tenancy:
      description: The OCID of the caller's tenancy.
      type: str
      sample: ocid1.tenancy.oc1..exampleuniqueid
    principal:
      description: The principal that made the calls.
      type: str
      sample: user ocid1.user.oc1..exampleuniqueid with the API key 12:34:56
    auth_type:
      description: How it authenticated.
      type: str
      sample: api_key
    collection_version:
      description: The version of this collection.
      type: str
      sample: 0.1.0
    sdk_version:
      description: The version of the installed OCI Python SDK; null if there is none, which API keys do without.
      type: str
      sample: 2.189.0
new_volumes:
  description:
    - What new volumes are born with, regardless of the filters of resources. Null unless O(new_volumes=true).
  returned: success
  type: dict
  contains:
    complete:
      description: Whether all lists, configurations and node pools were read.
      type: bool
      sample: true
    unreadable:
      description: What could not be read, as in RV(unreadable). The types are V(instance_configuration),
        V(instance_pool) and V(node_pool). Unless O(result=all), only the first 20.
      type: list
      elements: dict
      contains:
        region:
          description: The region.
          type: str
          sample: us-ashburn-1
        compartment_id:
          description: The OCID of the compartment. Null if it is not known, or if all of them are affected.
          type: str
          sample: ocid1.compartment.oc1..exampleuniqueid
        resource_type:
          description: V(instance_configuration), V(instance_pool) or V(node_pool).
          type: str
          sample: instance_pool
        code:
          description: The code of the error, V(NoAnswer) if there was no response.
          type: str
          sample: NotAuthorizedOrNotFound
        status:
          description: The HTTP status of the response. Null if there was none.
          type: int
          sample: 404
        message:
          description: What happened.
          type: str
          sample: The caller may not list instance pools in the compartment.
        hint:
          description: What to do about it. Null if nothing is known.
          type: str
          sample: "Grant: Allow group <your group> to inspect instance-pools in compartment id
            ocid1.compartment.oc1..exampleuniqueid"
    sources:
      description: The instance configurations and node pools. Unless O(result=all), none.
      type: list
      elements: dict
      contains:
        id:
          description: Its OCID.
          type: str
          sample: ocid1.instanceconfiguration.oc1.iad.exampleuniqueid
        type:
          description: V(instance_configuration) or V(node_pool).
          type: str
          sample: instance_configuration
        region:
          description: Its region.
          type: str
          sample: us-ashburn-1
        compartment_id:
          description: The OCID of its compartment. Null if it could not be read.
          type: str
          sample: ocid1.compartment.oc1..exampleuniqueid
        display_name:
          description: Its name. Null if it could not be read.
          type: str
          sample: web-2024
        lifecycle_state:
          description: The lifecycle state of a node pool. Configurations have none.
          type: str
          sample: null
        volumes:
          description: The volumes that each new instance or node is created with.
          type: list
          elements: dict
          contains:
            type:
              description: V(boot_volume) or V(volume).
              type: str
              sample: boot_volume
            display_name:
              description: The name that a block volume gets. Null if none is given.
              type: str
              sample: data
            kms_key_id:
              description: The OCID of the customer-managed key that it gets. Null if that is the Oracle-managed key.
              type: str
              sample: ocid1.key.oc1.iad.examplevault.exampleuniqueid
            copies_kms_key_id:
              description: The OCID of the key that copies of it in another region get. Null if that is the
                Oracle-managed key, or if there are none.
              type: str
              sample: null
        unknown:
          description: Why there may be other volumes, or volumes on other keys. Null if all are known.
          type: str
          sample: null
        pools:
          description: The instance pools that use a configuration, in the searched compartments.
          type: list
          elements: dict
          contains:
            id:
              description: Its OCID.
              type: str
              sample: ocid1.instancepool.oc1.iad.exampleuniqueid
            compartment_id:
              description: The OCID of its compartment.
              type: str
              sample: ocid1.compartment.oc1..exampleuniqueid
            display_name:
              description: Its name.
              type: str
              sample: web
            lifecycle_state:
              description: Its lifecycle state. Pools that are C(TERMINATING) or C(TERMINATED) are left out.
              type: str
              sample: RUNNING
msg:
  description: The counts in a sentence, and the first places that could not be read.
  returned: always
  type: str
  sample: "40 resources in 3 compartments of 1 region: 30 on customer-managed keys, 10 on the Oracle-managed key"
"""

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.attachments import add_attachments
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_assignment_info import (
    run_key_assignment_info,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.module import Module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.new_volumes import look_at_new_volumes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.options import info_spec
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.progress import PROGRESS_OPTIONS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.scope_options import DISCOVERY_OPTIONS


def main() -> None:
    module = Module(
        argument_spec=info_spec(
            **PROGRESS_OPTIONS,
            **DISCOVERY_OPTIONS,
            result_file=None,
            discovery_file={"type": "path", "aliases": ["result_file"]},
            create_folder={"type": "bool", "default": False},
            resource_types={"type": "list", "elements": "str"},
            kms_key_ids={"type": "list", "elements": "str", "no_log": False},
            freeform_tags={"type": "dict"},
            defined_tags={"type": "dict"},
            encryption={"type": "str", "choices": ["any", "customer", "oracle"], "default": "any"},
            attachments={"type": "bool", "default": False},
            new_volumes={"type": "bool", "default": False},
        ),
        supports_check_mode=True,
    )
    run_key_assignment_info(module, attach=add_attachments, look=look_at_new_volumes)


if __name__ == "__main__":
    main()
