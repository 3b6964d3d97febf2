# SPDX-License-Identifier: GPL-2.0-or-later
"""Other tables: who drops what is open is found, who bans somebody is not."""
from netns.lib.runner import cases

from drift.host import host
from netns.lib.need import need

FAIL2BAN = """
table inet f2b-table {
	set addr-set-sshd { type ipv4_addr; elements = { 192.0.2.7 } }
	chain f2b-chain {
		type filter hook input priority -1; policy accept;
		tcp dport { 22 } ip saddr @addr-set-sshd reject with icmp port-unreachable
	}
}
"""
# The shape of /etc/nftables.conf of Debian's examples (workstation)
WORKSTATION = """
table inet filter {
	chain input {
		type filter hook input priority filter; policy %s;
		iif lo accept
		ct state established,related accept
		%s
	}
}
"""
# Chains of ufw 0.36 as iptables-nft loads them, the part that decides
UFW = """
table ip filter {
	chain ufw-user-input { %s }
	chain ufw-before-input {
		iifname "lo" counter packets 0 bytes 0 accept
		ct state related,established counter packets 0 bytes 0 accept
		counter packets 0 bytes 0 jump ufw-user-input
	}
	chain INPUT {
		type filter hook input priority filter; policy drop;
		counter packets 0 bytes 0 jump ufw-before-input
	}
}
"""
# Chains of firewalld 1.3, the part that decides
FIREWALLD = """
table inet firewalld {
	chain filter_IN_public_allow { tcp dport 22 ct state new,untracked accept; }
	chain filter_IN_public {
		jump filter_IN_public_allow
		meta l4proto { icmp, ipv6-icmp } accept
		reject with icmpx admin-prohibited
	}
	chain filter_INPUT {
		type filter hook input priority filter + 10; policy accept;
		ct state { established, related } accept
		ct status dnat accept
		iifname "lo" accept
		ct state invalid drop
		jump filter_INPUT_ZONES
		reject with icmpx admin-prohibited
	}
	chain filter_INPUT_ZONES { goto filter_IN_public; }
}
"""
NAT = """
table ip nat {
	chain PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
		%s
	}
}
"""


@cases(
    ("a ban", FAIL2BAN),
    ("accepts all that is open", WORKSTATION % (
        "drop", "tcp dport 22 accept; tcp dport 80 accept;"
        "tcp dport 443 accept")),
    ("no policy, no drop", WORKSTATION % ("accept", "counter")),
    ("drops what is closed anyway", WORKSTATION % (
        "accept", "tcp dport 23 drop; udp dport 443 drop")),
    ("drops by source", WORKSTATION % (
        "accept", "ip saddr 198.51.100.0/24 drop; ip6 saddr 2001:db8::/32 "
        "tcp dport 443 drop")),
    ("drops beyond a rate", WORKSTATION % (
        "accept", "tcp dport 22 limit rate over 10/second drop")),
    ("drops what is invalid", WORKSTATION % ("accept",
                                             "ct state invalid drop")),
    ("drops old connections", WORKSTATION % (
        "accept", "ct state established tcp dport 80 drop")),
    ("drops on loopback", WORKSTATION % (
        "accept", 'iifname "lo" tcp dport 80 drop')),
    ("drops what is forwarded", """table inet filter {
	chain forward { type filter hook forward priority filter; policy drop; }
}"""),
    ("drops what is sent", """table inet filter {
	chain output { type filter hook output priority filter; policy drop; }
}"""),
    ("sleeps", """table inet filter { flags dormant;
	chain input { type filter hook input priority filter; policy drop; }
}"""),
    ("nothing goes there", """table inet filter {
	chain input { tcp dport 22 drop; }
}"""),
    ("returns before", WORKSTATION % (
        "accept", "tcp dport 22 return; tcp dport 22 drop")),
    ("masquerades", """table ip nat {
	chain post { type nat hook postrouting priority srcnat; masquerade; }
}"""),
    ("redirects what is closed anyway", NAT % "tcp dport 8080 redirect to 80"),
    ("redirects one source",
     NAT % "ip saddr 192.0.2.1 tcp dport 80 redirect to 81"),
)
def test_is_no_drift(text):
    with host(remembers=False) as one:
        one.apply()
        one.nft(text)
        status = one.status()
        need(not status["drift"] and status["exit"] == 0,
             repr(status["drift"]))


