# SPDX-License-Identifier: GPL-2.0-or-later
"""An nftables table of the tests' own behind everybody else's.

Each frame of a test comes from a source address of the link layer that was
never used before: it tells the frame from all others in every rule, whatever
the packet is and whatever NAT made of it. What reaches the last chain of a
hook has passed all others; the chain writes the address down. Frames whose
address begins with SWALLOWED are then dropped: no reply, no conntrack entry.
"""

import socket
import struct

KEPT, SWALLOWED = b"\x02\x5a", b"\x06\x5a"

# Just before conntrack confirms, at INT_MAX for IPv4 and INT_MAX - 1 for IPv6.
# The observer must not be the reason that conntrack works: no ct expression.
TABLE = """
table inet pwt_seen {
	set arrived { type ether_addr; size 65536; flags dynamic; }
	set passed { type ether_addr; size 65536; flags dynamic; }
	chain input {
		type filter hook input priority 2147483645; policy accept;
		ether saddr & ff:ff:00:00:00:00 == 02:5a:00:00:00:00 update @arrived { ether saddr }
		ether saddr & ff:ff:00:00:00:00 == 06:5a:00:00:00:00 update @arrived { ether saddr } drop
	}
	chain forward {
		type filter hook forward priority 2147483645; policy accept;
		ether saddr & ff:ff:00:00:00:00 == 02:5a:00:00:00:00 update @passed { ether saddr }
		ether saddr & ff:ff:00:00:00:00 == 06:5a:00:00:00:00 update @passed { ether saddr } drop
	}
}
"""

FLUSH = "flush set inet pwt_seen arrived; flush set inet pwt_seen passed"

NETLINK_NETFILTER = 12
NFT_MSG_GETSETELEM = 10 << 8 | 13
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NFPROTO_INET = 1


def _attr(kind, data):
    pad = -len(data) % 4
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(pad)


def attributes(data):
    """(type, payload) of each attribute."""
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        yield kind & 0x3fff, data[at + 4:at + size]
        at += (size + 3) & ~3


def _key(element):
    """NFTA_SET_ELEM_KEY (1), in it NFTA_DATA_VALUE (1)."""
    for kind, data in attributes(element):
        if kind == 1:
            return next(value for sub, value in attributes(data) if sub == 1)
    return b""


class SetReader:
    """Reads the elements of sets over one socket of a namespace."""

    def __init__(self, netns):
        self.sock = netns.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                 NETLINK_NETFILTER)
        self.seq = 0

    def keys(self, name, table="pwt_seen"):
        """The set of keys, as bytes."""
        self.seq += 1
        body = struct.pack("!BBH", NFPROTO_INET, 0, 0)
        body += _attr(1, table.encode() + b"\0") + _attr(2, name.encode() +
                                                         b"\0")
        self.sock.send(struct.pack("=IHHII", 16 + len(body),
                                   NFT_MSG_GETSETELEM,
                                   NLM_F_REQUEST | NLM_F_DUMP, self.seq, 0) +
                       body)
        found = set()
        while self._take(found):
            pass
        return found

    def _take(self, found):
        data = self.sock.recv(1 << 18)
        at = 0
        while at < len(data):
            size, kind, _flags, seq, _pid = struct.unpack_from("=IHHII", data,
                                                               at)
            body = data[at + 16:at + size]
            at += (size + 3) & ~3
            if seq != self.seq:
                continue
            if kind == NLMSG_DONE:
                return False
            if kind == NLMSG_ERROR:
                raise OSError(-struct.unpack_from("=i", body)[0], "set")
            for attr, value in attributes(body[4:]):
                if attr == 3:       # NFTA_SET_ELEM_LIST_ELEMENTS
                    found.update(_key(e) for _, e in attributes(value))
        return True

    def close(self):
        self.sock.close()
