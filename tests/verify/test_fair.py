# SPDX-License-Identifier: GPL-2.0-or-later
"""Correct hosts of all kinds: no false finding; and nothing is disturbed."""

import socket

from lib.runner import families
from lib.world import PORTWALL

from verify.host import POLICY, Seen, host, verify

FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


def fair(seen, *wanted):
    seen.need(0, *wanted)
    for result in ("violation", "unknown"):
        seen.need_none(result=result)


def test_odd_ports():
    with host("[allow odd]\ntcp = 1, 31337, 65535\nudp = 40001\n",
              listen=(("tcp", 1), ("tcp", 31337), ("tcp", 65535),
                      ("udp", 40001), ("tcp", 54321), ("udp", 54322))) as w:
        fair(verify(w), {"state": "open", "port": 1},
             {"state": "open", "port": 65535},
             {"state": "open", "port": 40001, "protocol": 17},
             {"state": "shielded", "port": 54321},
             {"state": "shielded", "port": 54322, "protocol": 17})


def test_one_address_only():
    with host(listen=()) as w:
        w.listen("tcp", 80, w.first.v4_second)
        w.listen("tcp", 5432, w.first.v4_second)
        fair(verify(w), {"state": "open", "port": 80},
             {"state": "shielded", "port": 5432})


def test_v6_only():
    with host(listen=()) as w:
        sock = w.host.socket(socket.AF_INET6, socket.SOCK_STREAM)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("::", 443))
        sock.listen(5)
        seen = verify(w)
        fair(seen, {"state": "open", "port": 443})
        assert all("0.0.0.0" not in (f.get("address") or "")
                   for f in seen.findings(state="open", port=443))
        sock.close()


def test_full_backlog():
    with host(listen=()) as w:
        sock = w.host.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.bind(("0.0.0.0", 80))
        sock.listen(0)
        held = []
        for _ in range(8):
            one = w.host.socket(socket.AF_INET, socket.SOCK_STREAM)
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", 80))
            held.append(one)
        fair(verify(w), {"state": "open", "port": 80})
        for one in (sock, *held):
            one.close()


def test_local_only():
    with host(listen=()) as w:
        w.listen("tcp", 6379, "127.0.0.1")
        w.listen("tcp", 631, "::1")
        seen = verify(w)
        fair(seen, {"state": "local", "port": 6379},
             {"state": "local", "port": 631})


def test_under_rps():
    with host() as w:
        with w.host.entered():
            for link in w.links:
                path = "/sys/class/net/%s/queues/rx-0/rps_cpus" % link
                w.host.run(["sh", "-c", "mount -t sysfs sysfs /sys && "
                            "echo 3 >%s" % path], check=False)
        fair(verify(w), {"state": "open", "port": 80})


def test_a_lossy_link():
    """A fifth of all that comes in is lost before any rule: sent again."""
    with host() as w:
        w.host.nft("table netdev lossy { chain in { type filter hook ingress "
                   "device eth0 priority 0; numgen random mod 5 0 drop\n"
                   "}\n}\n")
        seen = verify(w)
        fair(seen, {"state": "open", "port": 80})
        assert seen.doc["totals"]["lost"] > 1000


def test_ipv6_switched_off():
    with host(listen=(("tcp", 80, "0.0.0.0"),)) as w:
        w.host.sysctl(ipv6__conf__all__disable_ipv6=1)
        fair(verify(w), {"state": "open", "port": 80})


def test_ipv6_switched_off_on_one_interface():
    with host() as w:
        w.host.sysctl(ipv6__conf__eth1__disable_ipv6=1)
        fair(verify(w), {"state": "open", "port": 80})


def test_interface_down():
    with host() as w:
        w.host.ip("link set eth1 down")
        fair(verify(w), {"state": "open", "port": 80})


def test_limits_are_left_alone():
    with host("[allow ssh]\ntcp = 22\nrate = 2/hour per source\n"
              "[allow web]\ntcp = 80\nlog = 1/hour\n") as w:
        before = counted(w)
        seen = verify(w)
        fair(seen)
        assert counted(w) == before, "a limit was used up"
        cases_ = {c["name"]: c for c in seen.doc["cases"]}
        assert cases_["section 'ssh'"]["result"] == "computed"
        assert cases_["section 'web'"]["result"] == "computed"


def counted(w):
    """Packets that limited sections have counted"""
    listing = w.host.run(["nft", "list", "counters", "table", "inet",
                          "portwall"]).stdout
    return [line for name in ("n.ssh", "n.web")
            for line in listing.partition(name)[2].splitlines()[1:2]]


def test_unused_openings_are_warned_about():
    with host(listen=(("tcp", 22), ("tcp", 80))) as w:
        fair(verify(w), {"result": "warning", "state": "unused",
                         "port": 443},
             {"result": "warning", "state": "unused", "port": 9100})


def test_nothing_is_disturbed():
    """Tables of others byte for byte; no connection known; nothing sent."""
    with host() as w:
        w.host.nft("table inet other {\n set s { type ipv4_addr; elements = { "
                   "192.0.2.1 }; }\n chain c { type filter hook input "
                   "priority 5; ip saddr @s counter drop\n }\n}\n")
        before = w.host.run(["nft", "list", "table", "inet", "other"]).stdout
        w.settle()
        fair(verify(w))
        assert w.host.run(["nft", "list", "table", "inet", "other"]).stdout \
            == before
        tables = w.host.run(["nft", "list", "tables"]).stdout.split("\n")
        assert sorted(filter(None, tables)) == [
            "table inet other", "table inet portwall"], tables
        assert w.settle() == [], "something was sent"
        known = w.host.run(["cat", "/proc/thread-self/net/nf_conntrack"]
                           ).stdout.splitlines()
        assert all("src=127." in one or "src=::1 " in one or
                   "0000:0000:0000:0001 " in one for one in known), known


def test_foreign_log_rules_need_consent():
    with host() as w:
        w.host.nft("table inet other { chain c { type filter hook input "
                   "priority 5; limit rate 1/minute log prefix \"x\"\n"
                   "}\n}\n")
        done = w.host.run([PORTWALL, "verify", w.policy], check=False)
        assert done.returncode == 3, done.stdout + done.stderr
        assert "other" in done.stdout + done.stderr
        verify(w).need(0)




@families
def test_rp_filter(family):
    """A pair that the reverse-path filter refuses is reported as such."""
    if family == 6:
        return
    with host("[allow net]\ntcp = 80\nfrom = 10.99.1.0/24\non = eth0\n"
              "[allow web]\ntcp = 443\n") as w:
        w.host.sysctl(ipv4__conf__all__rp_filter=1,
                      ipv4__conf__eth0__rp_filter=1)
        seen = verify(w)
        seen.need_none(result="violation")
        assert any("reverse-path" in (f.get("text") or "")
                   for f in seen.doc["findings"])


def test_policy_of_many_classes():
    policy = POLICY + "".join(
        "[allow s%d]\ntcp = %d\nfrom = 192.0.%d.0/24\n" % (i, 2000 + i, i)
        for i in range(40))
    with host(policy) as w:
        fair(verify(w))


def test_without_privilege():
    """Loopback alone is looked at; of the network nothing is known."""
    with host() as w:
        seen = Seen(w.host.run(
            ["setpriv", "--bounding-set=-all", "--inh-caps=-all",
             "--reuid=65534", "--regid=65534", "--clear-groups", PORTWALL,
             "verify", "--json"], check=False))
        assert seen.status == 4, seen.said
        seen.need_none(state="open")
        assert any(c["suite"] == "loopback" and c["result"] == "pass"
                   for c in seen.doc["cases"])
