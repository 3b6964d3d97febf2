# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with two policies, and commands at whose system calls things fail."""

import collections
import json
import os
import re
import tempfile

from netns.lib.need import need
from netns.lib.netns import Netns
from netns.lib.world import PORTWALL

FIRST = """[allow ssh]
tcp = 22
from = 192.0.2.0/24, 198.51.100.0/24, 2001:db8::/32
rate = 6/minute per source
[allow web]
tcp = 80, 443
[block bad]
from = %s
"""
SECOND = """[policy]
default = reject
[allow ssh]
tcp = 22
from = 192.0.2.0/24
connections = 3 per source
[allow mail]
tcp = 25, 465
[allow dns]
udp = 53
on = eth1
"""
FOREIGN = """table ip other {
  set s { type ipv4_addr; elements = { 192.0.2.1, 192.0.2.7 } }
  chain input { type filter hook input priority 10; policy accept;
    ip saddr @s counter drop
  }
}
"""


class Host:
    """A namespace with both policies and somebody else's table."""

    def __init__(self, state=False):
        self.tmp = tempfile.TemporaryDirectory(prefix="pw-faults-")
        self.netns = Netns("host")
        self.netns.nft(FOREIGN)
        self.foreign = self.netns.nft_list("table ip other")
        self.paths = []
        bad = ", ".join("203.0.113.%d" % n for n in range(1, 60, 2))
        os.mkdir(os.path.join(self.tmp.name, "run"), 0o700)
        self.dirs = ["--run-dir", os.path.join(self.tmp.name, "run")]
        if state:
            self.dirs += ["--state-dir", os.path.join(self.tmp.name, "state")]
        for name, text in (("a.ini", FIRST % bad), ("b.ini", SECOND)):
            self.paths.append(os.path.join(self.tmp.name, name))
            with open(self.paths[-1], "w", encoding="ascii") as file:
                file.write(text)
            os.chmod(self.paths[-1], 0o600)

    def argv(self, command, *args):
        return [PORTWALL, command, *self.dirs, *args]

    def apply_argv(self, which, *args):
        return self.argv("apply", "--quiet", *args, self.paths[which])

    def apply(self, which):
        self.netns.run(self.apply_argv(which))

    def in_force(self):
        """Index of the policy in force; everything else is a failure."""
        done = self.netns.run(self.argv("status", "--json"), check=False)
        need(done.returncode == 0, "status: exit %d: %s%s" % (
            done.returncode, done.stdout, done.stderr))
        source = json.loads(done.stdout)["policy"]
        need(source in self.paths, "in force: %s" % source)
        need(self.netns.nft_list("table ip other") == self.foreign,
             "another program's table has changed")
        return self.paths.index(source)

    def close(self):
        self.netns.close()
        self.tmp.cleanup()


def calls_of(host, argv):
    """(name, n) of every system call of a command, in their order."""
    log = os.path.join(host.tmp.name, "calls")
    host.netns.run(["strace", "-f", "-qq", "-e", "signal=none", "-o", log,
                    *argv])
    seen, calls = collections.Counter(), []
    with open(log, encoding="ascii", errors="replace") as file:
        for name in re.findall(r"^\d+\s+(\w+)\(", file.read(), re.M):
            seen[name] += 1
            calls.append((name, seen[name]))
    return calls


def run_with(host, argv, call, fault):
    """Run a command with @fault at a system call, such as signal=KILL.

    Only calls of that name are told, which is quicker. Not --seccomp-bpf: at
    its stops a signal that is injected is lost."""
    name, nth = call
    return host.netns.run(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "signal=none",
         "-e", "trace=" + name, "-e", "inject=%s:%s:when=%d" % (name, fault, nth), *argv],
        check=False)


def killed_at(host, argv, call):
    """Run a command that is killed as it enters a system call."""
    done = run_with(host, argv, call, "signal=KILL")
    need(done.returncode in (0, -9, 137), "exit %d: %s" % (
        done.returncode, done.stderr))
