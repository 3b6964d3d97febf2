# SPDX-License-Identifier: GPL-2.0-or-later
"""A host under fire: a stream of packets to open and to closed ports.

Half of a UDP stream goes to ports that are closed, half to ports that are
open, whatever is done to the host meanwhile; an observer in front of all
chains and one behind all of them count both. A TCP transfer runs beside.
"""

import os
import re
import socket
import subprocess
import threading

from .need import Failure, need
from .netns import Netns

HOST, PEER = "10.99.0.2", "10.99.0.1"
MAC = "02:00:00:00:00:02"
OPEN, OPEN_LISTED, CLOSED, CLOSED_LISTED = 5000, 5001, 5002, 5003
XFER = 7100
SOURCES = ["10.99.%d.%d" % (a, b) for a in (1, 2) for b in range(1, 33)]

# Before everybody, and behind everybody else's input
OBSERVER = """table inet observer {
  counter seen_open { }
  counter seen_closed { }
  counter got_open { }
  counter got_closed { }
  chain first { type filter hook prerouting priority -400; policy accept;
    udp dport { 5000, 5001 } counter name seen_open
    udp dport { 5002, 5003 } counter name seen_closed
  }
  chain last { type filter hook input priority 2147483646; policy accept;
    udp dport { 5000, 5001 } counter name got_open
    udp dport { 5002, 5003 } counter name got_closed
  }
}
"""


class Host:
    """The host, its peer, and what fires at it."""

    def __init__(self, blast):
        self.blast = blast
        self.host, self.peer = Netns("host"), Netns("peer")
        target = "/proc/%d/fd/%d" % (os.getpid(), self.peer.fd)
        self.host.sysctl(ipv4__conf__all__rp_filter=0,
                         ipv4__conf__default__rp_filter=0)
        self.host.ip(
            "link add eth0 address %s type veth peer name out0 netns %s"
            % (MAC, target),
            "link set eth0 up", "address add %s/16 dev eth0" % HOST)
        self.peer.ip("link set out0 up", "address add %s/16 dev out0" % PEER)
        self.host.nft(OBSERVER)
        self.sinks = [self._sink(p) for p in (OPEN, OPEN_LISTED, CLOSED,
                                              CLOSED_LISTED)]

    def _sink(self, port):
        sock = self.host.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with self.host.entered():
            sock.bind(("0.0.0.0", port))
        return sock

    def counters(self, table):
        text = self.host.run(["nft", "list", "counters", "table", "inet",
                              table]).stdout
        return {name: int(packets) for name, packets in re.findall(
            r"counter (\S+) \{\s+packets (\d+)", text)}

    def settled(self):
        """Counters of the observer once no frame is under way any more."""
        seen = None
        while seen != (now := self.counters("observer")):
            seen = now
        return seen

    def fire(self, seconds):
        """Start the stream; returns the process."""
        flows = "".join(
            "udp %s %s %d %d\n" % (source, HOST, 20000 + i, port)
            for i, source in enumerate(SOURCES)
            for port in (OPEN, CLOSED, OPEN_LISTED, CLOSED_LISTED))
        with self.peer.entered():
            process = subprocess.Popen(
                [self.blast, "out0", MAC, "%ds" % seconds],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process.stdin.write(flows)
        process.stdin.close()
        return process

    def close(self):
        for sock in self.sinks:
            sock.close()
        self.host.close()
        self.peer.close()


class Transfer(threading.Thread):
    """A TCP stream into the host that must arrive whole, byte for byte."""

    def __init__(self, host):
        super().__init__(daemon=True)
        server = host.host.socket(socket.AF_INET, socket.SOCK_STREAM)
        with host.host.entered():
            server.bind((HOST, XFER))
            server.listen(1)
        self.out = host.peer.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.out.settimeout(20)
        with host.peer.entered():
            self.out.connect((HOST, XFER))
        self.into, _ = server.accept()
        self.into.settimeout(20)
        server.close()
        self.stopping = threading.Event()
        self.received, self.error = 0, None

    def run(self):
        block = bytes(range(256)) * 64
        try:
            while not self.stopping.is_set():
                self.out.sendall(block)
                got = b""
                while len(got) < len(block):
                    part = self.into.recv(len(block) - len(got))
                    need(part, "the transfer was closed")
                    got += part
                need(got == block, "the transfer is damaged")
                self.received += len(got)
        except (OSError, Failure) as err:
            self.error = err

    def end(self):
        self.stopping.set()
        self.join()
        self.out.close()
        self.into.close()
        need(not self.error, "transfer broke: %s" % self.error)
        need(self.received, "the transfer never moved")
