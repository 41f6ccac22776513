# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection. Breaking changes can occur at any time.

from __future__ import annotations

import yaml

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import ENVIRONMENT


def _for_plugins(documentation: str) -> str:
    """The same options for plugins of the controller, whose documentation names environment variables by itself."""
    content = yaml.safe_load(documentation)
    for name, variables in ENVIRONMENT.items():
        content["options"][name]["env"] = [{"name": variable} for variable in variables]
    return str(yaml.safe_dump(content, sort_keys=False))


class ModuleDocFragment:
    """The connection options, for modules. ``_api/settings.py`` has their argument spec."""

    DOCUMENTATION = r"""
options:
  config_file_location:
    description:
      - Path of the OCI config file.
      - When not set, the environment variable E(OCI_CONFIG_FILE) is used, then E(OCI_CLI_CONFIG_FILE), else
        V(~/.oci/config).
      - No config file is needed when all that the O(auth_type) needs is given by options or the environment.
    type: path
  config_profile_name:
    description:
      - Name of the profile to use in the config file.
      - When not set, the environment variable E(OCI_CONFIG_PROFILE) is used, then E(OCI_CLI_PROFILE), else V(DEFAULT).
    type: str
  api_user:
    description:
      - OCID of the user that owns the API key. Needed with O(auth_type=api_key).
      - When not set, the environment variable E(OCI_USER_ID) is used, then E(OCI_CLI_USER), else C(user) of the config
        file.
    type: str
  api_user_fingerprint:
    description:
      - Fingerprint of the API key, as the console shows it. Needed with O(auth_type=api_key).
      - It is compared with the private key before any call is made.
      - When not set, the environment variable E(OCI_USER_FINGERPRINT) is used, then E(OCI_CLI_FINGERPRINT), else
        C(fingerprint) of the config file.
    type: str
  api_user_key_file:
    description:
      - Path of the private key, in PEM form. Needed with O(auth_type=api_key) and O(auth_type=security_token), unless
        O(api_user_key_content) is given.
      - When neither is set, the environment variables E(OCI_USER_KEY_CONTENT) and E(OCI_USER_KEY_FILE) are used, then
        E(OCI_CLI_KEY_CONTENT) and E(OCI_CLI_KEY_FILE), else C(key_file) of the config file.
    type: path
  api_user_key_content:
    description:
      - The private key itself, in PEM form. It takes precedence over O(api_user_key_file).
      - Line breaks may be written as C(\n), here and in the file.
      - When neither is set, the environment variables E(OCI_USER_KEY_CONTENT) and E(OCI_USER_KEY_FILE) are used, then
        E(OCI_CLI_KEY_CONTENT) and E(OCI_CLI_KEY_FILE), else C(key_file) of the config file.
    type: str
  api_user_key_pass_phrase:
    description:
      - Pass phrase of the private key, if it is encrypted.
      - When not set, the environment variable E(OCI_USER_KEY_PASS_PHRASE) is used, then E(OCI_CLI_PASSPHRASE), else
        C(pass_phrase) of the config file.
    type: str
  tenancy:
    description:
      - OCID of the tenancy. Needed with O(auth_type=api_key).
      - When not set, the environment variable E(OCI_TENANCY) is used, then E(OCI_TENANCY_ID) and E(OCI_CLI_TENANCY),
        else C(tenancy) of the config file. Principals know their tenancy.
    type: str
  region:
    description:
      - The region for whatever names none. Each OCID is served by the region that it names, whatever is set here.
      - A long name (V(us-ashburn-1)) or a short code (V(iad)). Regions that the installed SDK does not know are taken
        from the environment variable E(OCI_REGION_METADATA) and the file C(~/.oci/regions-config.json).
      - When not set, the environment variable E(OCI_REGION) is used, then E(OCI_CLI_REGION), else C(region) of the
        config file. Principals know their region.
    type: str
  auth_type:
    description:
      - How to authenticate. When not set, the environment variable E(OCI_ANSIBLE_AUTH_TYPE) is used, then
        E(OCI_AUTH_TYPE) and E(OCI_CLI_AUTH), unless O(api_user), O(config_profile_name) or O(config_file_location)
        says who signs.
      - Without any, the credentials decide. A profile of the config file with a C(security_token_file) is
        V(security_token), one with a C(delegation_token_file) and no C(user) is V(instance_obo_user), and
        C(authentication_type) is taken as it is. All others are V(api_key).
      - V(api_key) signs with the API key of a user.
      - V(security_token) uses the token that C(oci session authenticate) made, from the C(security_token_file) and
        C(key_file) of the config file. The environment variable E(OCI_CLI_SECURITY_TOKEN_FILE) names another file.
        It is read again when C(oci session refresh) has renewed it.
      - V(instance_principal) is the compute instance that this runs on.
      - V(instance_obo_user) is that instance on behalf of a user, with the token in the C(delegation_token_file) of the
        config file, as in Cloud Shell, or of E(OCI_DELEGATION_TOKEN_FILE) or E(OCI_CLI_DELEGATION_TOKEN_FILE).
      - V(resource_principal) is the function, job or other resource of OCI that this runs in.
      - V(oke_workload_identity) is the Kubernetes workload that this runs in.
      - For the last four, the config file is read only where it is named, and by V(instance_obo_user) for its token.
    type: str
  cert_bundle:
    description:
      - Path of a bundle of CA certificates to trust, instead of those of the Python installation.
      - When not set, the environment variable E(OCI_ANSIBLE_CERT_BUNDLE) is used, then E(OCI_CLI_CERT_BUNDLE),
        E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE).
    type: path
  realm_specific_endpoint_template_enabled:
    description:
      - Whether to use the service endpoints that are specific to a realm; V(true) or V(false).
      - When not set, the SDK decides, by its environment variable
        E(OCI_REALM_SPECIFIC_SERVICE_ENDPOINT_TEMPLATE_ENABLED).
    type: str
notes:
  - For connection options, an empty value (V(''), white space or null) counts as not set, in the environment and in the
    config file too.
  - Proxies are taken from the environment variables E(HTTPS_PROXY), E(ALL_PROXY) and E(NO_PROXY). SOCKS proxies and
    proxies with an https URL need the Python package C(urllib3), SOCKS proxies C(PySocks) too. The metadata service of
    an instance is never asked through a proxy.
requirements:
  - python >= 3.9
  - The OCI Python SDK, C(oci) >= 2.111.0, for the interpreter that runs the module. For O(auth_type=api_key) and
    O(auth_type=security_token), the package C(cryptography) is enough, which comes with it
"""

    # With its type, since ansible-test takes a plain assignment here for text.
    PLUGIN: str = _for_plugins(DOCUMENTATION)
