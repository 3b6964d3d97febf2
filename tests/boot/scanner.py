# SPDX-License-Identifier: GPL-2.0-or-later
"""The network of the machine that is booted: one neighbour, who scans it.

Frames travel over a pair of datagram sockets of the file system, so there is no
interface and no privilege. The neighbour answers for its own addresses and
sends SYNs and datagrams to every port of interest, from before the machine is
switched on until it is off. Whatever comes back is kept with its time.
"""
import contextlib
import errno
import os
import socket
import struct
import time
from collections import namedtuple

from netns.lib import frames

GUEST_MAC = "52:54:00:12:34:56"
OUR_MAC = bytes.fromhex("020000000001")
GUEST = {"v4": "192.0.2.1", "v6": "2001:db8::1",
         "link": "fe80::5054:ff:fe12:3456"}
OURS = {"v4": "192.0.2.2", "v6": "2001:db8::2", "link": "fe80::ff:fe00:1"}
GROUPS = (("192.0.2.255", "v4"), ("255.255.255.255", "v4"),
          ("224.0.0.1", "v4"), ("ff02::1", "link"))
ETH_P = {4: 0x0800, 6: 0x86dd}
ETH_P_ARP = 0x0806
ROUND_S = 0.01

# time; port as "tcp/22"; kind as frames.Reply has it; address that answered
Answer = namedtuple("Answer", "time port kind address")


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def group_mac(address):
    raw = frames.addr(address)
    if len(raw) == 16:
        return b"\x33\x33" + raw[12:]
    if raw[0] >= 240 or raw[3] == 255:
        return b"\xff" * 6
    return b"\x01\x00\x5e" + bytes([raw[1] & 127]) + raw[2:]


def targets(ports, closed_udp):
    """(destination, its MAC, our address, protocol, port) of each probe."""
    for where, dst in GUEST.items():
        for proto, port in ports:
            yield dst, mac(GUEST_MAC), OURS[where], proto, port
    for dst, where in GROUPS:
        for port in closed_udp:
            yield dst, group_mac(dst), OURS[where], "udp", port


class Scanner:
    """Sends a round of probes every ROUND_S, and reads what comes."""

    def __init__(self, directory, ports, closed):
        self.guest = os.path.join(directory, "guest")
        self.path = os.path.join(directory, "wire")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.targets = list(targets(
            ports, [port for proto, port in closed if proto == "udp"]))
        self.answers, self.odd = [], []
        self.sent = self.rounds = 0
        self.heard_at = None            # the first frame of the guest
        self.next_round = time.monotonic()

    def netdev(self):
        """The value of qemu's -netdev"""
        return ("dgram,id=wire,local.type=unix,local.path=%s,"
                "remote.type=unix,remote.path=%s" % (self.guest, self.path))

    def send(self, dst_mac, eth_p, data):
        """False: the machine is off, or takes nothing yet."""
        frame = dst_mac + OUR_MAC + struct.pack("!H", eth_p) + data
        try:
            self.socket.sendto(frame, self.guest)
            return True
        except OSError as err:
            if err.errno not in (errno.ENOENT, errno.ECONNREFUSED,
                                 errno.EAGAIN, errno.ENOBUFS):
                raise
            return False

    def send_ip(self, dst_mac, src, dst, payload, ttl=64):
        packet = frames.packet(src, dst, payload, ttl=ttl)
        return self.send(dst_mac, ETH_P[packet[0] >> 4], packet)

    def sport(self, i):
        """Another one each time: no probe may belong to an older flow."""
        return 1024 + (self.rounds * len(self.targets) + i) * 7 % 64000

    def round(self):
        for i, (dst, dst_mac, src, proto, port) in enumerate(self.targets):
            build = frames.tcp if proto == "tcp" else frames.udp
            if not self.send_ip(dst_mac, src, dst, build(port, self.sport(i))):
                break
            self.sent += 1
        self.rounds += 1

    def tick(self):
        """Call often; returns the seconds until it wants to be called."""
        self.receive()
        now = time.monotonic()
        if now >= self.next_round:
            self.round()
            self.next_round = max(self.next_round + ROUND_S, now)
        return max(0, self.next_round - time.monotonic())

    def receive(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.take(self.socket.recv(65536))

    def take(self, frame):
        now = time.monotonic()
        if self.heard_at is None:
            self.heard_at = now
        eth_p = struct.unpack_from("!H", frame, 12)[0]
        if eth_p == ETH_P_ARP:
            self.answer_arp(frame[14:])
        elif eth_p in ETH_P.values():
            self.take_packet(now, frames.parse(frame[14:]), frame)

    def take_packet(self, now, reply, frame):
        """Chatter of a host is expected; all else is an answer, or odd."""
        if reply and reply.proto in (frames.TCP, frames.UDP):
            self.note(now, reply, reply.proto, reply.sport)
            if reply.kind == "syn-ack":
                self.reset(reply)
        elif reply and reply.quoted:
            self.note(now, reply, reply.quoted.proto, reply.quoted.dport)
        elif reply and (reply.proto, *reply.icmp[:1]) == (frames.ICMPV6, 135):
            self.answer_solicitation(reply)
        elif not reply or reply.proto != frames.IGMP and \
                (reply.proto, *reply.icmp[:1]) not in frames.CHATTER:
            self.odd.append((now, frame.hex()))

    def note(self, now, reply, proto, port):
        name = {frames.TCP: "tcp", frames.UDP: "udp"}.get(proto, str(proto))
        self.answers.append(Answer(now, "%s/%d" % (name, port), reply.kind,
                                   reply.src))

    def reset(self, reply):
        """A listener's queue must not fill up."""
        self.send_ip(mac(GUEST_MAC), reply.dst, reply.src,
                     frames.tcp(reply.sport, reply.dport, "R", reply.ack))

    def answer_arp(self, arp):
        """RFC 826: who has our address?"""
        if struct.unpack_from("!H", arp, 6)[0] != 1 or \
                arp[24:28] != frames.addr(OURS["v4"]):
            return
        reply = arp[:6] + b"\0\2" + OUR_MAC + arp[24:28] + arp[8:18]
        self.send(arp[8:14], ETH_P_ARP, reply)

    def answer_solicitation(self, ask):
        """RFC 4861, 7.2.4; but for duplicate detection, which has no source."""
        target = ask.data[:16]
        if len(target) == 16 and ask.src != "::" and \
                frames.addr_text(target) in OURS.values():
            advert = frames.icmp6(136, rest=b"\x60\0\0\0",
                                  data=target + b"\2\1" + OUR_MAC)
            self.send_ip(mac(GUEST_MAC), frames.addr_text(target), ask.src,
                         advert, ttl=255)

    def close(self):
        self.socket.close()
        for path in (self.path, self.guest):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
