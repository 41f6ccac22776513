# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this doc fragment is private to the collection. Breaking changes can occur at any time.

from __future__ import annotations


class ModuleDocFragment:
    """The option about progress."""

    DOCUMENTATION = r"""
options:
  progress_file:
    description:
      - A file to which a line is appended about every two seconds, for C(tail -f). It says which region and which kind
        of resource is being worked on, how many are done and have failed, and about how long the rest will take.
      - On a local connection, these lines are shown while the task runs, with or without this option. They are not
        shown with C(async) and C(no_log).
      - A task that takes less than two seconds writes none.
      - Only its owner can read the file. A file that holds anything else is refused.
    type: path
"""
