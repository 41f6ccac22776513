# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: shards
short_description: Regions and compartments of an Oracle Cloud tenancy as hosts, to divide work on Block Volume
version_added: 0.1.0
author:
  - The oci_keys.block_volume contributors (@oci-keys)
description:
  - Adds one host for each region and compartment that holds block volumes, boot volumes, backups of these, or volume
    groups. A play on such a host works on that region and compartment, so C(--forks) and the job slicing of AWX divide
    a large tenancy.
  - All hosts are the local machine, with C(ansible_connection) V(local) and the Python that runs Ansible.
  - A compartment that could not be read is a host too, with a warning, so that it is not forgotten. C(shard_error) is
    the reason.
  - Hosts are named after region and path of the compartment, with the end of its OCID, as in
    V(us-ashburn-1_prod_databases_x7k2qa). A name stays as long as the compartment is neither renamed nor moved.
  - The name of the inventory file must end in V(shards.yml) or V(shards.yaml).
extends_documentation_fragment:
  - oci_keys.block_volume.connection.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - Must be V(oci_keys.block_volume.shards).
    type: str
    required: true
    choices:
      - oci_keys.block_volume.shards
  regions:
    description:
      - The regions to search, such as V(us-ashburn-1) or V(iad), or V(all) for every region that the tenancy is
        subscribed to.
      - When not set, the region of the connection options. A blank or an empty list is an error.
    type: list
    elements: str
  compartment_ids:
    description:
      - The OCIDs of the compartments to search, or their names from the root down, such as V(prod/databases). The OCID
        of the tenancy stands for its root compartment.
      - When not set, the whole tenancy. A blank or an empty list is an error.
    type: list
    elements: str
  recursive:
    description:
      - Whether to search all compartments below too.
    type: bool
    default: true
seealso:
  - module: oci_keys.block_volume.key_assignment_info
"""

EXAMPLES = r"""
# prod.shards.yml: everything in the tenancy
plugin: oci_keys.block_volume.shards
regions: all

---
# One part of the tenancy, with the credentials of a profile of ~/.oci/config, and a cache.
plugin: oci_keys.block_volume.shards
config_profile_name: PROD
regions:
  - us-ashburn-1
  - eu-frankfurt-1
compartment_ids:
  - ocid1.compartment.oc1..exampleuniqueid
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/shards

---
# Groups by region, such as region_us_ashburn_1, and one of compartments that could not be read.
plugin: oci_keys.block_volume.shards
regions: all
keyed_groups:
  - prefix: region
    key: shard_region
groups:
  blind: shard_error is not none
compose:
  wave: "1 if shard_compartment_path.startswith('test') else 2"
"""

import os
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import ReadRetry, connect
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import (
    CONNECTION_OPTIONS,
    resolve_connection,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import BlockVolumeKeyError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.text import shown
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.values import is_blank
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.discover import CONCURRENCY
from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.shards import (
    Shard,
    ShardList,
    find_shards,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.names import Names
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.scope_options import (
    compartments_asked,
    regions_asked,
)
from ansible_collections.oci_keys.block_volume.plugins.plugin_utils._untrusted import as_template, untrusted

_GROUP = "shards"

# A region that can't be reached takes this many attempts, some 30 s if connections are refused.
_RETRY = ReadRetry(attempts=6)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """See DOCUMENTATION. Each ``self`` is Any, since ansible-core has few type hints."""

    NAME = "oci_keys.block_volume.shards"

    def verify_file(self: Any, path: str) -> bool:
        """Whether the name of the file is one for this plugin."""
        base: Any = super()
        return bool(base.verify_file(path)) and path.endswith(("shards.yml", "shards.yaml"))

    def parse(self: Any, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add the hosts, from the cache if the file enables it and the hosts are in it."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        key = self.get_cache_key(path)
        is_cached = bool(self.get_option("cache"))
        found = self._cached(key) if is_cached and cache else None
        if found is None:
            found = self._find()
            if is_cached:
                shards = [shard.as_dict() for shard in found.shards]
                self._cache[key] = {"shards": shards, "warnings": list(found.warnings)}
        for warning in found.warnings:
            self.display.warning(shown(warning))
        inventory.add_group(_GROUP)
        for shard in found.shards:
            self._add(inventory, shard)

    def _cached(self: Any, key: str) -> ShardList | None:
        try:
            known = self._cache[key]
        except KeyError:  # not cached, or expired
            return None
        return ShardList([Shard(**shard) for shard in known["shards"]], list(known["warnings"]))

    def _find(self: Any) -> ShardList:
        options = {name: self.get_option(name) for name in ("regions", "compartment_ids")}
        for name, given in options.items():
            if any(is_blank(item) for item in given or ()):
                raise AnsibleParserError(
                    f"'{name}' is blank, so it is not known which shards to make hosts of. Leave it out if it should "
                    "restrict nothing"
                )
        try:
            connection = connect(
                resolve_connection(self._connection_options(), os.environ),
                concurrency=CONCURRENCY,
                retry=_RETRY,
            )
            options = Names(connection, Clock()).compartments(options)
            return find_shards(
                connection,
                compartments_asked(options, connection.tenancy),
                recursive=self.get_option("recursive"),
                regions=regions_asked(options, connection.regions, connection.region, connection.tenancy),
            )
        except BlockVolumeKeyError as error:
            raise AnsibleParserError(str(error)) from error

    def _connection_options(self: Any) -> dict[str, Any]:
        """The options that the file sets. Blanks and precedence are resolved as for the modules."""
        found = {}
        for name in CONNECTION_OPTIONS:
            value, origin = self.get_option_and_origin(name)
            if not str(origin).startswith("env"):
                found[name] = value
        return found

    def _add(self: Any, inventory: Any, shard: Shard) -> None:
        found = {
            "shard_region": shard.region,
            "shard_compartment_id": shard.compartment_id,
            "shard_compartment_name": shard.compartment_name,
            "shard_compartment_path": shard.compartment_path,
            "shard_error": shard.error,
        }
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": as_template("{{ ansible_playbook_python }}"),
            **untrusted(found),
        }
        inventory.add_host(shard.name, group=_GROUP)
        for name, value in variables.items():
            inventory.set_variable(shard.name, name, value)
        how = {"strict": self.get_option("strict")}
        self._set_composite_vars(self.get_option("compose"), variables, shard.name, **how)
        # Composed variables can be used in groups, too.
        self._add_host_to_composed_groups(self.get_option("groups"), {}, shard.name, **how)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), {}, shard.name, **how)
