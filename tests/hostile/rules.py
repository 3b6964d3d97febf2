# SPDX-License-Identifier: GPL-2.0-or-later
"""nf_tables objects with names that nft(8) would refuse, by raw netlink."""
import os
import socket
import struct

NETLINK_NETFILTER = 12
# linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h
BEGIN, END, NFTABLES = 16, 17, 10
DELTABLE = 2
NEWTABLE, NEWCHAIN, NEWRULE, NEWSET = 0, 3, 6, 9
REQUEST, ACK, CREATE = 1, 4, 0x400
INET = 1


def attr(kind, data):
    data = data + b"\0" if kind & 0x1000 else data
    return struct.pack("=HH", 4 + len(data), kind & ~0x1000) + data + \
        b"\0" * (-len(data) % 4)


def text(kind, data):
    return attr(kind | 0x1000, data)


def nest(kind, *parts):
    return attr(kind | 0x8000, b"".join(parts))


def number(kind, value):
    return attr(kind, struct.pack("!i", value))


def message(kind, seq, body, family=INET, res_id=0):
    kind = kind if kind in (BEGIN, END) else NFTABLES << 8 | kind
    flags = REQUEST if kind in (BEGIN, END) else REQUEST | ACK | CREATE
    data = struct.pack("!BBH", family, 0, res_id) + body
    return struct.pack("=IHHII", 16 + len(data), kind, flags, seq, 0) + data


def table(name):
    return NEWTABLE, text(1, name)


def chain(of, name, hook=None):
    where = [nest(4, number(1, hook), number(2, 10)), number(5, 1),
             text(7, b"filter")] if hook is not None else []
    return NEWCHAIN, text(1, of) + text(3, name) + b"".join(where)


def expr(name, *parts):
    return nest(1, text(1, name), nest(2, *parts))


def rule(of, chain_name, comment=b"", prefix=None):
    """Drops; the comment is in nft's form of user data: type, length, text"""
    exprs = [expr(b"log", text(2, prefix))] if prefix else []
    exprs.append(expr(b"immediate", number(1, 0),
                      nest(2, nest(2, number(1, 0)))))
    note = attr(7, struct.pack("BB", 0, len(comment) + 1) + comment + b"\0") \
        if comment else b""
    return NEWRULE, text(1, of) + text(2, chain_name) + nest(4, *exprs) + note


def ipv4_set(of, name):
    return NEWSET, text(1, of) + text(2, name) + number(3, 0) + \
        number(4, 7) + number(5, 4) + number(10, 1)


def batch(*objects):
    """One transaction; each object is answered."""
    parts = [message(BEGIN, 0, b"", 0, NFTABLES)]
    parts += [message(kind, seq, body) for seq, (kind, body)
              in enumerate(objects, 1)]
    return b"".join([*parts, message(END, 0, b"", 0, NFTABLES)])


def load(netns, *objects):
    """All in one transaction; an error is an OSError."""
    sock = netns.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    with sock:
        sock.settimeout(20)
        sock.bind((0, 0))
        sock.send(batch(*objects))
        for _ in objects:
            error = -struct.unpack_from("=i", sock.recv(8192), 16)[0]
            if error:
                raise OSError(error, os.strerror(error))
