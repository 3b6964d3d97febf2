# SPDX-License-Identifier: GPL-2.0-or-later
"""The host under test in a namespace of its own, and the wire around it.

A link is a veth pair. Its end in the host bears the name that policies use;
its other end takes frames from any source and shows what came back. Verdicts
are read from a chain behind all others (seen.py), never from silence alone.
"""

import itertools
import os
import select
import socket
import struct
import tempfile
import time
import zlib
from dataclasses import dataclass, field

from . import frames, seen
from .netns import Netns, skip_all

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
PORTWALL = os.path.abspath(os.environ.get(
    "PORTWALL", os.path.join(ROOT, "build", "portwall")))

SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
ETH_P_ALL, ETH_P_IP, ETH_P_ARP, ETH_P_IPV6 = 3, 0x800, 0x806, 0x86dd
SO_RCVBUFFORCE = 33
SENTINEL_SECONDS = 20
BURST = 128     # frames between two sentinels; the backlog takes 1,000

# Sources from anywhere, unlimited ICMP errors, no waiting for addresses
SYSCTLS = {
    "ipv4__conf__all__rp_filter": 0, "ipv4__conf__default__rp_filter": 0,
    "ipv4__icmp_ratemask": 0, "ipv6__icmp__ratelimit": 0,
    "ipv6__icmp__ratemask": "\n", "ipv6__conf__default__accept_dad": 0,
    "ipv6__conf__default__router_solicitations": 0,
    "ipv6__conf__default__addr_gen_mode": 1,
}


class Lost(Exception):
    """A sentinel did not come back: nothing can be concluded."""


@dataclass
class Link:
    """A veth pair of the host; gateways are permanent neighbours."""

    name: str
    index: int
    sock: socket.socket = field(repr=False, default=None)

    def __post_init__(self):
        n = self.index
        self.v4, self.v4_second = "10.99.%d.2" % n, "10.99.%d.3" % n
        net6 = "fd99:%x" % n if n else "fd99"
        self.v6, self.v6_second = net6 + "::2", net6 + "::3"
        self.gw4, self.gw6 = "10.99.%d.1" % n, net6 + "::1"
        self.broadcast4 = "10.99.%d.255" % n
        self.local6, self.near6 = "fe80::2", "fe80::9"
        self.mac = b"\x02\0\0\0" + bytes([n, 2])
        self.out_mac = b"\x02\0\0\0" + bytes([n, 1])

    @property
    def peer(self):
        return "o-" + self.name

    def to(self, family):
        """The host's address here of a family."""
        return self.v4 if family == 4 else self.v6

    def to_second(self, family):
        return self.v4_second if family == 4 else self.v6_second

    def commands(self, outside_pid_fd):
        """ip(8) commands: run in the host's namespace."""
        def mac(raw):
            return raw.hex(":")
        dev = "dev " + self.name
        yield ("link add %s address %s type veth peer name %s address %s "
               "netns %s" % (self.name, mac(self.mac), self.peer,
                             mac(self.out_mac), outside_pid_fd))
        yield "link set %s up" % self.name
        for address in (self.v4 + "/24 brd +", self.v4_second + "/24 brd +",
                        self.v6 + "/64 nodad", self.v6_second + "/64 nodad",
                        self.local6 + "/64 scope link nodad"):
            yield "address add %s %s" % (address, dev)
        for address in (self.gw4, self.gw6, self.near6, "fe80::1"):
            yield "neighbour add %s lladdr %s nud permanent %s" % (
                address, mac(self.out_mac), dev)


@dataclass
class Outcome:
    """What became of one packet."""

    delivered: bool
    forwarded: bool
    replies: list

    @property
    def verdict(self):
        if self.delivered:
            return "delivered"
        if self.forwarded:
            return "forwarded"
        return "refused" if self.replies else "silent"

    @property
    def kinds(self):
        """Kinds of the replies, each once, sorted."""
        return sorted({reply.kind for reply in self.replies})


def need_portwall(tests):
    """Ends the program, with as many tests skipped, before there is a build."""
    if not os.access(PORTWALL, os.X_OK):
        skip_all(PORTWALL + " is not built", tests)


