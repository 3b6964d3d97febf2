# SPDX-License-Identifier: GPL-2.0-or-later
"""install --root, with a fault at any of its system calls."""

import collections
import importlib.machinery
import importlib.util
import os
import subprocess
import tempfile

from netns.faults import calls
from netns.lib.need import need
from netns.lib.world import PORTWALL, ROOT

NAME = "install"
STATE = "var/lib/portwall"


def _install_tests():
    path = os.path.join(ROOT, "tests", "install", "run")
    loader = importlib.machinery.SourceFileLoader("install_tests", path)
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("install_tests", loader))
    loader.exec_module(module)
    return module


class Trouble:
    """One image, put back as it was after each run."""

    def __init__(self, stage):
        self.netns = stage.host.netns
        self.tmp = tempfile.TemporaryDirectory(prefix="pw-image-")
        self.image = _install_tests().Image(self.tmp.name)
        self.argv = [PORTWALL, "install", "--root", str(self.image.root)]
        self.counts = collections.Counter()
        self.old = self._look()
        self.new, self.loading = None, ()

    def _look(self):
        """Paths; what is in them where it has to be the same each time"""
        return {name: what.replace("/usr/lib", "/lib")     # they are one
                if isinstance(what, str) else what
                for name, what in self.image.snapshot().items() if not name.startswith(STATE + "/")}, sorted(
                    path.name for path in self.image.path(STATE).glob("*"))

    def _reset(self):
        for name in [name for name in self._look()[0]
                     if name not in self.old[0]][::-1]:
            path = self.image.path(name)
            if path.is_symlink() or path.is_file():
                path.unlink()
            elif path.is_dir():
                self.image.remove(name)

    def _install(self):
        done = self.netns.run(self.argv, check=False)
        need(done.returncode == 0, "stuck: installed again: exit %d: %s" % (
            done.returncode, done.stderr))
        return self._look()

    def learn(self):
        self.new = self._install()
        self._reset()
        need(self._look() == self.old, "the image is not put back")
        log = os.path.join(self.tmp.name, "calls")
        self.netns.run(["strace", "-f", "-qq", "-e", "signal=none", "-o", log,
                        *self.argv])
        found = calls.calls_in(log)
        self._reset()
        self.counts["calls"] = len(found)
        self.loading = calls.loading(found)
        return calls.faults_of(found)

    def fail_at(self, fault):
        try:
            done = calls.run_under(self.netns, self.argv, fault)
            self.counts["runs"] += 1
            self.counts[self._judge(fault, done)] += 1
            need(self._install() == self.new, "half: installed again, it is "
                 "not what it is without a fault")
        finally:
            self._reset()

    def _judge(self, fault, done):
        seen, status = self._look(), done.returncode
        killed = fault[2] == calls.KILL and status in (-9, 137)
        if fault[:2] in self.loading and seen == self.old:
            return "loader"
        need(killed or 0 <= status < 128, "crashed: %d %s" % (
            status, done.stderr))
        remembered = "applied" in seen[1]
        if remembered:
            told = subprocess.run(
                [PORTWALL, "show", "--applied", "--state-dir",
                 str(self.image.path(STATE))], capture_output=True, text=True,
                check=False)
            need(told.returncode == 0, "half: what boot loads: %s" %
                 told.stderr)
        if not killed and status == 0:
            need(seen == self.new or "warning: " in done.stderr,
                 "lied: exit 0, but not all is there")
        elif not killed and "nothing was changed" in done.stderr:
            need(seen == self.old, "lied: nothing was changed\n" + done.stderr)
        return "new" if remembered else "old"

    def close(self):
        self.tmp.cleanup()


