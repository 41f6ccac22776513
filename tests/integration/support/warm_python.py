# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python that has started already: a module of a playbook, or ansible-playbook itself, is a fork of it, which saves
most of its processor time.

``interpreter()`` is for ``ansible_python_interpreter``, and ``controller()`` starts ansible's own programs. Either is a
small program that hands its arguments, environment, working directory and the files of stdin, stdout and stderr to a
server, which has imported what is needed: for modules all but what ansible-core and the collection ship with them, for
ansible's programs all but ansible itself, whose files read settings when they are imported. The server forks, and the
fork runs what Python would have run. The exit status comes back, SIGTERM, SIGINT and SIGHUP are handed on, and with the
small program ends what it started.

Whoever tests how processes end, or what is imported, uses ``sys.executable`` instead. So do ``make soak`` and
``make certify`` for all.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import importlib.machinery
import importlib.util
import os
import pickle
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

SOAK = bool(os.environ.get("SOAK"))
CACHE = Path(__file__).parents[3] / ".cache" / "warm" / sys.implementation.cache_tag
"""Compiled sources of modules, by their digest."""

POLL_SECONDS = 0.01
"""How often ansible-playbook looks whether a task has ended. Its own millisecond costs more than many a task."""

_IMPORTED = (
    "ansible.module_utils._internal._ansiballz._loader",  # from ansible-core 2.19 on
    "ansible.module_utils.basic",
    "ansible.module_utils.common.respawn",
    "concurrent.futures.thread",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.x509",
    "dateutil.parser",
    "http.client",
    "oci",
    "requests",
    "urllib3",
)

_PROGRAMS = (
    "ansible.cli.doc",
    "ansible.cli.inventory",
    "ansible.cli.playbook",
    "ansible.executor.process.worker",
    "ansible.plugins.action.normal",
    "ansible.plugins.callback.default",
    "ansible.plugins.connection.local",
    "ansible.plugins.strategy.linear",
)

# Started thousands of times, so it imports next to nothing.
_CLIENT = """\
#!{python} -IS
import os, signal, sys
import _socket

if sys.argv[1:] and sys.argv[1].startswith("-"):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
connection.connect({address!r})
mask = os.umask(0)
os.umask(mask)
environment = [name + b"=" + value for name, value in os.environb.items()]
parts = [b"%o" % mask, os.getcwdb(), b"%d" % len(environment), *environment, *map(os.fsencode, sys.argv[1:])]
text = b"\\0".join(parts)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda number, frame: connection.send(bytes([number])))
files = b"".join(number.to_bytes(4, sys.byteorder) for number in (0, 1, 2))
connection.sendmsg([len(text).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
while text:
    text = text[connection.send(text):]
answer = b""
while len(answer) < 2:
    more = connection.recv(2)
    if not more:
        sys.exit("the warm Python is not there any more")
    answer += more
if answer[0]:
    if answer[0] != signal.SIGKILL:
        signal.signal(answer[0], signal.SIG_DFL)
    os.kill(os.getpid(), answer[0])
os._exit(answer[1])
"""


@functools.cache
def interpreter() -> str:
    """The path of a program that runs Python scripts, for as long as this process is there."""
    return _start("modules")


def controller(program: str) -> list[str]:
    """What starts a program of ansible-core, such as ``ansible-playbook``, that is waited for.

    Its process is in no process group of the caller's, and does not bear the caller's environment in ``/proc``: whoever
    wants to stop it by these starts the program itself.
    """
    path = str(Path(sys.executable).parent / program)
    python = controller_python()
    return [path] if python == sys.executable else [python, path]


@functools.cache
def controller_python() -> str:
    """As ``interpreter()``, for ansible's own programs."""
    return _start("controller")


def _start(preparation: str) -> str:
    if SOAK or os.environ.get("COLD_PYTHON") or not hasattr(os, "pidfd_open"):
        return sys.executable
    folder = Path(tempfile.mkdtemp(prefix="w"))
    address = str(folder / "s")
    client = folder / "python3"
    client.write_text(_CLIENT.format(python=sys.executable, address=address))
    client.chmod(0o700)
    server = subprocess.Popen(
        [sys.executable, __file__, preparation, address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("OCI_")},
    )
    atexit.register(_stop, server, folder)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n", "the warm Python did not start"
    return str(client)