def group_mac(dst):
    """Link-layer address of a group or broadcast address, else None."""
    raw = frames.addr(dst)
    if len(raw) == 16:
        return b"\x33\x33" + raw[12:] if raw[0] == 0xff else None
    if raw[0] >> 4 == 14:
        return b"\x01\0\x5e" + bytes([raw[1] & 127]) + raw[2:]
    return b"\xff" * 6 if dst.endswith(".255") else None


class World:
    """Use in a with block; everything ends with it."""

    def __init__(self, *links, forward=False):
        self.cookies = itertools.count(1)
        self.ports = itertools.count(20001)
        self.kept = []
        self.containers = {}
        self.host = Netns("host")
        self.outside = Netns("outside")
        self.links = {name: Link(name, n)
                      for n, name in enumerate(links or ("eth0",))}
        self.first = next(iter(self.links.values()))
        self.dir = tempfile.TemporaryDirectory(prefix="pwt-")
        os.mkdir(os.path.join(self.dir.name, "run"), 0o700)
        self._set_up(forward)

    def _set_up(self, forward):
        self.host.sysctl(**SYSCTLS)
        self.outside.sysctl(ipv6__conf__default__disable_ipv6=1)
        if forward:
            self.host.sysctl(ipv4__ip_forward=1,
                             ipv6__conf__all__forwarding=1)
        target = "/proc/%d/fd/%d" % (os.getpid(), self.outside.fd)
        self.host.ip(
            *itertools.chain.from_iterable(
                link.commands(target) for link in self.links.values()),
            "route add default via %s" % self.first.gw4,
            "route add ::/0 via %s" % self.first.gw6)
        self.outside.ip(*("link set %s up" % link.peer
                          for link in self.links.values()))
        self.host.nft(seen.TABLE)
        self.reader = seen.SetReader(self.host)
        for link in self.links.values():
            link.sock = self._tap(link)
            self.await_link(link)

    def _tap(self, link):
        sock = self.outside.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        try:
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        except PermissionError:     # in a user namespace
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        sock.setblocking(False)
        with self.outside.entered():
            sock.bind((link.peer, ETH_P_ALL))
        return sock

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        for closing in self.kept:
            closing.close()
        for link in self.links.values():
            link.sock.close()
        self.reader.close()
        for netns in (self.host, self.outside, *self.containers.values()):
            netns.close()
        self.dir.cleanup()

    # --- frames in, replies out ---------------------------------------------

    def cookie(self, swallow=False):
        """A link-layer source that was never used before."""
        first = seen.SWALLOWED if swallow else seen.KEPT
        return first + struct.pack("!I", next(self.cookies))

    def port(self):
        """A source port that was not used before."""
        return next(self.ports)

    def frame(self, link, pkt, source):
        v4 = pkt[0] >> 4 == 4
        dst = frames.addr_text(pkt[16:20] if v4 else pkt[24:40])
        return (group_mac(dst) or self.links[link].mac) + source + \
            struct.pack("!H", ETH_P_IP if v4 else ETH_P_IPV6) + pkt

    def inject(self, link, pkt, source=None):
        """Send one packet in; returns the source address of its frame."""
        source = source or self.cookie()
        self.links[link].sock.send(self.frame(link, pkt, source))
        return source

    def settle(self):
        """Wait until all sent before is done with; returns the replies.

        A frame may pass several queues (bridge, container): a sentinel for
        each of them.
        """
        replies = []
        for _ in range(4):
            self._sentinel(replies)
        return replies

    def _sentinel(self, replies):
        """Wait for the answer to one ARP request; it is told by its MAC."""
        own = self._ask(self.first)
        end = time.monotonic() + SENTINEL_SECONDS
        while not self._take(self.first, replies, own):
            if time.monotonic() > end:
                raise Lost("no answer to ARP on " + self.first.name)
            select.select([self.first.sock], [], [], 1)
        for other in self.links.values():
            self._take(other, replies)

    def _ask(self, link):
        """Send an ARP request from nobody; returns where its answer goes."""
        own = b"\x02\xaa" + struct.pack("!I", next(self.cookies))
        link.sock.send(struct.pack(
            "!6s6sHHHBBH6s4s6s4s", b"\xff" * 6, link.out_mac, ETH_P_ARP, 1,
            ETH_P_IP, 6, 4, 1, own, bytes(4), bytes(6), frames.addr(link.v4)))
        return own

    def await_link(self, link):
        """A link that came up sends nothing before the kernel noticed."""
        end = time.monotonic() + SENTINEL_SECONDS
        while time.monotonic() < end:
            own = self._ask(link)
            if select.select([link.sock], [], [], 0.01)[0] and \
                    self._take(link, [], own):
                return
        raise Lost("no answer to ARP on " + link.name)

    @staticmethod
    def _take(link, replies, own=None):
        """Read what is there; True if the answer to @own was in it."""
        back = False
        while True:
            try:
                frame = link.sock.recv(65536)
            except BlockingIOError:
                return back
            kind = struct.unpack_from("!H", frame, 12)[0]
            if kind == ETH_P_ARP:
                back = back or frame[32:38] == own
                continue
            reply = frames.parse(frame[14:])
            if reply and (reply.proto, reply.icmp[:1]) not in CHATTER_KEYS \
                    and reply.proto != frames.IGMP:
                reply.link = link.name
                replies.append(reply)

    # --- verdicts -----------------------------------------------------------

    def probe(self, link, pkt, swallow=False):
        """What becomes of one packet (bytes, or a list: its fragments)."""
        source = self.cookie(swallow)
        self.settle()
        for part in pkt if isinstance(pkt, list) else [pkt]:
            self.inject(link, part, source)
        replies = self.settle()
        whole = frames.parse(pkt if isinstance(pkt, bytes) else pkt[0])
        return Outcome(source in self.reader.keys("arrived"),
                       source in self.reader.keys("passed"),
                       [r for r in replies if answers(r, whole)])

    def verdict(self, link, pkt):
        return self.probe(link, pkt).verdict

    def sweep(self, packets, swallow=True):
        """Send (link, packet) pairs; returns the indices of the delivered.

        Takes as much as the sets hold, and forgets what was seen before.
        """
        return self.sweep_frames(
            [(link, self.frame(link, pkt, self.cookie(swallow)))
             for link, pkt in packets])

    def sweep_frames(self, batch):
        """As sweep(), of (link, frame) pairs made before."""
        self.host.nft(seen.FLUSH)
        sends = {name: link.sock.send for name, link in self.links.items()}
        replies = []
        for n, (link, frame) in enumerate(batch):
            sends[link](frame)
            if n % BURST == BURST - 1:
                self._sentinel(replies)
        self.settle()
        found = self.reader.keys("arrived")
        return {n for n, (_, frame) in enumerate(batch)
                if frame[6:12] in found}

    # --- the host -----------------------------------------------------------

    def listen(self, proto, port, address=None, netns=None):
        """A listening TCP or bound UDP socket; :: takes both families."""
        family = socket.AF_INET if address and ":" not in address else \
            socket.AF_INET6
        kind = socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM
        sock = (netns or self.host).socket(family, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address or "::", port))
        if proto == "tcp":
            sock.listen(64)
        sock.setblocking(False)
        self.kept.append(sock)
        return sock

    def join(self, group, link="eth0"):
        """The host takes packets to a multicast group."""
        index = self.index(link)
        family = socket.AF_INET6 if ":" in group else socket.AF_INET
        sock = self.host.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                            frames.addr(group) + struct.pack("=I", index))
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                            frames.addr(group) + bytes(4) +
                            struct.pack("=i", index))
        self.kept.append(sock)

    def index(self, link):
        with self.host.entered():
            return socket.if_nametoindex(link)

    def container(self, name, bridge, v4, v6, gw4, gw6):
        """A namespace behind a bridge of the host, made when needed."""
        inside = Netns(name)
        self.containers[name] = inside
        inside.sysctl(**SYSCTLS)
        target = "/proc/%d/fd/%d" % (os.getpid(), inside.fd)
        bridge_mac = "02:00:00:01:00:%02x" % (zlib.crc32(bridge.encode()) &
                                              255)
        mac = "02:00:00:02:00:%02x" % len(self.containers)
        if self.host.run(["ip", "link", "show", bridge],
                         check=False).returncode:
            self.host.ip(
                "link add %s address %s type bridge forward_delay 0 "
                "mcast_snooping 0" % (bridge, bridge_mac),
                "address add %s/24 dev %s" % (gw4, bridge),
                "address add %s/64 dev %s nodad" % (gw6, bridge),
                "link set %s up" % bridge)
        inside_of = "dev eth0 nud permanent lladdr " + bridge_mac
        host_of = "dev %s nud permanent lladdr %s" % (bridge, mac)
        self.host.ip("link add v%s type veth peer name eth0 address %s "
                     "netns %s" % (name, mac, target),
                     "link set v%s master %s" % (name, bridge),
                     "link set v%s type bridge_slave hairpin on" % name,
                     "link set v%s up" % name,
                     "neighbour add %s %s" % (v4, host_of),
                     "neighbour add %s %s" % (v6, host_of))
        inside.ip("link set eth0 up",
                  "address add %s/24 dev eth0" % v4,
                  "address add %s/64 dev eth0 nodad" % v6,
                  "neighbour add %s %s" % (gw4, inside_of),
                  "neighbour add %s %s" % (gw6, inside_of),
                  "route add default via %s" % gw4,
                  "route add ::/0 via %s" % gw6)
        self._wait_for_state(self.host, "v" + name, "state forwarding")
        self._wait_for_state(inside, "eth0", "state UP")
        return inside

    def peer(self, name="peer0"):
        """A neighbour with a network stack of its own, on a link @name.

        Returns its namespace; addresses of the host and of the peer are
        10.88.0.1, fd88::1 and 10.88.0.2, fd88::2.
        """
        inside = Netns(name)
        self.containers[name] = inside
        inside.sysctl(**SYSCTLS)
        self.host.ip("link add %s type veth peer name eth0 netns "
                     "/proc/%d/fd/%d" % (name, os.getpid(), inside.fd),
                     "address add 10.88.0.1/24 dev " + name,
                     "address add fd88::1/64 nodad dev " + name,
                     "link set %s up" % name)
        inside.ip("address add 10.88.0.2/24 dev eth0",
                  "address add fd88::2/64 nodad dev eth0",
                  "link set eth0 up")
        self._wait_for_state(self.host, name, "state UP")
        self._wait_for_state(inside, "eth0", "state UP")
        return inside

    @staticmethod
    def _wait_for_state(netns, link, state):
        """The kernel takes note of a new carrier in its own time."""
        end = time.monotonic() + SENTINEL_SECONDS
        while time.monotonic() < end:
            if state in netns.run(["ip", "-d", "link", "show", link]).stdout:
                return
        raise Lost("%s: not in %s" % (link, state))

    # --- the product --------------------------------------------------------

    def portwall(self, *args, policy=None, check=True, netns=None):
        """Run a command; @policy is text, given on standard input."""
        argv = [PORTWALL, *args]
        if args[0] in ("apply", "status", "clear", "open", "close",
                       "confirm", "rollback"):
            argv.append("--run-dir=" + os.path.join(self.dir.name, "run"))
        if policy is not None:
            argv.append("-")
        return (netns or self.host).run(argv, policy, check=check)

    def apply(self, policy, *options, check=True):
        return self.portwall("apply", *options, policy=policy, check=check)

    def file(self, name, text):
        """A file for policies to name; returns its path."""
        path = os.path.join(self.dir.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


CHATTER_KEYS = {(proto, (kind,)) for proto, kind in frames.CHATTER}


def answers(reply, pkt):
    """Whether a packet that came back answers the one that was sent."""
    if reply.quoted:
        return (reply.quoted.src, reply.quoted.proto, reply.quoted.sport) == (
            pkt.src, pkt.proto, pkt.sport)
    return reply.dst == pkt.src and reply.proto == pkt.proto and (
        reply.dport, reply.sport) == (pkt.sport, pkt.dport)
