# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with two policies, and commands on it."""

import json
import os
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

