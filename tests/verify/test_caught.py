# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts whose rules are wrong: what is wrong is found and named."""

from lib.runner import cases
from packets import engines

from verify.host import POLICY, host, verify

VIOLATION = {"result": "violation"}


def found(world, *wanted):
    verify(world).need(1, *({**VIOLATION, **want} for want in wanted))


def test_correct():
    with host() as world:
        seen = verify(world)
        seen.need(0)
        seen.need_none(result="violation")
        seen.need_none(result="warning")
        seen.need_none(result="unknown")


def test_a_port_too_many():
    with host() as world:
        listing = world.host.run(
            ["nft", "list", "table", "inet", "portwall"]).stdout
        chain = "g1.local"
        assert "chain " + chain in listing
        world.host.nft("insert rule inet portwall %s tcp dport 81 accept\n"
                       % chain)
        found(world, {"port": 81, "interface": "eth0"},
              {"port": 81, "interface": "eth1"})


def test_a_missing_drop():
    with host() as world:
        world.host.nft("flush chain inet portwall g1.end\n"
                       "flush chain inet portwall g1.drop\n")
        found(world, {"port": 31337, "interface": "eth0"})


def test_v6_forgotten():
    with host(policy=None) as world:
        world.policy = world.file("policy.ini", POLICY)
        world.host.nft("""
table ip filter {
    chain input {
        type filter hook input priority 0; policy drop;
        iif lo accept
        ct state established,related accept
        ip saddr 198.51.100.0/24 drop
        tcp dport { 80, 443 } accept
        ip saddr 203.0.113.66 drop
        ip saddr 203.0.113.0/24 tcp dport 22 accept
        iifname eth1 tcp dport 9100 accept
    }
}
""")
        seen = verify(world)
        seen.need(1, {**VIOLATION, "port": 31337, "address": "fd99::3"},
                  {**VIOLATION, "port": 81, "address": "fd99::2"})
        seen.need_none(result="violation", port=81, address="10.99.0.2")


def test_an_interface_mixed_up():
    with host() as world:
        world.host.nft("insert rule inet portwall g1.pre iifname eth0 "
                       "tcp dport 9100 accept\n"
                       "insert rule inet portwall g1.in iifname eth0 "
                       "tcp dport 9100 accept\n"
                       "insert rule inet portwall g1.pre iifname eth1 "
                       "tcp dport 9100 drop\n")
        found(world, {"port": 9100, "interface": "eth0"},
              {"port": 9100, "interface": "eth1", "says": "not reachable"})


def test_a_block_ignored():
    with host() as world:
        world.host.nft("flush chain inet portwall g1.block\n")
        found(world, {"port": 80, "says": "block 'bad'"})


def test_an_except_lost():
    with host() as world:
        world.host.nft("insert rule inet portwall g1.local "
                       "ip saddr 203.0.113.0/24 tcp dport 22 accept\n")
        seen = verify(world, "--full")
        seen.need(1, {**VIOLATION, "port": 22, "interface": "eth0"},
                  {**VIOLATION, "says": "rules and policy differ"})


@cases("docker_iptables", "docker_nft")
def test_published_past_input(engine):
    """Rules in the input hook alone: what a container publishes is open."""
    b = engines.bridge("docker0", 17)
    with host(policy=None, forward=True) as world:
        world.container("c1", b.name, b.v4, b.v6, b.gw4, b.gw6)
        getattr(engines, engine)(world, b)
        world.host.nft("""
table inet filter {
    chain input {
        type filter hook input priority 0; policy drop;
        iif lo accept
        ct state established,related accept
        tcp dport { 80, 443 } accept
    }
}
""")
        world.policy = world.file("policy.ini", "[allow web]\ntcp = 80, 443\n")
        found(world, {"port": 8443, "interface": "eth0",
                      "says": "172.17.0.2:80"})


def test_refused_posing_as_closed():
    """Another table answers where the policy is silent: not open, but told."""
    with host() as world:
        world.host.nft("table inet other { chain pre { type filter hook "
                       "prerouting priority -210; tcp dport 31337 reject "
                       "with tcp reset\n }\n}\n")
        seen = verify(world)
        seen.need(0, {"result": "warning", "port": 31337, "says": "RST"})
        seen.need_none(result="violation")


def test_policy_drop_without_rules():
    with host() as world:
        world.host.nft("flush chain inet portwall prerouting\n"
                       "flush chain inet portwall input\n"
                       "flush chain inet portwall forward\n")
        found(world, {"port": 80, "says": "not reachable"})


def test_a_rule_by_hand():
    with host() as world:
        world.host.nft("insert rule inet portwall g1.pre tcp dport 31337 "
                       "accept\ninsert rule inet portwall g1.in tcp dport "
                       "31337 accept\n")
        world.listen("tcp", 31337)
        found(world, {"port": 31337, "interface": "eth0", "state": "open"})


