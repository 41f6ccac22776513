# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compartments by their names from the root down: ``prod/databases``.

One ListCompartments of the whole tree serves all names, and the discovery after it. A caller who may not list the tree
takes one ListCompartments for each compartment on the way.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._common.errors import InputError, ResourceError
from .._common.text import quote
from .._model.names import candidates, guess
from .tenancy import Compartment, Tenancy


def find_compartment(tenancy: Tenancy, path: str, option: str) -> str:
    """The OCID of the compartment of this path. ``option`` is where it was given, for messages.

    Raises InputError if there is none, or if the compartments can't be listed. The root has no path: it is named by the
    OCID of the tenancy.
    """
    names = path.strip().split("/")
    if not all(name.strip() for name in names):
        raise InputError(
            f"{option}: {quote(path)} has an empty name in it. Give the names of compartments from the root down, such "
            "as 'prod/databases'; for the whole tenancy, give its OCID"
        )
    here = Compartment(tenancy.id, None, "ACTIVE")
    for depth, name in enumerate(names):
        children, fault = tenancy.children(here)
        matching = [child for child in children if child.name == name and child.may_hold_resources]
        if len(matching) > 1:
            raise InputError(
                f"{option}: {quote(path)} is the name of {len(matching)} compartments: "
                f"{candidates([f'{child.id} ({child.lifecycle_state})' for child in matching])}. Give the OCID of one"
            )
        if not matching and fault is not None:
            raise InputError(f"{option}: {quote(path)} can't be looked up: {_problem(fault)}")
        if not matching:
            raise InputError(_unknown(tenancy, path, names[: depth + 1], children, option))
        here = matching[0]
    return here.id


def _unknown(tenancy: Tenancy, path: str, names: Sequence[str], children: Sequence[Compartment], option: str) -> str:
    *above, name = names
    where = f"no compartment {quote(name)} in {quote('/'.join(above))}" if above else f"no compartment {quote(name)}"
    beside = ["/".join([*above, child.name]) for child in children if child.name]
    deeper = ["/".join(each.path) for each in tenancy.known_below_root() if each.name == names[-1]]
    meant = guess("/".join(names), beside) or (
        f" (did you mean {candidates([quote(each) for each in deeper])}?)" if deeper else ""
    )
    listed = "" if meant or not beside else f" There are: {candidates(sorted(beside))}."
    root = "" if above else " below the root"
    return (
        f"{option}: the caller sees {where}{root}{meant}.{listed} Give the names from the root down, such as "
        "'prod/databases', or the OCID"
    )


def _problem(error: ResourceError) -> str:
    return f"{error.message} {error.hint or ''}".strip()