@cases(
    ("by a rule", WORKSTATION % ("accept", "tcp dport 443 drop"),
     "inet filter input", "tcp/443"),
    ("by a range", WORKSTATION % ("accept", "tcp dport 100-500 drop"),
     "inet filter input", "tcp/443"),
    ("what has a limit", WORKSTATION % ("accept", "tcp dport 22 drop"),
     "inet filter input", "tcp/22"),
    ("by a reject", WORKSTATION % ("accept", "tcp dport 80 reject"),
     "inet filter input", "tcp/80"),
    ("all", WORKSTATION % ("accept", "counter drop"), "inet filter input",
     "tcp/"),
    ("in a chain of a chain", """table ip filter {
	chain b { ct state new tcp dport != 22 drop; }
	chain a { jump b; }
	chain input { type filter hook prerouting priority -10; jump a; }
}""", "ip filter b", "tcp/"),
    ("on one interface", WORKSTATION % (
        "accept", 'iifname "eth0" tcp dport 80 drop'),
     "inet filter input", "tcp/80"),
    ("in IPv6", """table ip6 filter {
	chain input { type filter hook input priority 0; tcp dport 80 drop; }
}""", "ip6 filter input", "tcp/80"),
    ("at ingress", """table netdev filter {
	chain in { type filter hook ingress device lo priority 0;
		ip protocol tcp tcp dport 80 drop; }
}""", "netdev filter in", "tcp/80"),
    ("by policy", WORKSTATION % ("drop", "tcp dport 22 accept"),
     "inet filter input, policy drop", "tcp/"),
)
def test_drops(text, chain, port):
    with host(remembers=False) as one:
        one.apply()
        one.nft(text)
        status = one.status()
        found = [d["text"] for d in status["drift"] if d["kind"] == "drops"
                 and not d["note"]]
        need(status["exit"] == 1 and found, repr(status["drift"]))
        need(any("table " + chain in t and port in t for t in found),
             repr(found))


@cases(
    ("after what may accept", WORKSTATION % (
        "drop", "limit rate 5/second accept")),
    ("after a map", WORKSTATION % (
        "drop", "tcp dport vmap { 80 : accept, 443 : accept, 22 : accept }")),
    ("after a set", WORKSTATION % (
        "accept", "tcp dport { 22, 80, 443 } accept; drop")),
)
def test_may_drop_is_a_note(text):
    with host(remembers=False) as one:
        one.apply()
        one.nft(text)
        status = one.status()
        need(status["exit"] == 0, repr(status["drift"]))
        need([(d["kind"], d["note"]) for d in status["drift"]] ==
             [("drops", True)], repr(status["drift"]))


@cases(
    ("redirect", NAT % "tcp dport 80 redirect to 8080", True),
    ("elsewhere", NAT % "tcp dport 443 dnat to 192.0.2.80:443", True),
    ("behind a bridge", NAT % "tcp dport 443 dnat to 172.17.0.2:443", False),
)
def test_hides(text, found):
    with host(remembers=False) as one:
        one.netns.ip("link add docker0 type bridge",
                     "address add 172.17.0.1/16 dev docker0")
        one.apply()
        one.nft(text)
        kinds = [kind for kind, _ in one.drift(notes=True)]
        need(kinds == (["hides"] if found else []), repr(kinds))


@cases(
    ("ufw, all accepted", UFW % "tcp dport 22 accept; tcp dport 80 accept;"
     "tcp dport 443 accept;", "ufw", []),
    ("ufw, some", UFW % "tcp dport 22 accept;", "ufw", ["drops"]),
    ("firewalld", FIREWALLD, "firewalld", []),
)
def test_manager(text, name, beside):
    with host(remembers=False) as one:
        one.apply()
        one.nft(text)
        found = one.drift()
        need([t for k, t in found if k == "manager" and name in t],
             repr(found))
        need(sorted({k for k, _ in found} - {"manager"}) == beside,
             repr(found))
