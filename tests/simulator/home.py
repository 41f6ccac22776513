# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of a caller: keys, tokens and a config file for every kind of principal."""

from __future__ import annotations

from pathlib import Path

from .hosts import PROXYMUX
from .ocids import ocid
from .principals import PASS_PHRASE, Principal, Tokens, fingerprint, new_key, pem
from .state import CloudState

_DAY = 86400.0

AUTH_TYPES = (
    "api_key",
    "security_token",
    "instance_principal",
    "instance_obo_user",
    "resource_principal",
    "oke_workload_identity",
)


class Home:
    """Keys are made once; what names the tenancy is written anew with each fleet."""

    def __init__(self, folder: Path, ca_pem: bytes) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._api_key = new_key()
        self._session_key = new_key()
        self.ca_file = self._write("ca.pem", ca_pem)
        self._api_file = self._write("api_key.pem", pem(self._api_key))
        self._encrypted_file = self._write("api_key_encrypted.pem", pem(self._api_key, PASS_PHRASE))
        self._session_file = self._write("session_key.pem", pem(self._session_key))

    @property
    def api_key(self) -> Principal:
        """The key with its fingerprint; user and tenancy are the fleet's."""
        public = self._api_key.public_key()
        return Principal("api_key", fingerprint(public), public)

    def _write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def write(self, cloud: CloudState, tokens: Tokens) -> None:
        tenancy, key = cloud.tenancy, self._session_key.public_key()
        home = next(site.region for site in cloud.sites.values() if site.home)
        session = self._write("token", tokens.issue("security_token", tenancy.user_id, tenancy.id, key, _DAY))
        delegation = tokens.issue("delegation", tenancy.user_id, tenancy.id, key, _DAY)
        function = ocid("fnfunc", tenancy.realm, home.in_ocid, tenancy.name, "rekey")
        pod = f"system:serviceaccount:default:{tenancy.name}"
        self._write("delegation_token", delegation)
        self._write("rpst", tokens.issue("resource_principal", function, tenancy.id, key, _DAY))
        self._write("service_account_token", tokens.issue("service_account", pod, tenancy.id, key, _DAY))
        common = f"tenancy={tenancy.id}\nregion={home.name}\n"
        user = f"user={tenancy.user_id}\nfingerprint={self.api_key.id}\n"
        self._write(
            "config",
            f"[DEFAULT]\n{user}key_file={self._api_file}\n{common}\n"
            f"[ENCRYPTED]\n{user}key_file={self._encrypted_file}\npass_phrase={PASS_PHRASE}\n{common}\n"
            f"[NO_PASS_PHRASE]\n{user}key_file={self._encrypted_file}\n{common}\n"
            f"[SESSION]\nfingerprint={fingerprint(key)}\nkey_file={self._session_file}\n"
            f"security_token_file={session}\n{common}\n"
            f"[OBO]\nauthentication_type=instance_obo_user\ndelegation_token_file={self.folder / 'delegation_token'}\n"
            f"{common}",
        )
        self._region = home.name

    def environments(self, proxy_url: str, metadata_url: str) -> dict[str, dict[str, str]]:
        """The variables that a process needs, by kind of principal."""
        network = {
            "HTTPS_PROXY": proxy_url,
            "https_proxy": proxy_url,
            "NO_PROXY": "",
            "no_proxy": "",
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
        }
        config = {
            "OCI_CONFIG_FILE": str(self.folder / "config"),
            "OCI_CLI_CONFIG_FILE": str(self.folder / "config"),
        }
        instance = {"OCI_METADATA_BASE_URL": metadata_url}
        special: dict[str, dict[str, str]] = {
            "api_key": config | {"OCI_CONFIG_PROFILE": "DEFAULT", "OCI_CLI_PROFILE": "DEFAULT"},
            "security_token": config | {"OCI_CONFIG_PROFILE": "SESSION", "OCI_CLI_PROFILE": "SESSION"},
            "instance_principal": instance,
            "instance_obo_user": instance
            | config
            | {
                "OCI_CONFIG_PROFILE": "OBO",
                "OCI_CLI_PROFILE": "OBO",
                "OCI_DELEGATION_TOKEN_FILE": str(self.folder / "delegation_token"),
                "OCI_CLI_DELEGATION_TOKEN_FILE": str(self.folder / "delegation_token"),
            },
            "resource_principal": {
                "OCI_RESOURCE_PRINCIPAL_VERSION": "2.2",
                "OCI_RESOURCE_PRINCIPAL_RPST": str(self.folder / "rpst"),
                "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM": str(self._session_file),
                "OCI_RESOURCE_PRINCIPAL_REGION": self._region,
            },
            "oke_workload_identity": {
                "KUBERNETES_SERVICE_HOST": PROXYMUX,
                "OCI_KUBERNETES_SERVICE_ACCOUNT_CERT_PATH": str(self.ca_file),
                "OCI_RESOURCE_PRINCIPAL_VERSION": "2.2",
                "OCI_RESOURCE_PRINCIPAL_REGION": self._region,
            },
        }
        return {
            name: network | {"OCI_ANSIBLE_AUTH_TYPE": name, "OCI_CLI_AUTH": name} | variables
            for name, variables in special.items()
        }
