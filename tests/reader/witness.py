# SPDX-License-Identifier: GPL-2.0-or-later
"""The second reader as a process, for tests that compare it with others.

Reads "POLICY bytes now packets addresses", the policy's text, a line "own A" or
"broadcast A" for each of the host's addresses, and a line "iface src dst proto
port sport type hops" for each packet; answers each packet by a line: accept,
limited, drop or refuse. A policy that it refuses: "wrong: why" instead.
"""
import ipaddress
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from reader import Host, Packet, Policy, PolicyError  # noqa: E402


def read_host(lines, now):
    addresses = {"own": set(), "broadcast": set()}
    for line in lines:
        kind, address = line.split()
        addresses[kind].add(ipaddress.ip_address(address))
    return Host(addresses["own"], addresses["broadcast"], now)


def packet(line):
    iface, src, dst, *numbers = line.split()
    return Packet(iface, ipaddress.ip_address(src), ipaddress.ip_address(dst),
                  *map(int, numbers))


def answer(text, host, packets):
    try:
        policy = Policy(text)
    except PolicyError as err:
        return ["wrong: %s" % err]
    return [policy.judge(packet(line), host) for line in packets]


def main():
    source, out = sys.stdin.buffer, sys.stdout
    while head := source.readline():
        word, size, now, packets, addresses = head.split()
        if word != b"POLICY":
            sys.exit("not understood: %r" % head)
        text = source.read(int(size)).decode()
        host = read_host([source.readline().decode()
                          for _ in range(int(addresses))], float(now))
        lines = [source.readline().decode() for _ in range(int(packets))]
        out.write("\n".join(answer(text, host, lines)) + "\n")
        out.flush()


main()
