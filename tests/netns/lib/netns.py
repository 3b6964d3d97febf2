# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces that live as long as this process, and not longer.

A namespace is held by a descriptor alone: it has no name, so nothing is left
behind however the tests end.
"""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import sys

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_home = None


class CommandError(Exception):
    """A program in a namespace failed; the message holds what it said."""


def _call(function, *args):
    if function(*args) != 0:
        err = ctypes.get_errno()
        raise OSError(err, os.strerror(err))


def _current():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Netns:
    """One network namespace."""

    def __init__(self, name):
        global _home
        if _home is None:
            _home = _current()
        self.name = name
        before = _current()
        try:
            _call(_libc.unshare, CLONE_NEWNET)
            self.fd = _current()
        finally:
            _call(_libc.setns, before, CLONE_NEWNET)
            os.close(before)
        self.ip("link set lo up")

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is in the namespace for a with block."""
        before = _current()
        _call(_libc.setns, self.fd, CLONE_NEWNET)
        try:
            yield self
        finally:
            _call(_libc.setns, before, CLONE_NEWNET)
            os.close(before)

    def run(self, argv, text=None, check=True, env=None, timeout=120):
        """Run a program inside; returns its CompletedProcess."""
        with self.entered():
            done = subprocess.run(argv, input=text, text=True, env=env,
                                  capture_output=True, timeout=timeout,
                                  check=False)
        if check and done.returncode != 0:
            raise CommandError("%s: exit %d\n%s%s%s" % (
                " ".join(argv), done.returncode, done.stdout, done.stderr,
                text or ""))
        return done

    def ip(self, *commands):
        """Commands of ip(8), one a string, in one process."""
        self.run(["ip", "-batch", "-"], "\n".join(commands) + "\n")

    def nft(self, text):
        """Load rules; text as nft(8) reads it."""
        self.run(["nft", "-f", "-"], text)

    def nft_list(self, what="ruleset"):
        return self.run(["nft", "-s", "list"] + what.split()).stdout

    def sysctl(self, **values):
        """Set net.* keys: dots are written __, a dot in a name stays /."""
        with self.entered():
            for key, value in values.items():
                path = "/proc/sys/net/" + key.replace("__", "/")
                with open(path, "w", encoding="ascii") as file:
                    file.write(str(value))

    def socket(self, *args):
        with self.entered():
            return socket.socket(*args)

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def become_able(tests):
    """Go on as root of a user namespace if we are not root; else say why not.

    Returns only where network namespaces can be made. @tests: how many tests
    are skipped if they cannot.
    """
    if os.geteuid() == 0:
        try:
            Netns("try").close()
            return
        except (OSError, CommandError) as err:
            skip_all("no network namespace: %s" % err, tests)
    if os.environ.get("PORTWALL_IN_USERNS"):
        skip_all("root in a user namespace was not granted", tests)
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-Urn", "true"], check=False,
                                     capture_output=True).returncode:
        skip_all("neither root nor user namespaces", tests)
    os.environ["PORTWALL_IN_USERNS"] = "1"
    sys.stdout.flush()
    os.execv(unshare, [unshare, "-Urn", sys.executable] + sys.argv)


def skip_all(why, tests):
    """Say why nothing can be tested here, and end."""
    print("SKIP everything: %s" % why)
    print("0 passed, 0 failed, %d skipped" % tests)
    sys.exit(0)
