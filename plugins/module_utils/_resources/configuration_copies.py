# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What instance configurations hand on, and their copies (oci_semantics.md section 1.11).

Copies have a tag with the OCID of the configuration that the first of them was made of. These are a family: they differ
in nothing but keys, names and tags. A tag may have come along with something else, so details are compared, too.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from .._api.client import Response, Service
from .._api.pagination import collected, complete_rows, every_page
from .._common.errors import ApiError, ResourceError, ServiceError, explain
from .._common.timestamps import rfc3339
from .._model.instance_details import Details, KeyPlace, UnknownDetailsError, key_places, missing_sources, with_key
from .._model.resource import DesiredState
from .base import PAGE_SIZE
from .unlisted_reader import UnlistedReader

COPY_TAG = "oci_keys_copy_of"
"""The free-form tag of copies; its value is the OCID of what the first of them was made of."""

_SUFFIX = re.compile(r" \((?:key …\w{1,6}|Oracle-managed key)\)$")
_LONGEST_NAME = 255
_TOKENS = 3
# What OCI itself tags new resources with.
_TAGGED_BY_OCI = frozenset({"Oracle-Tags", "orcl-cloud"})


class Configuration(NamedTuple):
    """A configuration by GET. ``places`` are where it hands on keys, ``unknown`` is why that is not known."""

    id: str
    display_name: str
    compartment_id: str
    details: Details
    places: tuple[KeyPlace, ...]
    unknown: str | None
    freeform_tags: Mapping[str, str]
    defined_tags: Mapping[str, Mapping[str, Any]]
    time_created: str | None

    @property
    def root(self) -> str:
        """The OCID by which its family knows each other."""
        return self.freeform_tags.get(COPY_TAG) or self.id

    @property
    def is_copy(self) -> bool:
        return self.root != self.id

    def is_on(self, kms_key_id: str | None) -> bool:
        """Whether all volumes that it creates get this key."""
        return self.unknown is None and all(place.kms_key_id == kms_key_id for place in self.places)

    def key_beside(self, kms_key_id: str | None) -> str | None:
        """The key that is shown of it: of several the first that is not this one, of one that one."""
        keys = list(dict.fromkeys(place.kms_key_id for place in self.places))
        return next((key for key in keys if key != kms_key_id), kms_key_id if keys else None)

    def is_like(self, other: Configuration) -> bool:
        """Whether they differ in nothing but keys."""
        return bool(_bare(self.details) == _bare(other.details))


def read_configuration(service: Service, configuration_id: str) -> Configuration:
    """GetInstanceConfiguration. Raises ApiError."""
    return _configuration(service.read("get_instance_configuration", configuration_id).data)


def _configuration(record: Any) -> Configuration:
    details = record.instance_details or {}
    try:
        places, unknown = key_places(details), "; ".join(missing_sources(details)) or None
    except UnknownDetailsError as error:
        places, unknown = (), str(error)
    return Configuration(
        id=record.id,
        display_name=record.display_name or "",
        compartment_id=record.compartment_id,
        details=details,
        places=places,
        unknown=unknown,
        freeform_tags=record.freeform_tags or {},
        defined_tags=record.defined_tags or {},
        time_created=rfc3339(record.time_created) if record.time_created else None,
    )


def make_copy(service: Service, of: Configuration, kms_key_id: str | None) -> Response:
    """CreateInstanceConfiguration, and GetInstanceConfiguration of the copy, which has to be what was asked for.

    The retry token makes one copy of what is asked for twice. Where what it led to was renamed or lost its tag since,
    nobody finds that by its tag, so another token is used. Raises ApiError.
    """
    body = {
        "compartmentId": of.compartment_id,
        "displayName": copy_name(of.display_name, kms_key_id),
        "freeformTags": {**of.freeform_tags, COPY_TAG: of.root},
        "definedTags": {name: dict(tags) for name, tags in of.defined_tags.items() if name not in _TAGGED_BY_OCI},
        "source": "NONE",
        "instanceDetails": _given(with_key(of.details, kms_key_id)),
    }
    token = _token(of.root, kms_key_id, json.dumps(body, sort_keys=True))
    for _attempt in range(_TOKENS):
        response = _create(service, body, token)
        made = _configuration(response.data)
        differs = _contents_differ(made, of, kms_key_id)
        if differs is not None:
            raise _copy_differs(made.id, f"has {differs}", body)
        if not _is_renamed(made, body):
            return replace(response, data=_read_made(service, made.id, of, body, kms_key_id))
        token = _token(token, made.id)
    raise _copy_differs("that it answered with", "has another name or other tags", body)


