# SPDX-License-Identifier: GPL-2.0-or-later
"""A host that `portwall verify` looks at, and what it says of it."""

import contextlib
import json

from lib.world import PORTWALL, World

POLICY = """
[addresses]
office = 203.0.113.0/24, 2001:db8:10::/48
[allow web]
tcp = 80, 443
[allow ssh]
tcp = 22
from = office
except = 203.0.113.66
[allow metrics]
tcp = 9100
on = eth1
[block bad]
from = 198.51.100.0/24, 2001:db8:bad::/48
"""


class Seen:
    """One run of verify."""

    def __init__(self, done):
        self.status = done.returncode
        self.said = done.stdout + done.stderr
        try:
            self.doc = json.loads(done.stdout)
        except json.JSONDecodeError:
            raise AssertionError("no document:\n" + self.said) from None

    def findings(self, **want):
        """Those whose fields are as wanted; port: among the ports."""
        return [f for f in self.doc["findings"]
                if all(matches(f, key, value)
                       for key, value in want.items())]

    def need(self, status, *wanted):
        text = json.dumps(self.doc["findings"], indent=1)[:6000]
        assert self.status == status, "exit %d\n%s\n%s" % (
            self.status, self.doc.get("notes"), text)
        for want in wanted:
            assert self.findings(**want), "nothing like %s\n%s" % (want, text)

    def need_none(self, **want):
        found = self.findings(**want)
        assert not found, json.dumps(found, indent=1)[:4000]


def matches(finding, key, value):
    if key == "port":
        return any(first <= value <= last
                   for first, last in finding.get("ports") or [])
    if key == "says":
        return value in (finding.get("text") or "")
    return finding.get(key) == value


@contextlib.contextmanager
def host(policy=POLICY, links=("eth0", "eth1"), listen=((
        "tcp", 22), ("tcp", 80), ("tcp", 443), ("tcp", 9100)), **options):
    """A host with a policy in force and something that listens."""
    with World(*links, **options) as world:
        world.host.nft("delete table inet pwt_seen\n")
        world.policy = world.file("policy.ini", policy or "")
        for proto, port, *where in listen:
            world.listen(proto, port, *where)
        if policy:
            world.portwall("apply", "--insecure-permissions", world.policy)
        yield world


def verify(world, *options, policy=True):
    return Seen(world.host.run(
        [PORTWALL, "verify", "--json", "--yes", *options,
         *([world.policy] if policy else [])], check=False))