def test_another_table_drops():
    """An accept is not final across tables: an allowed port is shut."""
    with host() as world:
        world.host.nft("table inet other { chain in { type filter hook input "
                       "priority 10; tcp dport 443 drop\n }\n}\n")
        found(world, {"port": 443, "says": "not reachable"})


def by_hand(world, rule, more=""):
    """A firewall that is not ours and right but for one rule."""
    world.policy = world.file("policy.ini", POLICY)
    world.host.nft("""
table inet filter {
    chain input {
        type filter hook input priority 0; policy drop;
        iif lo accept
        ct state established,related accept
        ip saddr 198.51.100.0/24 drop
        ip6 saddr 2001:db8:bad::/48 drop
        tcp dport { 80, 443 } accept
        iifname eth1 tcp dport 9100 accept
        ip saddr 203.0.113.66 drop
        ip saddr 203.0.113.0/24 tcp dport 22 accept
        ip6 saddr 2001:db8:10::/48 tcp dport 22 accept
        %s
    }
    %s
}
""" % (rule, more))


def test_by_hand_and_right():
    with host(policy=None) as world:
        by_hand(world, "")
        for options in ((), ("--full",)):
            seen = verify(world, *options)
            seen.need(0)
            seen.need_none(result="violation")


@cases("udp sport 53", "tcp sport 20", "udp sport 123", "tcp sport 443")
def test_a_source_port_let_in(match):
    with host(policy=None) as world:
        by_hand(world, match + " accept")
        found(world, {"port": 65535, "interface": "eth0", "from":
                      "anyone with source port " + match.split()[-1]})


@cases("ip saddr 10.0.0.0/8", "ip saddr 172.16.0.0/12",
       "ip saddr 192.168.0.0/16", "ip saddr 100.64.0.0/10",
       "ip saddr 10.99.1.0/24", "ip6 saddr fe80::/10", "ip6 saddr fc00::/7")
def test_trusted_by_habit(match):
    with host(policy=None) as world:
        by_hand(world, match + " accept")
        found(world, {"port": 65535, "interface": "eth1"})


def test_an_address_of_another_interface():
    """Meant for those on eth1, who are not the only ones to reach it."""
    with host(policy=None) as world:
        by_hand(world, "ip daddr 10.99.1.2 tcp dport 9100 accept")
        found(world, {"port": 9100, "interface": "eth0",
                      "address": "10.99.1.2"})


def test_an_address_of_lo():
    with host(policy=None) as world:
        world.host.ip("address add 10.88.0.1/32 dev lo")
        by_hand(world, "ip daddr 10.88.0.1 accept")
        found(world, {"port": 65535, "address": "10.88.0.1"})


def test_loopback_from_outside():
    with host(policy=None) as world:
        world.host.sysctl(ipv4__conf__eth0__route_localnet=1)
        by_hand(world, "ip daddr 127.0.0.1 accept")
        found(world, {"port": 65535, "interface": "eth0",
                      "address": "127.0.0.1"})


def test_published_on_a_second_address():
    with host(policy=None, forward=True) as world:
        by_hand(world, "", "chain nat { type nat hook prerouting priority "
                "-100; ip daddr 10.99.0.3 tcp dport 8443 dnat ip to "
                "10.99.1.1:80\n }\n")
        found(world, {"port": 8443, "address": "10.99.0.3",
                      "says": "10.99.1.1:80"})


# 75,000 rules for each packet
SLOW = "".join(["table ip slow {\n chain long {\n",
                *["ip saddr 245.0.0.%d drop\n" % (i % 256)
                  for i in range(5000)],
                " }\n chain pre {\n type filter hook prerouting priority "
                "-300\n", "jump long\n" * 15, " }\n}\n"])


def test_slow_rules_of_others():
    """Nobody waits for minutes: fewer ports are asked, and it is said"""
    with host() as world:
        world.listen("tcp", 5432)
        world.host.nft("insert rule inet portwall g1.local tcp dport 5432 "
                       "accept\n" + SLOW)
        seen = verify(world)
        seen.need(1, {**VIOLATION, "port": 5432})
        assert any("--full sends all" in note for note in seen.doc["notes"]), \
            seen.doc["notes"]
        sent = seen.doc["totals"]["probes"]
        assert sent < 100000, sent


def test_full_asks_all_ports_of_all():
    with host(policy=None) as world:
        by_hand(world, "ip saddr 203.0.113.0/24 tcp dport 5000 accept")
        verify(world, "--full").need(
            1, {**VIOLATION, "port": 5000, "interface": "eth0"})


def test_no_rules_at_all():
    with host(policy=None) as world:
        world.policy = world.file("policy.ini", POLICY)
        world.listen("tcp", 5432)
        found(world, {"port": 5432, "state": "open"},
              {"port": 31337, "state": "unused"})


def test_without_a_policy_named():
    """Compared with what is in force, which is told by its digest."""
    with host() as world:
        world.listen("tcp", 5432)
        seen = verify(world)
        seen.need(0, {"state": "shielded", "port": 5432})