def _read_made(service: Service, copy_id: str, of: Configuration, body: dict[str, Any], kms_key_id: str | None) -> Any:
    """The record of a new copy by GET, since what answers to Create may be the record of something else."""
    try:
        record = service.read("get_instance_configuration", copy_id).data
    except ApiError as error:
        raise _copy_differs(copy_id, f"could not be read: {explain(error).message}", body) from error
    made = _configuration(record)
    differs = _contents_differ(made, of, kms_key_id)
    if differs is None and _is_renamed(made, body):
        differs = "another name or other tags"
    if differs is not None:
        raise _copy_differs(copy_id, f"has {differs}", body)
    return record


def _token(*parts: str | None) -> str:
    return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()


def _create(service: Service, body: dict[str, Any], token: str) -> Response:
    try:
        return service.write("create_instance_configuration", body, opc_retry_token=token)
    except ServiceError as error:
        if error.code != "InvalidatedRetryToken":
            raise
        # What it had led to was deleted since.
        return service.write("create_instance_configuration", body)


def _contents_differ(made: Configuration, of: Configuration, kms_key_id: str | None) -> str | None:
    """What a copy has that was not asked for."""
    if made.id == of.id:
        return "the OCID of the configuration that was to be copied"
    if made.compartment_id != of.compartment_id:
        return "another compartment"
    if not made.is_on(kms_key_id):
        return "another key in one place or more"
    return None if made.is_like(of) else "other details than its keys"


def _is_renamed(made: Configuration, body: Mapping[str, Any]) -> bool:
    """Whether a copy lacks the name or a tag that was asked for. OCI adds defined tags of its own, by tag defaults."""
    defined = {name: {**made.defined_tags.get(name, {}), **tags} for name, tags in body["definedTags"].items()}
    return (
        made.display_name != body["displayName"]
        or made.freeform_tags != {**made.freeform_tags, **body["freeformTags"]}
        or made.defined_tags != {**made.defined_tags, **defined}
    )


def _copy_differs(copy_id: str, problem: str, body: Mapping[str, Any]) -> ServiceError:
    return ServiceError(
        f"The new instance configuration {copy_id} {problem}, so nothing was pointed to it. Look for "
        f'"{body["displayName"]}" in its compartment, and run the task again: a copy that is right is used then',
        operation="CreateInstanceConfiguration",
        status=400,
        code="CopyDiffers",
    )


def copy_name(display_name: str, kms_key_id: str | None) -> str:
    """The name of a copy: "web (key …x7q2ab)"."""
    suffix = " (Oracle-managed key)" if kms_key_id is None else f" (key …{kms_key_id[-6:]})"
    return _SUFFIX.sub("", display_name)[: _LONGEST_NAME - len(suffix)] + suffix


def _given(value: Any) -> Any:
    """Without members that are null, which are those that nobody gave."""
    if isinstance(value, dict):
        return {name: _given(item) for name, item in value.items() if item is not None}
    return [_given(item) for item in value] if isinstance(value, list) else value


