# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options of backup_copy to the desired copy, and whether the tenancy has its region."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._api.client import Connection
from .._changes.request import Target
from .._common.errors import ApiError, InputError
from .._common.values import is_blank
from .._discovery.compartment_names import find_compartment
from .._discovery.identity import IdentityReader
from .._discovery.tenancy import Tenancy
from .._documents.latest_link import point_latest_to
from .._model.names import is_name
from .._model.ocid import expect_type, parse
from .._model.resource import CopyTo, DesiredState
from .run_folder import create_run_folder


def desired_copy(options: Mapping[str, Any]) -> DesiredState:
    """The desired copy; without a key, its key does not matter. Pure: names stay names. Raises InputError."""
    if is_blank(options["destination_region"]):
        raise InputError("'destination_region' is empty. Name the region of the copies, such as 'us-phoenix-1'.")
    kms_key_id = None if is_blank(options["kms_key_id"]) else str(options["kms_key_id"]).strip()
    if kms_key_id is not None and not is_name(kms_key_id):
        expect_type(parse(kms_key_id), "key")
    compartments = [str(value).strip() for value in options["copy_compartment_ids"] or () if not is_blank(value)]
    for compartment in compartments:
        if not is_name(compartment):
            expect_type(parse(compartment), "compartment", "tenancy")
    display_name = None if is_blank(options["display_name"]) else str(options["display_name"])
    if display_name is not None and len(display_name) > _LONGEST_NAME:
        raise InputError(f"'display_name' has {len(display_name)} characters, but OCI allows at most {_LONGEST_NAME}.")
    return DesiredState(
        kms_key_id,
        copy_to=CopyTo(
            str(options["destination_region"]).strip(),
            display_name,
            tuple(compartments),
        ),
    )


# The limit of the API for display names (models of the SDK).
_LONGEST_NAME = 255
_DESTINATION_IS = "'destination_region' is"


def destination(connection: Connection, desired: DesiredState) -> list[str]:
    """The long name of the region that a key for copies is used in. Raises InputError for an unknown one."""
    return [] if desired.copy_to is None else [connection.regions.expect(desired.copy_to.region, _DESTINATION_IS)]


def with_destination(connection: Connection, desired: DesiredState, sources: Sequence[Target]) -> DesiredState:
    """The same with the destination's long name. Raises InputError if the sources can't be copied there."""
    if desired.copy_to is None or not sources:
        return desired
    region = connection.regions.expect(desired.copy_to.region, _DESTINATION_IS)
    for source in sources:
        if source.region == region:
            raise InputError(
                f"{source.id} is in 'destination_region' {region} itself, but a copy must be in another region. Remove "
                "it from the list, or name another region."
            )
        own, other = connection.regions.realms[source.region], connection.regions.realms[region]
        if own != other:
            raise InputError(
                f"'destination_region' {region} is in realm {other}, but {source.id} is in realm {own}. OCI does not "
                "copy backups to another realm."
            )
    _expect_ready(connection, region)
    compartments = _compartments(connection, desired.copy_to.compartment_ids)
    return replace(desired, copy_to=replace(desired.copy_to, region=region, compartment_ids=compartments))


def _compartments(connection: Connection, given: Sequence[str]) -> tuple[str, ...]:
    """The compartments, with OCIDs in place of names."""
    tenancy = Tenancy(connection) if any(map(is_name, given)) else None
    return tuple(
        find_compartment(tenancy, each, "'copy_compartment_ids'") if tenancy is not None and is_name(each) else each
        for each in given
    )


def _expect_ready(connection: Connection, region: str) -> None:
    """ListRegionSubscriptions."""
    try:
        subscriptions = {found.name: found for found in IdentityReader(connection, [region]).subscriptions()}
    except ApiError as error:
        raise InputError(
            f"The region subscriptions of the tenancy could not be read, so {region} could not be validated: {error}. "
            "Nothing was copied. Check that this is in force: Allow group <your group> to inspect tenancies in tenancy"
        ) from error
    found = subscriptions.get(region)
    if found is None:
        ready = ", ".join(sorted(name for name, each in subscriptions.items() if each.is_ready))
        raise InputError(
            f"The tenancy is not subscribed to 'destination_region' {region} (subscribed: {ready}). An administrator "
            "can subscribe it in the console, under Region management."
        )
    if not found.is_ready:
        raise InputError(
            f"The tenancy's subscription to 'destination_region' {region} is {found.status}. Run the task again when "
            "it is READY."
        )


def create_folder_of_copies(options: Mapping[str, Any]) -> None:
    """Create the folder of the run that ``result_file`` is in, if that is asked for. Raises InputError."""
    if options["create_folder"] and not is_blank(options["result_file"]):
        create_run_folder("result_file", options["result_file"], "copy_backups_report_dir")


def point_latest_to_copies(options: Mapping[str, Any]) -> None:
    """The run is complete without the link, so nothing is said if it can't be made."""
    if options["create_folder"] and not is_blank(options["result_file"]):
        point_latest_to(Path(os.path.expanduser(str(options["result_file"]))).parent)
