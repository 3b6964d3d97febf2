# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of what is done on a running host: open, watch, cut."""

import os
import shutil
import socket
import subprocess
import time

from netns.lib.netns import Netns
from netns.lib.world import PORTWALL

HERE, THERE = "192.0.2.1", "192.0.2.2"
RIVAL = """table inet rival {
	set open { type inet_proto . inet_service; flags timeout; }
	chain input {
		type filter hook input priority 0;
		meta l4proto . th dport @open accept;
	}
}
"""


def command(bench, name, *args):
    state = bench.path("state")
    os.makedirs(state, mode=0o700, exist_ok=True)
    return [PORTWALL, name, "--quiet", "--run-dir", bench.path("run"),
            "--state-dir", state, *args]


def bench_open(bench, quick, timed, show, median):
    """In turn with nft, each in a namespace of its own."""
    policy = bench.write("open.ini", "[allow ssh]\ntcp = 22\n")
    netns, rival = Netns("bench"), Netns("rival")
    timed(netns, command(bench, "apply", policy))
    rival.nft(RIVAL)
    steps = {
        "open tcp/2222": (
            command(bench, "open", "tcp/2222", "--for", "1h"),
            ["nft", "add", "element", "inet", "rival", "open",
             "{ tcp . 2222 timeout 1h }"]),
        "close tcp/2222": (
            command(bench, "close", "tcp/2222"),
            ["nft", "delete", "element", "inet", "rival", "open",
             "{ tcp . 2222 }"]),
    }
    took = {name: ([], []) for name in steps}
    for _ in range(11 if quick else 41):
        for name, both in steps.items():
            for side, (where, argv) in enumerate(zip((netns, rival), both)):
                took[name][side].append(timed(where, argv)[0])
    netns.close()
    rival.close()
    for name, (ours, theirs) in took.items():
        bench.row(name, show(median(ours)), "nft: " + show(median(theirs)),
                  "%.1f times faster" % (median(theirs) / median(ours)),
                  "5 ms")


def used(pid):
    """(seconds of CPU, KiB that are its own alone) of a process."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        rss = [line.split()[1] for line in file if line.startswith("VmRSS")]
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), \
        int(rss[0])


def bench_watch(bench, quick, timed, mib):
    """Nothing happens meanwhile."""
    policy = bench.write("watch.ini", "[allow ssh]\ntcp = 22\n")
    netns = Netns("bench")
    timed(netns, command(bench, "apply", policy))
    watch = command(bench, "watch")
    watch.remove("--quiet")
    sides = []
    for argv in (watch, ["nft", "monitor"]):
        with netns.entered():
            sides.append(subprocess.Popen(argv, stdout=subprocess.PIPE))
    sides[0].stdout.readline()          # "watching"
    before = [used(process.pid) for process in sides]
    seconds = 5 if quick else 30
    time.sleep(seconds)
    after = [used(process.pid) for process in sides]
    shown = ["%.0f ms in %d s, %s" % ((b[0] - a[0]) * 1e3, seconds, mib(b[1]))
             for a, b in zip(before, after)]
    for process in sides:
        process.terminate()
        process.wait()
        process.stdout.close()
    netns.close()
    bench.row("watch, idle", shown[0], "nft monitor: " + shown[1],
              "1/%.1f of the memory" % (after[1][1] / after[0][1]),
              "no CPU, 8 MB")


def connected(count):
    """A host whose UDP server has heard from so many ports of a peer."""
    host, peer = Netns("host"), Netns("peer")
    host.ip("link add eth0 type veth peer name eth0 netns /proc/%d/fd/%d"
            % (os.getpid(), peer.fd), "link set eth0 up",
            "address add %s/24 dev eth0" % HERE)
    peer.ip("link set eth0 up", "address add %s/24 dev eth0" % THERE)
    host.nft("table inet track { chain c { type filter hook input priority "
             "0; ct state invalid counter; }; }")
    server = host.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("", 53))
    for port in range(10000, 10000 + count):
        client = peer.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.bind((THERE, port))
        client.sendto(b"x", (HERE, 53))
        server.sendto(b"x", server.recvfrom(1)[1])
        client.close()
    return host, peer, server


def bench_cut(bench, quick, timed, show, median):
    """An apply that ends them, one that ends nothing, and conntrack's own."""
    count = 2000 if quick else 20000
    closed = bench.write("closed.ini", "[allow ssh]\ntcp = 22\n")
    opened = bench.write("opened.ini", "[allow dns]\nudp = 53\n")
    rounds = {
        "apply, %d connections, all let in" % count:
            command(bench, "apply", opened),
        "apply --cut, %d connections are ended" % count:
            command(bench, "apply", "--cut", closed),
        "conntrack": ["conntrack", "-D", "-p", "udp", "--orig-port-dst", "53"],
    }
    if not shutil.which("conntrack"):
        del rounds["conntrack"]
    took = {name: [] for name in rounds}
    for _ in range(1 if quick else 3):
        for name, argv in rounds.items():
            *spaces, server = connected(count)
            took[name].append(timed(spaces[0], argv)[0])
            server.close()
            for netns in spaces:
                netns.close()
    rival = took.pop("conntrack", None)
    for name, ours in took.items():
        ended = rival and "--cut" in name
        bench.row(name, show(median(ours)),
                  "conntrack -D: " + show(median(rival)) if ended else "",
                  "%.1f times its time" % (median(ours) / median(rival))
                  if ended else "", "1 s")
