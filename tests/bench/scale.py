# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of large hosts: each command that meets a size, time and memory."""

import random
import subprocess
import sys

from netns.lib.netns import Netns
from netns.lib.world import PORTWALL

COMMANDS = ("check", "apply", "status", "plan", "verify")
PLAIN = "[allow web]\ntcp = 80, 443\n"


def interfaces(count):
    """A section for each interface, one list of all, and a section for it."""
    names = ["eth%d" % i for i in range(count)]
    return "[interfaces]\nlan = %s\n[allow ssh]\ntcp = 22\non = lan\n%s" % (
        ",\n    ".join(names),
        "".join("[allow on-%s]\ntcp = %d\non = %s\n" % (name, 1000 + i, name)
                for i, name in enumerate(names)))


def addresses(count):
    """No two of them side by side."""
    return "".join("%d.%d.%d.%d\n" % (n >> 24, n >> 16 & 255, n >> 8 & 255,
                                      n & 255)
                   for n in range(0x0b000000, 0x0b000000 + 2 * count, 2))


def published(count):
    """What an engine adds for each port, in a chain of its own."""
    return ("table ip nat {\nchain prerouting {\ntype nat hook prerouting "
            "priority -100\nfib daddr type local jump DOCKER\n}\n"
            "chain DOCKER {\niifname docker0 return\n%s}\n}\n" % "".join(
                "tcp dport %d dnat to 172.17.0.2:%d\n" % (port, port)
                for port in range(1, count + 1)))


def bans(count):
    """One after the other: what bans one address at a time ends up with."""
    draw = random.Random(1)
    return ("table inet bans {\nchain input {\ntype filter hook input "
            "priority -10\n%s}\n}\n" % "".join(
                "ip saddr 203.%d.%d.%d tcp dport 22 drop\n" % (
                    draw.randrange(256), draw.randrange(256),
                    draw.randrange(256)) for _ in range(count)))


def host(rules):
    """An interface with addresses, a bridge of containers, rules of others."""
    netns = Netns("scale")
    netns.ip("link set lo up",
             "link add eth0 type veth peer name wire",
             "link set eth0 up", "link set wire up",
             "addr add 10.99.0.2/24 dev eth0",
             "addr add 2001:db8:99::2/64 dev eth0 nodad",
             "link add docker0 type bridge", "link set docker0 up",
             "addr add 172.17.0.1/16 dev docker0",
             "route add default via 10.99.0.1")
    if rules:
        netns.nft(rules)
    return netns


# Exit status 1 is a finding, and as good here
MEASURE = """
import os, subprocess, sys, time
begun = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
said = process.stderr.read()
_, status, usage = os.wait4(process.pid, 0)
if os.waitstatus_to_exitcode(status) not in (0, 1):
    sys.exit(said.decode())
print(time.perf_counter() - begun, usage.ru_maxrss, flush=True)
"""


def measure(netns, argv):
    done = netns.run([sys.executable, "-S", "-c", MEASURE, *argv],
                     timeout=600)
    took, peak = done.stdout.split()
    return float(took), int(peak)


def argv_of(bench, name, state, policy):
    options = {"check": [], "apply": ["--yes", "--run-dir", bench.path("run"),
                                      "--state-dir", state],
               "status": ["--run-dir", bench.path("run"),
                          "--state-dir", state],
               "plan": ["--state-dir", state],
               "verify": ["--yes", "--state-dir", state]}[name]
    return [PORTWALL, name, "--quiet", *options,
            *([] if name == "status" else [policy])]


def bench_scale(bench, show, mib, sections):
    bench.write("addresses.txt", addresses(1000000))
    sizes = {
        "10,000 sections": (sections, ""),
        "1,000 names of interfaces, 1,001 sections": (interfaces(1000), ""),
        "1,000,000 addresses": (
            "[block listed]\nfrom = file:addresses.txt\n" + PLAIN, ""),
        "65,535 published ports": (PLAIN, published(65535)),
        "100,000 rules of others": (PLAIN, bans(100000)),
    }
    for number, (what, (policy, rules)) in enumerate(sizes.items()):
        policy = bench.write("scale%d.ini" % number, policy)
        state = bench.path("state%d" % number)
        subprocess.run(["mkdir", "-m", "700", state], check=True)
        netns = host(rules)
        took = [measure(netns, argv_of(bench, name, state, policy))
                for name in COMMANDS]
        netns.close()
        bench.row(what + ": " + "; ".join(COMMANDS),
                  "; ".join(show(seconds) for seconds, _ in took) +
                  ", at most " + mib(max(peak for _, peak in took)),
                  "", "", "seconds, 200 MB")
