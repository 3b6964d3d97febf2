# SPDX-License-Identifier: GPL-2.0-or-later
"""What an apply must leave alone: tables of others, and connections."""

import select
import socket
import threading

from lib.runner import cases
from packets.lines import hold, world

HOST = {4: "10.88.0.1", 6: "fd88::1"}
PEER = {4: "10.88.0.2", 6: "fd88::2"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}

FOREIGN = """
table inet f2b-table {
	set addr-set-sshd {
		type ipv4_addr
		elements = { 192.0.2.7, 192.0.2.9 }
	}
	set timed { type ipv4_addr; flags timeout; timeout 1d; }
	chain f2b-chain {
		type filter hook input priority filter - 1; policy accept;
		tcp dport 22 ip saddr @addr-set-sshd reject with icmp port-unreachable
	}
}
table ip mangle {
	chain PREROUTING {
		type filter hook prerouting priority mangle; policy accept;
		ip daddr 10.99.0.2 tcp dport 9999 counter meta mark set 0x7
	}
}
table ip6 libvirt_network {
	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname "virbr0" counter accept
		limit rate 3/hour burst 5 packets log prefix "virt: "
	}
}
table bridge filter {
	chain forward { type filter hook forward priority filter; policy accept; }
}
table inet portwall2 {
	map p { type inet_service : verdict; elements = { 7 : drop, 9 : accept } }
	chain input {
		type filter hook input priority filter; policy accept;
		tcp dport vmap @p
	}
}
"""

POLICIES = (
    "[allow a]\ntcp = 22\n",
    "[policy]\ndefault = reject\nlog = 1/hour\n[allow a]\ntcp = 22, 1000-2000\n"
    "rate = 5/hour per source\n[block b]\nfrom = 203.0.113.0/24\n",
    "[policy]\ncontainers = ignore\n[allow a]\nudp = 53\non = eth*\n"
    "from = private\nconnections = 10 per source\n",
)


def others(w):
    """Every table but portwall's own, with counters and handles."""
    tables = [line.split()[1:] for line in
              w.host.run(["nft", "list", "tables"]).stdout.splitlines()]
    return {" ".join(name): w.host.run(["nft", "-a", "list", "table",
                                        *name]).stdout
            for name in tables if name != ["inet", "portwall"]}


def test_tables_of_others():
    """Byte for byte, counters and handles included."""
    with world() as w:
        w.host.nft(FOREIGN)
        before = others(w)
        assert len(before) == 6, sorted(before)
        for policy in POLICIES * 2:
            w.apply(policy)
            assert others(w) == before, policy
        assert w.apply("[allow a]\ntcp = 99999\n",
                       check=False).returncode == 2
        w.portwall("clear", "--yes")
        assert others(w) == before
        tables = w.host.run(["nft", "list", "tables"]).stdout
        assert "inet portwall\n" not in tables, tables


def test_drop_of_others_holds():
    """An accept of portwall is not the last word, a drop is."""
    with world() as w:
        w.host.nft(FOREIGN)
        w.apply("[allow a]\ntcp = 22, 7, 9\n")
        hold(w, "closed tcp 7", "open tcp 9", "open tcp 22", "closed tcp 10")


