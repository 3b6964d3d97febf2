# SPDX-License-Identifier: GPL-2.0-or-later
"""Another host: what is seen of it is no more than what can be known."""

import os

from lib.world import PORTWALL

from verify.host import Seen, host

SECTIONS = """
[allow web]
tcp = 80, 443
udp = 53, 54
[allow ssh]
tcp = 22
from = 10.88.0.2
"""
POLICY = "[policy]\ndefault = reject\n" + SECTIONS


def look_at(world, *targets, policy=POLICY):
    """From a neighbour, as an ordinary user"""
    return Seen(world.neighbour.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
         PORTWALL, "verify", "--json", "--udp", "--rate=1000000",
         *["--target=" + target for target in targets], "-"],
        policy, check=False))


def open_host(listen):
    """A host without rules, so that no scan waits for silence"""
    return host(policy=None, links=("eth0",), listen=listen)


def test_services_that_are_down():
    """A refusal may be the host's own, and UDP may be silent."""
    with open_host((("tcp", 22), ("tcp", 80), ("udp", 53))) as w:
        w.neighbour = w.peer()
        seen = look_at(w, "10.88.0.1")
        seen.need(4, {"result": "warning", "state": "unused", "port": 443,
                      "section": "web"},
                  {"result": "warning", "state": "unused", "port": 54,
                   "protocol": 17},
                  {"result": "unknown", "port": 53, "protocol": 17,
                   "says": "over UDP"},
                  {"state": "open", "port": 22, "address": "10.88.0.1"})
        seen.need_none(result="violation")


def test_a_target_without_its_policy():
    """Where it has to be silent, it answers."""
    with open_host((("tcp", 22), ("tcp", 80))) as w:
        w.neighbour = w.peer()
        look_at(w, "10.88.0.1", policy=SECTIONS).need(
            1, {"result": "violation", "port": 31337,
                "says": "refused (RST) where the policy is silent"})


def test_each_target_by_itself():
    """IPv4 alone may reach ssh, and what is open is said of an address."""
    with open_host((("tcp", 22), ("tcp", 80))) as w:
        w.neighbour = w.peer()
        seen = look_at(w, "10.88.0.1", "fd88::1")
        seen.need(1, {"result": "violation", "port": 22,
                      "address": "fd88::1", "from": "fd88::2"},
                  {"state": "open", "port": 22, "address": "10.88.0.1"},
                  {"state": "open", "port": 80, "address": "fd88::1"})
        seen.need_none(result="violation", address="10.88.0.1")


def test_target_without_a_way():
    """What was not probed has not passed."""
    with open_host(()) as w:
        report = os.path.join(w.dir.name, "report.tap")
        done = w.peer().run([PORTWALL, "verify", "--target=198.51.100.1",
                             "--report=" + report], check=False)
        assert done.returncode == 3, done.stderr
        with open(report, encoding="ascii") as file:
            lines = file.read().splitlines()
        assert "not ok 1 - remote: tcp at 198.51.100.1" in lines, lines