def _stop(server: subprocess.Popen[bytes], folder: Path) -> None:
    server.kill()
    server.wait()
    shutil.rmtree(folder, ignore_errors=True)


class _Path(list[str]):
    """Where parts of the package ``ansible`` are: what was imported already, then wherever Python looks, which for a
    module is its archive first.
    """

    def __iter__(self) -> Any:
        yield from super().__iter__()
        yield from [os.path.join(entry, "ansible") for entry in sys.path]


def _import_what_modules_import(folder: Path) -> None:
    """As a module finds it: there is no ansible but its module_utils, so that these do not take it for a controller."""
    import ansible

    package = folder / "ansible"
    package.mkdir(parents=True)
    (package / "module_utils").symlink_to(Path(str(ansible.__file__)).parent / "module_utils")
    lines = f'__version__ = "{importlib.import_module("ansible.release").__version__}"\n__author__ = "Ansible, Inc."\n'
    (package / "__init__.py").write_text(lines)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ansible"]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    for name in _IMPORTED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    sys.path.remove(str(folder))
    sys.modules["ansible"].__path__ = _Path(sys.modules["ansible"].__path__)


def _compile_once() -> None:
    """What comes out of an archive is compiled each time it is imported; here it is compiled once."""
    import _imp
    import hashlib
    import marshal
    import zipimport

    original = zipimport._compile_source  # type: ignore[attr-defined]

    def compile_source(path: str, source: bytes) -> Any:
        file = CACHE / hashlib.sha256(source).hexdigest()
        try:
            code = marshal.loads(file.read_bytes())
        except (OSError, EOFError, ValueError, TypeError):
            code = original(path, source)
            CACHE.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_name(f"{file.name}.{os.getpid()}")
            unfinished.write_bytes(marshal.dumps(code))
            unfinished.replace(file)
        else:
            _imp._fix_co_filename(code, path)  # type: ignore[attr-defined]
        return code

    zipimport._compile_source = compile_source  # type: ignore[attr-defined]


def _import_what_programs_import() -> None:
    """What ansible-core's programs need, but nothing of ansible itself: much of that reads settings when imported."""
    names, patterns = _as_a_child(_found_by_importing_programs)
    _remember_yaml()
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for pattern, flags in patterns:
        re.compile(pattern, flags)
    _read_code_once()


def _found_by_importing_programs() -> tuple[list[str], list[tuple[str, int]]]:
    """The modules that are not of ansible, and the regular expressions of all."""
    for name in _PROGRAMS:
        importlib.import_module(name)
    mine = {name.partition(".")[0] for name in sys.modules} - {"ansible", "ansible_collections", "__main__"}
    patterns = [key[1:] for key in re._cache if key[0] is str]  # type: ignore[attr-defined]
    return [name for name in sys.modules if name.partition(".")[0] in mine], patterns


def _as_a_child(function: Callable[[], Any]) -> Any:
    """What a function gives, without what it does to its process."""
    receiving, sending = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(receiving)
            with open(sending, "wb") as file:
                pickle.dump(function(), file)
            atexit._run_exitfuncs()
        finally:
            os._exit(0)
    os.close(sending)
    with open(receiving, "rb") as file:
        found = pickle.load(file)
    os.waitpid(pid, 0)
    return found


def _remember_yaml() -> None:
    """Ansible-core's own lists of settings and of plugins are YAML of some 100 KB, read at each start."""
    import ansible
    import yaml

    original = yaml.load
    loaders = (yaml.CSafeLoader, yaml.CBaseLoader)
    known: dict[tuple[type, bytes], bytes] = {}

    def load(stream: Any, Loader: Any) -> Any:
        if Loader not in loaders:
            return original(stream, Loader)
        text = stream.read() if hasattr(stream, "read") else stream
        found = known.get((Loader, text.encode() if isinstance(text, str) else text))
        return original(text, Loader) if found is None else pickle.loads(found)

    folder = Path(str(ansible.__file__)).parent / "config"
    for file in folder.glob("*.yml"):
        for loader in loaders:
            content = original(file.read_bytes(), loader)
            if file.name == "base.yml":
                content["DEFAULT_INTERNAL_POLL_INTERVAL"]["default"] = POLL_SECONDS
            known[loader, file.read_bytes()] = pickle.dumps(content)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ansible"]:
        del sys.modules[name]
    yaml.load = load


