# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets as bytes: builders with correct checksums, and a reader of replies."""

import functools
import socket
import struct
from dataclasses import dataclass

ICMP, IGMP, TCP, UDP, GRE, ESP, ICMPV6, SCTP, UDPLITE = (
    1, 2, 6, 17, 47, 50, 58, 132, 136)
DCCP, HOP_BY_HOP, ROUTING, FRAGMENT, DEST_OPTS = 33, 0, 43, 44, 60

FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}


@functools.lru_cache(maxsize=None)
def addr(text):
    """Bytes of an address of either family."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text)


def addr_text(raw):
    family = socket.AF_INET6 if len(raw) == 16 else socket.AF_INET
    return socket.inet_ntop(family, raw)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def _crc32c_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0x82f63b78 if n & 1 else 0)
        table.append(n)
    return table


_CRC32C = _crc32c_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = (crc >> 8) ^ _CRC32C[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


def _with_sum(src, dst, proto, data, at):
    """Fill in the checksum at offset @at, over the pseudo header too."""
    pseudo = src + dst + struct.pack("!IHBB", len(data), 0, 0, proto)
    if len(src) == 4:
        pseudo = src + dst + struct.pack("!BBH", 0, proto, len(data))
    value = checksum(pseudo + data) or 0xffff
    return data[:at] + struct.pack("!H", value) + data[at + 2:]


# A payload is a pair (protocol, function of src and dst giving its bytes).

def tcp(dport, sport=40000, flags="S", seq=1, ack=0, data=b""):
    bits = sum(FLAGS[f] for f in flags)

    def build(src, dst):
        head = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xffffffff,
                           ack & 0xffffffff, 5 << 4, bits, 65535, 0, 0)
        return _with_sum(src, dst, TCP, head + data, 16)
    return TCP, build


def udp(dport, sport=40000, data=b"portwall", proto=UDP):
    def build(src, dst):
        head = struct.pack("!HHHH", sport, dport, 8 + len(data), 0)
        return _with_sum(src, dst, proto, head + data, 6)
    return proto, build


def sctp(dport, sport=40000):
    """An INIT chunk."""
    def build(_src, _dst):
        chunk = struct.pack("!BBHIIHHI", 1, 0, 20, 0x01020304, 65535, 1, 1, 7)
        head = struct.pack("!HHI", sport, dport, 0)
        crc = struct.pack("<I", crc32c(head + b"\0\0\0\0" + chunk))
        return head + crc + chunk
    return SCTP, build


def dccp(dport, sport=40000):
    """A request with a long sequence number."""
    def build(src, dst):
        data = struct.pack("!HHBBHBBHIII", sport, dport, 5, 0, 0, 1, 0, 0, 1,
                           0, 0)
        return _with_sum(src, dst, DCCP, data, 6)
    return DCCP, build


def raw(proto, data=b"\0" * 16):
    return proto, lambda _src, _dst: data


def esp(spi=0x1001):
    return raw(ESP, struct.pack("!II", spi, 1) + b"\xa5" * 24)


def gre(data=b"\0" * 24):
    return raw(GRE, struct.pack("!HH", 0, 0x0800) + data)


def icmp(kind, code=0, rest=b"\x12\x34\0\1", data=b"portwall"):
    def build(_src, _dst):
        body = struct.pack("!BBH", kind, code, 0) + rest + data
        return body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    return ICMP, build


def icmp6(kind, code=0, rest=b"\x12\x34\0\1", data=b"portwall"):
    def build(src, dst):
        body = struct.pack("!BBH", kind, code, 0) + rest + data
        return _with_sum(src, dst, ICMPV6, body, 2)
    return ICMPV6, build


def ping(dst, ident=0x1234, seq=1):
    """An echo request of the family of @dst."""
    rest = struct.pack("!HH", ident, seq)
    return icmp6(128, rest=rest) if ":" in dst else icmp(8, rest=rest)


def igmp(kind=0x16, group="224.0.0.251"):
    def build(_src, _dst):
        body = struct.pack("!BBH", kind, 0, 0) + addr(group)
        return body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    return IGMP, build


def neighbour_solicit(target, mac=b"\x02\0\0\0\0\x09"):
    return icmp6(135, rest=bytes(4), data=addr(target) + b"\1\1" + mac)


def router_advert():
    return icmp6(134, rest=struct.pack("!BBH", 64, 0, 0), data=bytes(8))


def mld(kind, group="ff02::fb"):
    return icmp6(kind, rest=bytes(4), data=addr(group))


ROUTER_ALERT = bytes.fromhex("0502000001 00".replace(" ", ""))


def hop_by_hop(options=ROUTER_ALERT):
    """Extension headers are pairs (number, bytes without the next header)."""
    return HOP_BY_HOP, _padded(options)


def dest_opts(options=b"\1\4\0\0\0\0"):
    return DEST_OPTS, _padded(options)


def routing(kind=0, left=0):
    return ROUTING, bytes([0, kind, left, 0, 0, 0, 0])


def _padded(options):
    size = (len(options) + 2 + 7) // 8 * 8
    return bytes([size // 8 - 1]) + options + bytes(size - 2 - len(options))


def ipv4_header(src, dst, proto, length, ttl=64, ident=1, frag=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, ident, frag,
                       ttl, proto, 0, src, dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:]


def packet(src, dst, payload, ttl=64, ident=1, extensions=()):
    """An IP packet; the family is that of the addresses."""
    src, dst = addr(src), addr(dst)
    proto, build = payload
    data = build(src, dst)
    if len(src) == 4:
        return ipv4_header(src, dst, proto, len(data), ttl, ident) + data
    for number, body in reversed(extensions):
        data = bytes([proto]) + body + data
        proto = number
    return struct.pack("!IHBB", 6 << 28 | ident & 0xfffff, len(data), proto,
                       ttl) + src + dst + data


def fragments(pkt, size=24, ident=77):
    """Cut a packet without extension headers; size is a multiple of 8."""
    out = []
    v4 = pkt[0] >> 4 == 4
    head = 20 if v4 else 40
    data = pkt[head:]
    for at in range(0, len(data), size):
        part = data[at:at + size]
        more = at + size < len(data)
        if v4:
            out.append(ipv4_header(pkt[12:16], pkt[16:20], pkt[9], len(part),
                                   pkt[8], ident, at // 8 | more << 13) + part)
            continue
        extra = struct.pack("!BBHI", pkt[6], 0, at | more, ident)
        out.append(pkt[:4] + struct.pack("!HB", len(part) + 8, FRAGMENT) +
                   pkt[7:40] + extra + part)
    return out


# --- What came back ---------------------------------------------------------

@dataclass
class Reply:
    """One packet, as far as a test wants to know it."""

    src: str
    dst: str
    proto: int
    ttl: int
    sport: int = 0
    dport: int = 0
    flags: int = 0
    seq: int = 0
    ack: int = 0
    icmp: tuple = ()
    quoted: "Reply" = None
    data: bytes = b""
    link: str = ""
    ident: int = 0

    @property
    def kind(self):
        """What a prober would call it."""
        if self.proto == TCP:
            if self.flags & FLAGS["R"]:
                return "rst"
            return "syn-ack" if self.flags & 0x12 == 0x12 else "tcp"
        if self.proto in (ICMP, ICMPV6):
            return _ICMP_KINDS.get((self.proto, *self.icmp)) or \
                _ICMP_KINDS.get((self.proto, self.icmp[0]), "icmp")
        return {UDP: "udp"}.get(self.proto, "proto %d" % self.proto)


_ICMP_KINDS = {
    (ICMP, 0): "echo-reply", (ICMPV6, 129): "echo-reply",
    (ICMP, 3, 3): "port-unreachable", (ICMPV6, 1, 4): "port-unreachable",
    (ICMP, 3, 2): "proto-unreachable", (ICMPV6, 4, 1): "proto-unreachable",
    (ICMP, 3): "unreachable", (ICMPV6, 1): "unreachable",
    (ICMP, 11): "time-exceeded", (ICMPV6, 3): "time-exceeded",
}

# What a host says of itself, unasked
CHATTER = {(ICMPV6, kind) for kind in (130, 131, 132, 133, 134, 135, 136, 143)}


def parse(pkt):
    """Read an IP packet; None if it is none or is cut short."""
    try:
        return _parse_v4(pkt) if pkt[0] >> 4 == 4 else _parse_v6(pkt)
    except (IndexError, struct.error):
        return None


def _parse_v4(pkt):
    head = (pkt[0] & 15) * 4
    reply = Reply(addr_text(pkt[12:16]), addr_text(pkt[16:20]), pkt[9], pkt[8],
                  ident=struct.unpack_from("!H", pkt, 4)[0])
    size = struct.unpack_from("!H", pkt, 2)[0]
    return _parse_payload(reply, pkt[head:size])


def _parse_v6(pkt):
    if pkt[0] >> 4 != 6:
        return None
    proto, data = pkt[6], pkt[40:40 + struct.unpack_from("!H", pkt, 4)[0]]
    while proto in (HOP_BY_HOP, ROUTING, DEST_OPTS, FRAGMENT):
        size = 8 if proto == FRAGMENT else 8 + data[1] * 8
        proto, data = data[0], data[size:]
    ident = struct.unpack_from("!I", pkt, 0)[0] & 0xfffff
    return _parse_payload(Reply(addr_text(pkt[8:24]), addr_text(pkt[24:40]),
                                proto, pkt[7], ident=ident), data)


def _parse_payload(reply, data):
    if reply.proto in (TCP, UDP, SCTP, UDPLITE, DCCP):
        reply.sport, reply.dport = struct.unpack_from("!HH", data)
    if reply.proto == TCP and len(data) >= 20:
        reply.seq, reply.ack, off, reply.flags = struct.unpack_from(
            "!IIBB", data, 4)
        reply.data = data[(off >> 4) * 4:]
    elif reply.proto in (UDP, UDPLITE):
        reply.data = data[8:]
    elif reply.proto in (ICMP, ICMPV6):
        reply.icmp = (data[0], data[1])
        if (reply.proto == ICMP and data[0] in (3, 5, 11, 12)) or \
                (reply.proto == ICMPV6 and data[0] < 128):
            reply.quoted = parse(data[8:])
        reply.data = data[8:]
    return reply
