# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""axe-core, which looks for what keeps people from using a page: fetched by npm into the cache, never committed."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from integration.support.browser import Browser

VERSION = "4.14.1"
FOLDER = Path(__file__).parents[3] / ".cache" / "npm" / f"axe-core-{VERSION}"
_SCRIPT = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
# Rules of WCAG 2.2 AA, and what axe-core calls best practice.
_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_RUN = """
new Promise(function (done, failed) {
  axe.run(document, {runOnly: {type: "tag", values: TAGS}, resultTypes: ["violations"]}).then(function (found) {
    done(found.violations.map(function (one) {
      return one.id + ": " + one.nodes.slice(0, 3).map(function (node) {
        return node.target.join(" ") + " " + (node.any[0] || node.all[0] || node.none[0] || {}).message;
      }).join(" | ");
    }));
  }, failed);
})
""".replace("TAGS", json.dumps(_TAGS))


@functools.cache
def missing() -> str | None:
    """Why there is no axe-core here; None if there is."""
    if _SCRIPT.is_file():
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "axe-core is fetched by npm, which this machine does not have"
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", f"--prefix={FOLDER}"]
    try:
        ran = subprocess.run(
            [*command, f"axe-core@{VERSION}"], capture_output=True, text=True, check=False, timeout=120
        )
    except subprocess.TimeoutExpired:
        return "axe-core could not be fetched by npm within two minutes"
    return None if ran.returncode == 0 and _SCRIPT.is_file() else f"npm could not fetch axe-core: {ran.stderr[:200]}"


def violations(page: Browser) -> list[str]:
    """What axe-core has to say against the open page."""
    page.evaluate(_SCRIPT.read_text(encoding="utf-8") + "; true")
    found: Any = page.evaluate(_RUN)
    return list(found)
