# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real browser without a window, driven over a pipe by the DevTools protocol. It needs chromium on the machine."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1300,900",
    "--remote-debugging-pipe",
)
_SECONDS = 60.0

# It reads from descriptor 3 and writes to 4.
_LAUNCH = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def find_browser() -> str | None:
    """The path of a browser of this machine, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page. ``blocked`` are addresses that it was kept from asking, ``complaints`` what went to its console."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self._asked: dict[str, str] = {}
        self.blocked: list[str] = []
        self.complaints: list[str] = []

    def attach(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        number = self._number
        answer = self._wait(lambda one: one.get("id") == number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return dict(answer["result"])

    def open(self, path: Path, *, javascript: bool = True, fragment: str = "") -> None:
        self.call("Emulation.setScriptExecutionDisabled", value=not javascript)
        self._asked.clear()
        self.blocked.clear()
        self.complaints.clear()
        # Another fragment of the page that is open would load nothing.
        self.call("Page.navigate", url="about:blank")
        self._wait(lambda one: one.get("method") == "Page.loadEventFired")
        self._asked.clear()
        self.call("Page.navigate", url=f"{path.as_uri()}{fragment}")
        self._wait(lambda one: one.get("method") == "Page.loadEventFired")

    def media(self, kind: str = "", scheme: str = "light") -> None:
        self.call(
            "Emulation.setEmulatedMedia", media=kind, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    @property
    def requests(self) -> list[str]:
        """The addresses that it asked for."""
        return list(self._asked.values())

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript, which runs even where the page's own does not."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def size(self, width: int, height: int = 900) -> None:
        """The window; a phone's has no room for scroll bars."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )

    def press(self, key: str, code: int) -> None:
        for kind in ("keyDown", "keyUp"):
            text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path | None = None, **clip: float) -> bytes:
        more = {"clip": {**clip, "scale": 1}, "captureBeyondViewport": True} if clip else {}
        content = base64.b64decode(self.call("Page.captureScreenshot", **more)["data"])
        if path is not None:
            path.write_bytes(content)
        return content

    def _wait(self, wanted: Any) -> dict[str, Any]:
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            while b"\0" in self._buffer:
                raw, self._buffer = self._buffer.split(b"\0", 1)
                message = dict(json.loads(raw))
                self._note(message)
                if wanted(message):
                    return message
            ready, _writable, _broken = select.select([self._read], [], [], end - time.monotonic())
            chunk = os.read(self._read, 1 << 20) if ready else None
            if chunk is None:
                break
            if not chunk:
                raise RuntimeError("The browser has ended")
            self._buffer += chunk
        raise TimeoutError("The browser does not answer")

    def _note(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self._asked[parameters["requestId"]] = parameters["request"]["url"]
        if message.get("method") == "Network.loadingFailed" and parameters.get("blockedReason"):
            self.blocked.append(self._asked.pop(parameters["requestId"]))
        if message.get("method") == "Log.entryAdded":
            self.complaints.append(parameters["entry"]["text"])
        if message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))


@contextlib.contextmanager
def browser(command: str, folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own in ``folder``, ended with the block."""
    for_browser, to_browser = os.pipe()
    from_browser, for_us = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", _LAUNCH, str(for_browser), str(for_us), command, *FLAGS, f"--user-data-dir={folder}"],
        pass_fds=(for_browser, for_us),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(for_browser)
    os.close(for_us)
    try:
        page = Browser(from_browser, to_browser)
        page.attach()
        yield page
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(to_browser)
        os.close(from_browser)