def _bare(details: Details) -> Any:
    """Details without keys, and without what is empty, which the service may write in several ways."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            found = {name: bare(item) for name, item in value.items()}
            return {name: item for name, item in found.items() if item not in (None, [], {}, "")}
        return [bare(item) for item in value] if isinstance(value, list) else value

    return bare(with_key(details, None))


class Catalog:
    """The instance configurations of a region, for all readers and changes of one call, from several threads.

    Each is read once, since its details can't change, and each compartment is listed once: pools that share a
    compartment, or a configuration, share these calls. Copies that are made meanwhile are added. What fails is tried
    again. Methods raise ApiError.
    """

    def __init__(self) -> None:
        self._known: dict[str, Configuration] = {}
        self._tagged: dict[str, list[tuple[str, str]]] = {}
        self._made: dict[str, list[str]] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def _turn(self, about: str) -> threading.Lock:
        with self._lock:
            return self._turns.setdefault(about, threading.Lock())

    def read(self, service: Service, configuration_id: str) -> Configuration:
        """GetInstanceConfiguration."""
        with self._turn(configuration_id):
            if configuration_id not in self._known:
                self._known[configuration_id] = read_configuration(service, configuration_id)
            return self._known[configuration_id]

    def find_copy(self, service: Service, of: Configuration, kms_key_id: str | None) -> Configuration | None:
        """A configuration of the same family with this key, the oldest first; None if there is none."""
        family = sorted(self._family(service, of), key=lambda each: each.time_created or "")
        return next((each for each in family if each.is_on(kms_key_id)), None)

    def copy(self, service: Service, of: Configuration, kms_key_id: str | None) -> Response:
        """The same, or else a new copy; ``data`` has its OCID.

        One family has one turn, so that two pools of it do not get a copy each.
        """
        with self._turn(f"copy of {of.root}"):
            found = self.find_copy(service, of, kms_key_id)
            if found is not None:
                return Response(data=found)
            response = make_copy(service, of, kms_key_id)
            made = _configuration(response.data)
            with self._lock:
                self._known[made.id] = made
                self._made.setdefault(of.root, []).append(made.id)
            return response

    def _family(self, service: Service, of: Configuration) -> Iterator[Configuration]:
        for configuration_id in self._family_ids(service, of):
            try:
                found = self.read(service, configuration_id)
            except ServiceError as error:
                if error.is_not_found:  # it was deleted
                    continue
                raise
            if found.root == of.root and found.unknown is None and found.is_like(of):
                yield found

    def _family_ids(self, service: Service, of: Configuration) -> list[str]:
        ids = [of.root] if of.is_copy else []
        ids += [each for each, root in self._list(service, of.compartment_id) if root == of.root]
        ids += self._made.get(of.root, [])
        return [each for each in dict.fromkeys(ids) if each != of.id]

    def _list(self, service: Service, compartment_id: str) -> list[tuple[str, str]]:
        """ListInstanceConfigurations: the copies of a compartment, each with its tag."""
        with self._turn(f"list of {compartment_id}"):
            if compartment_id not in self._tagged:
                ask = partial(service.read, "list_instance_configurations", compartment_id, limit=PAGE_SIZE)
                self._tagged[compartment_id] = _copies_in(ask)
            return self._tagged[compartment_id]


def _copies_in(ask: Callable[..., Response]) -> list[tuple[str, str]]:
    what = "instance configurations"
    rows = collected(
        lambda pages: [row for page in pages for row in complete_rows(page, what)], lambda: every_page(ask, what)
    )
    return [(row.id, row.freeform_tags[COPY_TAG]) for row in rows if COPY_TAG in (row.freeform_tags or {})]


_CATALOGS: weakref.WeakKeyDictionary[Service, Catalog] = weakref.WeakKeyDictionary()
_CATALOGS_LOCK = threading.Lock()


def catalog_of(service: Service) -> Catalog:
    """The catalog of a region, by its service, which a connection has once: it lasts as long as that."""
    with _CATALOGS_LOCK:
        return _CATALOGS.setdefault(service, Catalog())


def unknown_error(configuration: Configuration) -> ResourceError:
    """That nobody can say which keys a configuration hands on."""
    return ResourceError(
        code="UnknownConfiguration",
        message=f"The instance configuration {configuration.display_name or configuration.id} {configuration.unknown}, "
        "so the keys that it hands on are unknown.",
        hint="Make a configuration with the key in the console, and point the pool to it there.",
    )


def volumes_of(configuration: Configuration | None) -> list[dict[str, Any]] | None:
    """The volumes that instances are born with, as a result shows them."""
    if configuration is None or configuration.unknown is not None:
        return None
    return [
        {"place": place.name, "type": place.resource_type, "kms_key_id": place.kms_key_id}
        for place in configuration.places
    ]


def encryption_of(configuration: Configuration | None, kms_key_id: str | None) -> str | None:
    """Whose key new volumes get: customer, oracle or unknown. None where no volume is created."""
    if configuration is not None and configuration.unknown is not None:
        return "unknown"
    if configuration is not None and not configuration.places:
        return None
    return "customer" if kms_key_id else "oracle"


class FamilyReader(UnlistedReader):
    """Reads each by GET, and looks in the family of its configuration for what the desired key needs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._desired = DesiredState(None)

    def prepare(self, desired: DesiredState) -> None:
        self._desired = desired
