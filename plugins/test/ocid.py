# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: ocid
short_description: Whether a value is an OCID
version_added: 0.1.0
author: The oci_keys.block_volume contributors
description:
  - Checks that a value is a syntactically valid OCID and, where types are given, that it is of one of these types.
  - Nothing is asked of any service, and the OCI Python SDK is not needed. So nothing is said about whether the resource
    exists, and any region passes, known or not.
positional: _input, types
options:
  _input:
    description:
      - The value to check. Blanks around it do not matter. What is not a string is not an OCID.
    type: raw
    required: true
  types:
    description:
      - The types of which one must be that of the OCID. Any number can be given, each as an argument.
      - Accepts both the spelling of OCIDs (V(bootvolume)) and the one of results (V(boot_volume)). V(replica) stands
        for replicas of block volumes and of boot volumes.
      - Without any, an OCID of every type passes.
      - A name that is not a known type is an error.
    type: str
seealso:
  - name: Resource identifiers
    description: The syntax of OCIDs.
    link: https://docs.oracle.com/en-us/iaas/Content/General/Concepts/identifiers.htm
"""

EXAMPLES = r"""
- name: Stop early when the key is not one
  ansible.builtin.assert:
    that:
      - rekey_kms_key_id is oci_keys.block_volume.ocid('key')
    fail_msg: rekey_kms_key_id must be the OCID of a key

- name: Keep the volumes of both kinds out of a mixed list
  ansible.builtin.debug:
    msg: "{{ mixed | select('oci_keys.block_volume.ocid', 'volume', 'boot_volume') | list }}"
"""

RETURN = r"""
_value:
  description: Whether the value is an OCID of one of the types.
  type: bool
"""

from collections.abc import Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.text import quote
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid import ocid_types, parse


def ocid(value: object, *types: object) -> bool:
    """Whether ``value`` is an OCID of one of ``types`` (of any type where none is given).

    Raises AnsibleFilterError, listing the types, for a type that is not known.
    """
    desired: set[str] = set()
    for name in types:
        if not isinstance(name, str):
            raise AnsibleFilterError(f"oci_keys.block_volume.ocid takes names of types as arguments, not {quote(name)}")
        try:
            desired.update(ocid_types(name))
        except InputError as error:
            raise AnsibleFilterError(f"oci_keys.block_volume.ocid: {error}") from error
    try:
        found = parse(value)
    except InputError:
        return False
    return not types or found.type in desired


class TestModule:
    """The tests of this file, by name."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        return {"ocid": ocid}
