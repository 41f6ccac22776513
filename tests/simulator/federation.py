# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where session tokens come from: the federation endpoint and a cluster's token service (oci_semantics.md section 5).

Modelled on what the SDK sends (oci/auth/federation_client.py, oke_workload_identity_resource_principal_signer.py).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .ocids import ocid
from .principals import Principal, Tokens
from .signatures import refuse, verify
from .state import CloudState
from .wire import ApiError, Reply, encode

FEDERATION_PATH = "/v1/x509"
PROXYMUX_PATH = "/resourcePrincipalSessionTokens"


class Instance:
    """The compute instance whose metadata service hands out certificates; made when first asked for."""

    def __init__(self, cloud: CloudState) -> None:
        home = next(site for site in cloud.sites.values() if site.home)
        self.region = home.region
        self.tenancy = cloud.tenancy.id
        self.id = ocid("instance", cloud.tenancy.realm, home.region.in_ocid, cloud.tenancy.name, "controller")
        self._files: dict[str, bytes] = {}
        self._principal: Principal | None = None
        self._key_id = ""

    def file(self, name: str) -> bytes:
        """cert.pem, key.pem or intermediate.pem."""
        if not self._files:
            self._make()
        return self._files[name]

    def _make(self) -> None:
        authority = trustme.CA(organization_unit_name="Instance identity")
        leaf = authority.issue_cert(
            common_name="instance.simulator.internal",
            organization_unit_name=f"opc-tenant:{self.tenancy}",
            key_type=trustme.KeyType.RSA,
        )
        certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
        key = certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        digest = certificate.fingerprint(hashes.SHA1())
        self._key_id = f"{self.tenancy}/fed-x509/{':'.join(f'{byte:02X}' for byte in digest)}"
        self._principal = Principal("instance_principal", self.id, key)
        self._files = {
            "cert.pem": leaf.cert_chain_pems[0].bytes(),
            "key.pem": leaf.private_key_pem.bytes(),
            "intermediate.pem": authority.cert_pem.bytes(),
        }

    def lookup(self, key_id: str) -> Principal | None:
        return self._principal if self._key_id and key_id == self._key_id else None


def federate(instance: Instance, tokens: Tokens, raw_path: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """POST /v1/x509: a token for the session key, against the instance's certificate."""
    caller = verify("POST", raw_path, headers, body, instance.lookup, host_signed=False)
    return _token(instance, tokens, caller.type, caller.id, body)


def federate_elsewhere(instance: Instance, tokens: Tokens, body: bytes) -> Reply:
    """The same by whoever plays the federation service's part: it asks no signature."""
    return _token(instance, tokens, "instance_principal", instance.id, body)


def _token(instance: Instance, tokens: Tokens, kind: str, ident: str, body: bytes) -> Reply:
    return Reply(200, encode({"token": tokens.issue(kind, ident, instance.tenancy, _public_key(body, "publicKey"))}))


def proxymux(cloud: CloudState, tokens: Tokens, headers: Mapping[str, str], body: bytes) -> Reply:
    """POST /resourcePrincipalSessionTokens: a token for a pod's key, against its service account's token."""
    scheme, _space, bearer = headers.get("authorization", "").partition(" ")
    claims = tokens.claims(bearer) if scheme == "Bearer" else None
    if claims is None or claims["ptype"] != "service_account":
        raise refuse("the service account's token is not known")
    key = _public_key(body, "podKey")
    token = tokens.issue("oke_workload_identity", claims["sub"], cloud.tenancy.id, key)
    return Reply(200, base64.b64encode(encode({"token": f"ST${token}"})))


def _public_key(body: bytes, field: str) -> rsa.RSAPublicKey:
    try:
        key = load_der_public_key(base64.b64decode(json.loads(body)[field]))
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise ApiError(400, "InvalidParameter", f"{field} is not a public key.") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise ApiError(400, "InvalidParameter", f"{field} is not an RSA key.")
    return key
