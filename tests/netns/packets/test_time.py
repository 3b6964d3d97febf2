# SPDX-License-Identifier: GPL-2.0-or-later
"""until, while it passes; and log, as the kernel's trace tells it."""

import datetime
import re
import select
import socket
import struct
import time

from lib import seen
from lib.runner import cases, families
from packets.lines import hold, send, world

NFNLGRP_NFTRACE, NFT_MSG_TRACE = 9, 17
TRACE = """
table inet pwt_trace {
	chain prerouting {
		type filter hook prerouting priority -400; policy accept;
		meta nftrace set 1
	}
}
"""


def moment(seconds):
    when = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


@families
def test_until_passes(family):
    """Open until then, closed from then on; nothing runs meanwhile."""
    line = "tcp 22 from " + {4: "192.0.2.1", 6: "2001:db8::1"}[family]
    with world() as w:
        end = int(time.time()) + 2
        w.apply("[allow a]\ntcp = 22\nuntil = %s\n[allow b]\ntcp = 23\n"
                % moment(end))
        last_open = None
        while True:
            before = time.time()
            verdict = send(w, line).verdict
            if verdict != "delivered":
                break
            last_open = before
            assert before < end + 20, "still open"
        assert last_open, "never open"
        assert verdict == "silent"
        assert last_open < end <= time.time(), (last_open, end)
        hold(w, "open tcp 23", "closed " + line)


@families
def test_until_of_a_block(family):
    line = "tcp 22 from " + {4: "192.0.2.1", 6: "2001:db8::1"}[family]
    with world() as w:
        end = int(time.time()) + 2
        w.apply("[allow a]\ntcp = 22\n[block b]\nuntil = %s\n"
                "from = 192.0.2.0/24, 2001:db8::/32\n" % moment(end))
        hold(w, "closed " + line)
        while send(w, line).verdict != "delivered":
            assert time.time() < end + 20, "still blocked"
        assert time.time() >= end


class Log:
    """Counts packets that a rule logged.

    The text goes to the log of the first namespace only, and nfnetlink_log
    gets none of it. But the kernel traces packets, and names a rule that does
    not decide only when all of it was carried out.
    """

    def __init__(self, w):
        self.w = w
        w.host.nft(TRACE)
        self.sock = w.host.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                  seen.NETLINK_NETFILTER)
        self.sock.bind((0, 1 << (NFNLGRP_NFTRACE - 1)))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        w.kept.append(self.sock)

    def prefixes(self):
        """Of all that was logged by now."""
        rules = {}
        chain = ""
        for line in self.w.host.run(["nft", "-a", "list", "table", "inet",
                                     "portwall"]).stdout.splitlines():
            if line.strip().startswith("chain"):
                chain = line.split()[1]
            found = re.search(r' log prefix "([^"]*)".* handle (\d+)', line)
            if found:
                rules[chain, int(found[2])] = found[1]
        return [rules[event] for event in self.events() if event in rules]

    def events(self):
        """(chain, handle) of each rule that was carried out."""
        while select.select([self.sock], [], [], 0)[0]:
            data = self.sock.recv(1 << 16)
            at = 0
            while at < len(data):
                size, kind = struct.unpack_from("=IH", data, at)
                if kind & 0xff == NFT_MSG_TRACE:
                    attrs = dict(seen.attributes(data[at + 20:at + size]))
                    if 3 in attrs:      # the handle of a rule
                        yield (attrs[2].rstrip(b"\0").decode(),
                               struct.unpack("!Q", attrs[3])[0])
                at += (size + 3) & ~3


LOGS = (
    ("dropped", "[policy]\nlog = 3/hour\n[allow a]\ntcp = 22\n",
     ["open tcp 22", "closed tcp 23", "closed udp 53"], 3),
    ("nothing by default", "[allow a]\ntcp = 22\n",
     ["open tcp 22", "closed tcp 23"], 0),
    ("refused", "[policy]\nlog = 30/hour\ndefault = reject\n"
     "[allow a]\ntcp = 22\n", ["open tcp 22", "refused tcp 23"], 2),
    ("section", "[allow a]\ntcp = 22\nlog = 3/hour\n[allow b]\ntcp = 80\n",
     ["open tcp 22", "open tcp 22", "open tcp 80", "closed tcp 23"], 3),
    ("limited section", "[allow a]\ntcp = 22\nrate = 3/hour\n"
     "log = 30/hour\n", ["open tcp 22", "closed udp 22"], 2),
    ("block", "[allow a]\ntcp = 22\n[block b]\nfrom = 203.0.113.0/24\n"
     "log = 2/hour\n",
     ["closed tcp 22 from 203.0.113.1", "closed tcp 9 from 203.0.113.1",
      "closed ping from 203.0.113.1", "open tcp 22"], 2),
    ("section, not the rest", "[policy]\nlog = no\n[allow a]\ntcp = 22\n"
     "log = no\n[allow b]\nudp = 53\nlog = 9/hour\n",
     ["open tcp 22", "open udp 53", "closed udp 54"], 2),
)


@cases(*LOGS)
def test_log(policy, lines, wanted):
    """So many entries, and no more; the prefix says whose they are."""
    with world() as w:
        log = Log(w)
        w.apply(policy)
        hold(w, *lines)
        got = log.prefixes()
        assert len(got) == wanted, got
        assert all(p.startswith("portwall") for p in got), got