def _read_code_once() -> None:
    """The code of ansible-core is in memory; each process executes it anew."""
    spec = importlib.util.find_spec("ansible")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    loader = importlib.machinery.SourceFileLoader
    original = loader.get_code
    files = [file for file in folder.rglob("*.py") if not file.is_relative_to(folder / "modules")]
    codes = {str(file): original(loader("ansible", str(file)), "ansible") for file in files}

    def get_code(self: importlib.machinery.SourceFileLoader, fullname: str) -> Any:
        return codes.get(self.path) or original(self, fullname)

    loader.get_code = get_code  # type: ignore[method-assign]


class _Server:
    def __init__(self, address: str) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(address)
        self._listener.listen(128)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        # It ends with the process that has started it.
        self._selector.register(0, selectors.EVENT_READ, lambda: os._exit(0))

    def serve(self) -> None:
        os.write(1, b"ready\n")
        while True:
            for key, _events in self._selector.select():
                key.data()

    def _accept(self) -> None:
        connection, _address = self._listener.accept()
        connection.settimeout(60)
        try:
            head, files = _receive(connection)
        except OSError:
            connection.close()
            return
        pid = os.fork()
        if pid == 0:
            self._selector.close()
            self._listener.close()
            connection.close()
            _become(head, files)
        for file in files:
            os.close(file)
        process = os.pidfd_open(pid)
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._hand_on(connection, process))
        self._selector.register(process, selectors.EVENT_READ, lambda: self._ended(connection, process, pid))

    def _hand_on(self, connection: socket.socket, process: int) -> None:
        """A signal that the client got, or its end."""
        try:
            numbers = connection.recv(64)
        except OSError:
            numbers = b""
        if not numbers:
            self._selector.unregister(connection)
        for number in numbers or [signal.SIGKILL]:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, number)

    def _ended(self, connection: socket.socket, process: int, pid: int) -> None:
        _pid, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._selector.unregister(process)
        os.close(process)
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection)
        with connection, contextlib.suppress(OSError):
            connection.send(bytes([-code, 0] if code < 0 else [0, code]))


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    head, files, _flags, _address = socket.recv_fds(connection, 8, 3)
    size = int.from_bytes(head, "big")
    text = b""
    while len(text) < size:
        more = connection.recv(size - len(text))
        if not more:
            raise ConnectionError("the client has gone")
        text += more
    return text, files


def _become(head: bytes, files: list[int]) -> NoReturn:
    """Be the process that was asked for, to its end."""
    status = 1
    try:
        mask, folder, count, *rest = head.split(b"\0")
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        environment = dict(entry.split(b"=", 1) for entry in rest[: int(count)])
        os.environb.clear()
        os.environb.update(environment)
        os.chdir(folder)
        os.umask(int(mask, 8))
        tempfile.tempdir = None
        sys.argv = [os.fsdecode(argument) for argument in rest[int(count) :]] or [""]
        sys.path[:0] = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the rest of this process
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
        status = _run()
    finally:
        os._exit(status)


def _run() -> int:
    import threading
    import traceback
    import types

    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    if not sys.argv[0]:
        name, source = "<stdin>", sys.stdin.buffer.read()
        sys.path.insert(0, "")
    else:
        name = main.__file__ = sys.argv[0]
        try:
            source = Path(name).read_bytes()
        except OSError as error:
            print(f"{sys.executable}: can't open file {name!r}: {error}", file=sys.stderr)
            return 2
        sys.path.insert(0, str(Path(name).parent))
    status = 0
    try:
        exec(compile(source, name, "exec"), main.__dict__)
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            status = (ended.code or 0) & 255
        else:
            print(ended.code, file=sys.stderr)
            status = 1
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    return status


def main(preparation: str, address: str) -> None:
    from shipped_once import remember_what_is_shipped  # from beside this file
    from templates_once import remember_templates

    sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).parent)]
    if preparation == "controller":
        _import_what_programs_import()
        remember_what_is_shipped(CACHE)
        remember_templates(CACHE / "templates")
    else:
        _import_what_modules_import(Path(address).parent / "packages")
        _compile_once()
    # As a Python that a terminal starts: whoever started this one may have ignored Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    import gc

    gc.collect()
    gc.freeze()
    _Server(address).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
