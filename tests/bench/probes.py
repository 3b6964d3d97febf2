# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of `portwall test` and `portwall verify`, nmap beside them."""

import json
import os
import shutil
import subprocess
import time

from netns.lib.netns import Netns
from netns.lib.world import PORTWALL

NOBODY = 65534
TARGET = {4: "10.99.0.2", 6: "fd99::2"}


def rootless(argv):
    """As nobody, without any capability."""
    return ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY),
            "--clear-groups", *argv]


def readable(bench, name, text):
    """A policy that nobody may read."""
    path = bench.write(name, text)
    os.chmod(bench.dir, 0o755)
    os.chmod(path, 0o644)
    return path


def sweep_seconds(policy):
    """The full sweeps of one test, each by itself."""
    done = subprocess.run(rootless([PORTWALL, "test", "--json", policy]),
                          capture_output=True, text=True, check=True)
    return [case["elapsed_ms"] / 1e3 for case in json.loads(done.stdout)["cases"]
            if case["suite"] == "ports" and case.get("elapsed_ms")]


def bench_test(bench, quick, root, timed, show, mib, median):
    with open(os.path.join(root, "policies", "web-server.ini"),
              encoding="utf-8") as file:
        policy = readable(bench, "web.ini", file.read())
    netns = Netns("bench")
    runs = [timed(netns, rootless([PORTWALL, "test", "--quiet", policy]))
            for _ in range(3 if quick else 9)]
    bench.row("test web-server.ini, rootless", "%s, %s" % (
        show(median([t for t, _ in runs])),
        mib(max(m for _, m in runs))), "", "", "1.5 s, 64 MB")
    bench.row("one sweep of 65,536 ports in it",
              show(median(sweep_seconds(policy))), "", "", "0.3 s")
    many = readable(bench, "many.ini", "".join(
        "[allow s%d]\nudp = %d\nfrom = 10.%d.%d.0/24\n" % (
            i, 1000 + i, 100 + i // 250, i % 250) for i in range(10000)))
    took, peak = timed(netns, rootless([PORTWALL, "test", "--quiet", many]))
    bench.row("test, 10,000 sections", "%s, %s" % (show(took), mib(peak)), "",
              "", "60 s")
    netns.close()


class Host:
    """One interface, rules that drop, and a wire with somebody on it."""

    def __init__(self, bench):
        self.host, self.peer = Netns("host"), Netns("peer")
        self.host.ip(
            "link add eth0 type veth peer name out0 netns /proc/%d/fd/%d"
            % (os.getpid(), self.peer.fd), "link set eth0 up",
            "address add 10.99.0.2/24 dev eth0",
            "address add fd99::2/64 dev eth0 nodad",
            "route add default via 10.99.0.1",
            "route add ::/0 via fd99::1")
        self.peer.ip("link set out0 up", "address add 10.99.0.1/24 dev out0",
                     "address add fd99::1/64 dev out0 nodad")
        self.policy = bench.write("verify.ini", "[allow web]\ntcp = 80, 443\n"
                                  "udp = 443\n")
        self.host.run(bench.apply(self.policy))

    def close(self):
        self.host.close()
        self.peer.close()


def nmap_seconds(peer, limit):
    """(seconds, done): a SYN scan with default timing, as far as it gets."""
    begun = time.perf_counter()
    try:
        peer.run(["nmap", "-sS", "-p-", "-n", "-Pn", TARGET[4]],
                 timeout=limit)
    except subprocess.TimeoutExpired:
        return limit, False
    return time.perf_counter() - begun, True


def bench_verify(bench, quick, timed, show, mib, median):
    host = Host(bench)
    argv = [PORTWALL, "verify", "--quiet", "--yes", host.policy]
    runs = [timed(host.host, argv) for _ in range(3 if quick else 9)]
    ours = median([t for t, _ in runs])
    rival, done = (0, False)
    if shutil.which("nmap"):
        rival, done = nmap_seconds(host.peer, 30 if quick else 200)
    bench.row("verify, one interface, four sweeps", "%s, %s" % (
        show(ours), mib(max(m for _, m in runs))),
        "nmap -sS -p-, one sweep: %s%s" % ("" if done else "more than ",
                                           show(rival)),
        "%s%.0f times faster a sweep" % ("" if done else "more than ",
                                         rival * 4 / ours),
        "0.9 s, 100 times, 64 MB")
    host.close()


def bench_loopback(bench, program, timed, show, median, quick):
    """All TCP ports over lo: raw, and as a user without privileges."""
    netns = Netns("bench")
    rounds = 3 if quick else 9
    raw = median([timed(netns, [program, "raw"])[0] for _ in range(rounds)])
    plain = median([timed(netns, rootless([program, "connect"]))[0]
                    for _ in range(rounds)])
    rival = ""
    if shutil.which("nmap"):
        rival = "nmap -sS -p- 127.0.0.1: " + show(median(
            [timed(netns, ["nmap", "-sS", "-p-", "-n", "-Pn",
                           "127.0.0.1"])[0] for _ in range(3)]))
    bench.row("loopback, all TCP ports: raw; connect",
              "%s; %s" % (show(raw), show(plain)), rival, "",
              "0.45 s; 1.2 s")
    netns.close()
