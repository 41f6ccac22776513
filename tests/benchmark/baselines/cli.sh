#!/bin/sh
# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Oracle's command line in a loop: cli.sh KEY VOLUME... It waits for nothing but the answer to each change.

set -eu
key=$1
shift
for volume in "$@"; do
    oci bv volume-kms-key update --volume-id "$volume" --kms-key-id "$key" >/dev/null
done
