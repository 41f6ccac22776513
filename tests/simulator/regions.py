# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The regions and realms OCI has, as the SDK 2.189 lists them (oci_semantics.md section 7).

Kept apart from the SDK on purpose: the simulator judges the SDK's requests and must not share its code.
"""

from __future__ import annotations

from dataclasses import dataclass

_TABLE = """
oc1 oraclecloud.com af-casablanca-1:lej af-johannesburg-1:jnb ap-batam-1:hsg ap-chuncheon-1:yny ap-delhi-1:onm
    ap-hyderabad-1:hyd ap-kulai-2:jbp ap-melbourne-1:mel ap-mumbai-1:bom ap-osaka-1:kix ap-seoul-1:icn
    ap-singapore-1:sin ap-singapore-2:xsp ap-sydney-1:syd ap-tokyo-1:nrt ca-montreal-1:yul ca-toronto-1:yyz
    eu-amsterdam-1:ams eu-frankfurt-1:fra eu-madrid-1:mad eu-madrid-3:orf eu-marseille-1:mrs eu-milan-1:lin
    eu-paris-1:cdg eu-stockholm-1:arn eu-turin-1:nrq eu-zurich-1:zrh il-jerusalem-1:mtz me-abudhabi-1:auh
    me-dubai-1:dxb me-jeddah-1:jed me-riyadh-1:ruh mx-monterrey-1:mty mx-queretaro-1:qro sa-bogota-1:bog
    sa-santiago-1:scl sa-saopaulo-1:gru sa-valparaiso-1:vap sa-vinhedo-1:vcp uk-cardiff-1:cwl uk-london-1:lhr
    us-ashburn-1:iad us-chicago-1:ord us-phoenix-1:phx us-saltlake-2:aga us-sanjose-1:sjc
oc2 oraclegovcloud.com us-langley-1:lfi us-luke-1:luf
oc3 oraclegovcloud.com us-gov-ashburn-1:ric us-gov-chicago-1:pia us-gov-phoenix-1:tus
oc4 oraclegovcloud.uk uk-gov-cardiff-1:brs uk-gov-london-1:ltn
oc8 oraclecloud8.com ap-chiyoda-1:nja ap-ibaraki-1:ukb
oc9 oraclecloud9.com me-dcc-muscat-1:mct me-ibri-1:ibr
oc10 oraclecloud10.com ap-dcc-canberra-1:wga
oc14 oraclecloud14.com eu-dcc-dublin-1:ork eu-dcc-dublin-2:snn eu-dcc-milan-1:bgy eu-dcc-milan-2:mxp
    eu-dcc-rating-1:dus eu-dcc-rating-2:dtm
oc15 oraclecloud15.com ap-dcc-gazipur-1:dac
oc19 oraclecloud.eu eu-frankfurt-2:str eu-madrid-2:vll
oc20 oraclecloud20.com eu-jovanovac-1:beg
oc21 oraclecloud21.com me-alrayyan-1:vve me-dcc-doha-1:doh
oc23 oraclecloud23.com us-somerset-1:ebb us-thames-1:ebl
oc24 oraclecloud24.com eu-crissier-1:avf eu-dcc-zurich-1:avz
oc26 oraclecloud26.com me-abudhabi-3:ahu me-alain-1:rba
oc29 oraclecloud29.com me-abudhabi-2:rkt me-abudhabi-4:shj
oc35 oraclecloud35.com ap-chuncheon-2:bno ap-seoul-2:dtz ap-suwon-1:dln
oc42 oraclecloud42.com us-ashburn-2:yxj us-newark-1:pgc
oc51 oraclecloud51.com eu-budapest-1:jsk
oc52 oraclecloud52.com sa-riodejaneiro-1:hnw
"""

#: Only these two write their short code into OCIDs; from Frankfurt on it is the long name (section 7).
_SHORT_IN_OCIDS = frozenset({"us-phoenix-1", "us-ashburn-1"})

#: Regions with three availability domains; all others have one.
_THREE_DOMAINS = frozenset({"us-phoenix-1", "us-ashburn-1", "eu-frankfurt-1", "uk-london-1"})


@dataclass(frozen=True, slots=True)
class Region:
    """A region as its host names, OCIDs and availability domains spell it."""

    name: str
    key: str
    realm: str
    domain: str

    @property
    def in_ocid(self) -> str:
        return self.key.lower() if self.name in _SHORT_IN_OCIDS else self.name

    @property
    def usual_domains(self) -> int:
        return 3 if self.name in _THREE_DOMAINS else 1

    def availability_domain(self, prefix: str, number: int) -> str:
        label = self.key if self.name in _SHORT_IN_OCIDS else self.name.upper()
        return f"{prefix}:{label}-AD-{number}"


def _parse(table: str) -> tuple[dict[str, Region], dict[str, str]]:
    regions: dict[str, Region] = {}
    realms: dict[str, str] = {}
    realm = ""
    for word in table.split():
        if ":" in word:
            name, key = word.split(":")
            regions[name] = Region(name, key.upper(), realm, realms[realm])
        elif "." in word:
            realms[realm] = word
        else:
            realm = word
    return regions, realms


REGIONS, REALMS = _parse(_TABLE)