def tcp_pair(server, client, address, port):
    """An established connection: (server's end, client's end)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = server.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen()
    listener.settimeout(20)
    near = client.socket(family, socket.SOCK_STREAM)
    near.settimeout(20)
    near.connect((address, port))
    far, _ = listener.accept()
    far.settimeout(20)
    listener.close()
    return far, near


def says(speaker, hearer, text):
    speaker.sendall(text)
    heard = hearer.recv(100)
    assert heard == text, heard


def tracked(w):
    """Whether conntrack knows a connection with the peer."""
    return "10.88.0" in w.host.run(["conntrack", "-L"]).stdout or \
        "fd88::" in w.host.run(["conntrack", "-L", "-f", "ipv6"]).stdout


@cases(*(("IPv%d, %s listens, %s speaks first" % (
    family, "host" if host_listens else "peer",
    "host" if host_speaks else "peer"), family, host_listens, host_speaks)
         for family in (4, 6) for host_listens in (True, False)
         for host_speaks in (True, False)))
def test_adopt(family, host_listens, host_speaks):
    """A connection that conntrack has never seen outlives the first apply,
    to a port that the policy closes, whoever speaks first."""
    with world() as w:
        peer = w.peer()
        server, client, address = (w.host, peer, HOST) if host_listens else (
            peer, w.host, PEER)
        far, near = tcp_pair(server, client, address[family], 2222)
        here, there = (far, near) if host_listens else (near, far)
        assert not tracked(w), "conntrack works before the first apply"
        w.apply("[allow a]\ntcp = 80\n")
        speaker, hearer = (here, there) if host_speaks else (there, here)
        says(speaker, hearer, b"first")
        says(hearer, speaker, b"second")
        w.apply("[allow a]\ntcp = 81\n")
        says(hearer, speaker, b"third")
        says(speaker, hearer, b"fourth")
        for sock in (far, near):
            sock.close()


@cases(("IPv4", 4), ("IPv6", 6))
def test_adopt_is_needed(family):
    """Control: without it the connection above would be lost."""
    with world() as w:
        peer = w.peer()
        far, near = tcp_pair(peer, w.host, PEER[family], 2222)
        w.apply("[allow a]\ntcp = 80\n")
        w.host.nft("flush set inet portwall adopt")
        far.sendall(b"first")
        w.settle()
        near.setblocking(False)
        try:
            raise AssertionError("heard: %r" % near.recv(100))
        except BlockingIOError:
            pass
        far.close()
        near.close()


@cases(("IPv4", 4), ("IPv6", 6))
def test_adopt_only_what_is_there(family):
    """New connections are judged as ever while old ones are adopted."""
    with world() as w:
        peer = w.peer()
        w.listen("tcp", 2222)
        w.listen("tcp", 80)
        w.apply("[allow a]\ntcp = 80\n")
        for port, comes in ((80, True), (2222, False)):
            sock = peer.socket(FAMILY[family], socket.SOCK_STREAM)
            sock.settimeout(20 if comes else 1)
            try:
                sock.connect((HOST[family], port))
                assert comes, "a closed port answers"
            except TimeoutError:
                assert not comes
            sock.close()


class Download(threading.Thread):
    """Sends one way without pause, and checks that nothing is missing."""

    BLOCK = bytes(range(256)) * 64

    def __init__(self, sender, receiver):
        super().__init__(daemon=True)
        self.sender, self.receiver = sender, receiver
        self.received = 0
        self.failure = None
        self.ending = False

    def run(self):
        sent = 0
        try:
            self.sender.setblocking(False)
            self.receiver.setblocking(False)
            while not (self.ending and sent == self.received):
                readable, writable, _ = select.select(
                    [self.receiver], [] if self.ending else [self.sender], [],
                    20)
                if not readable and not writable:
                    raise TimeoutError("nothing moves")
                if writable:
                    at = sent % len(self.BLOCK)
                    sent += self.sender.send(self.BLOCK[at:])
                if readable:
                    self.check(self.receiver.recv(1 << 16))
        except (OSError, AssertionError) as err:
            self.failure = err

    def check(self, data):
        at = self.received % len(self.BLOCK)
        wanted = (self.BLOCK * (len(data) // len(self.BLOCK) + 2))[
            at:at + len(data)]
        assert data and data == wanted, "data is missing"
        self.received += len(data)


@cases(("IPv4, kept open", 4, "[allow a]\ntcp = 2222\n"),
       ("IPv6, kept open", 6, "[allow a]\ntcp = 2222\n"),
       ("IPv4, port closed", 4, "[allow a]\ntcp = 80\n"),
       ("IPv6, port closed", 6, "[allow a]\ntcp = 80\n"))
def test_download(family, policy):
    """Survives 20 applies, and moves on after each."""
    with world() as w:
        peer = w.peer()
        w.apply("[allow a]\ntcp = 2222\n")
        far, near = tcp_pair(w.host, peer, HOST[family], 2222)
        download = Download(far, near)
        download.start()
        for n in range(20):
            w.apply(policy + "[allow b]\nudp = %d\n" % (1000 + n))
            seen = download.received
            while download.received < seen + 100000 and download.is_alive():
                select.select([], [], [], 0.001)
        download.ending = True
        download.join(30)
        assert not download.is_alive() and not download.failure, \
            download.failure
        assert download.received > 2000000
        far.close()
        near.close()
