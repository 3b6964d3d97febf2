# SPDX-License-Identifier: GPL-2.0-or-later
"""Temporary openings: what they let in, for how long, and what beats them."""

import concurrent.futures
import json
import os
import random
import re
import time

from lib.runner import cases, families
from packets.lines import hold, send, world
from packets.test_containers import host
from packets.test_live import FOREIGN, others

POLICY = "[allow ssh]\ntcp = 22\n"
KINDS = ("tcp 2222", "udp 2222", "sctp 2222")


def opened(w, *args, **options):
    return w.portwall("open", *args, **options)


def minutes_left(w):
    """Of each element of the sets of openings, rounded."""
    text = w.host.run(["nft", "-j", "list", "sets", "inet"]).stdout
    return sorted(
        (elem["elem"]["expires"] + 30) // 60
        for entry in json.loads(text)["nftables"]
        for elem in entry.get("set", {}).get("elem", ())
        if re.match(r"s\.open(4|6)?(\.if)?$", entry["set"]["name"]))


@cases(*((kind, kind) for kind in KINDS))
def test_opens_and_closes(kind):
    proto, port = kind.split()
    with world("eth0", "eth1") as w:
        w.apply(POLICY)
        hold(w, "closed " + kind)
        opened(w, proto + "/" + port, "--for", "1h")
        hold(w, "open " + kind, "open %s on eth1" % kind,
             "open %s to second" % kind,
             *("closed %s 2222" % other.split()[0] for other in KINDS
               if other != kind),
             "closed %s 2221" % proto, "closed %s 2223" % proto,
             "open tcp 22", "open ping")
        done = w.portwall("close", "%s/%s" % (proto, port))
        assert "closed: 1 opening" in done.stdout, done.stdout
        hold(w, "closed " + kind, "open tcp 22")
        done = w.portwall("close", "%s/%s" % (proto, port), check=False)
        assert done.returncode == 1, done


def test_not_to_many():
    """Groups, broadcast, and pings are no openings' business."""
    with world() as w:
        w.apply("[policy]\nping = no\n" + POLICY)
        opened(w, "udp/5353", "--for", "1h")
        hold(w, "open udp 5353", "closed udp 5353 to group",
             "closed udp 5353 to broadcast", "closed ping",
             "closed proto 89")


@families
def test_the_kernel_ends_it(family):
    """Nobody is there to do it: what opened it has long ended."""
    line = "tcp 2222 from " + {4: "192.0.2.1", 6: "2001:db8::1"}[family]
    with world() as w:
        w.apply(POLICY)
        begun = time.monotonic()
        opened(w, "tcp/2222", "--for", "2s")
        first = send(w, line).verdict
        last_open = time.monotonic()
        assert first == "delivered", first
        while send(w, line).verdict == "delivered":
            last_open = time.monotonic()
            assert last_open < begun + 30, "still open"
        assert time.monotonic() > begun + 2, "ended before its time"
        hold(w, "closed " + line, "open tcp 22")
        assert not minutes_left(w)


def test_from():
    with world() as w:
        w.apply(POLICY)
        opened(w, "tcp/2222", "--for", "1h", "--from", "192.0.2.0/25",
               "--from", "2001:db8:a::/48", "--from", "203.0.113.9")
        hold(w, "open tcp 2222 from 192.0.2.0",
             "open tcp 2222 from 192.0.2.127",
             "closed tcp 2222 from 192.0.2.128",
             "closed tcp 2222 from 192.0.1.255",
             "open tcp 2222 from 203.0.113.9",
             "closed tcp 2222 from 203.0.113.8",
             "closed tcp 2222 from 203.0.113.10",
             "open tcp 2222 from 2001:db8:a::",
             "open tcp 2222 from 2001:db8:a:ffff:ffff:ffff:ffff:ffff",
             "closed tcp 2222 from 2001:db8:b::",
             "closed tcp 2222 from 2001:db8:9:ffff:ffff:ffff:ffff:ffff",
             "closed udp 2222 from 192.0.2.1", "closed tcp 2223 from 192.0.2.1")
        w.portwall("close", "tcp/2222", "--from", "192.0.2.0/25")
        hold(w, "closed tcp 2222 from 192.0.2.1",
             "open tcp 2222 from 203.0.113.9")


def test_on():
    with world("eth0", "eth1") as w:
        w.apply(POLICY)
        opened(w, "udp/53", "tcp/8000-8002", "--for", "1h", "--on", "eth1")
        hold(w, "open udp 53 on eth1", "open tcp 8000 on eth1",
             "open tcp 8002 on eth1", "closed tcp 8003 on eth1",
             "closed tcp 7999 on eth1", "closed udp 53 on eth0",
             "closed tcp 8001 on eth0")
        opened(w, "tcp/9", "--for", "1h", "--on", "eth0", "--from",
               "192.0.2.0/24", "--from", "2001:db8::/32")
        hold(w, "open tcp 9 from 192.0.2.1 on eth0",
             "open tcp 9 from 2001:db8::1 on eth0",
             "closed tcp 9 from 192.0.2.1 on eth1",
             "closed tcp 9 from 2001:db8::1 on eth1",
             "closed tcp 9 from 192.0.3.1 on eth0")


def test_service_names():
    with world() as w:
        w.apply(POLICY)
        done = opened(w, "tcp/http", "--for", "1h")
        assert "open: tcp/80 from anyone until" in done.stdout, done.stdout
        hold(w, "open tcp 80", "closed udp 80")


@cases(("the same policy", POLICY), ("another one", "[allow web]\ntcp = 80\n"))
def test_survives_apply(policy):
    """With the time that was left, not a fresh one."""
    with world() as w:
        w.apply(POLICY)
        opened(w, "tcp/2222", "--for", "10m")
        opened(w, "tcp/2223", "--for", "40m", "--from", "192.0.2.0/24")
        for _ in range(3):
            w.apply(policy)
            hold(w, "open tcp 2222", "open tcp 2223 from 192.0.2.1",
                 "closed tcp 2223 from 192.0.3.1")
            assert minutes_left(w) == [10, 40], minutes_left(w)


def test_trial():
    """It belongs to the table: both generations see it, made before or in it."""
    with world() as w:
        w.apply(POLICY)
        opened(w, "tcp/2222", "--for", "1h")
        w.portwall("apply", "--trial", "1h", "--insecure-permissions",
                   policy="[allow web]\ntcp = 80\n")
        opened(w, "tcp/2223", "--for", "1h")
        hold(w, "open tcp 80", "closed tcp 22", "open tcp 2222",
             "open tcp 2223")
        w.portwall("rollback")
        hold(w, "closed tcp 80", "open tcp 22", "open tcp 2222",
             "open tcp 2223")
        w.portwall("close", "tcp/2222")
        hold(w, "closed tcp 2222", "open tcp 2223")


def test_expired_trial_is_tidied():
    with world() as w:
        w.apply(POLICY)
        w.portwall("apply", "--trial", "1s", "--insecure-permissions",
                   policy="[allow web]\ntcp = 80\n")
        while send(w, "tcp 22", 4).verdict != "delivered":
            pass
        opened(w, "tcp/2222", "--for", "1h")
        hold(w, "open tcp 22", "open tcp 2222", "closed tcp 80")
        chains = w.host.run(["nft", "list", "chains", "inet"]).stdout
        assert "g1.in " in chains and "g2.in " not in chains, chains


def test_blocks_beat_it():
    blocks = ("[block all]\nfrom = 192.0.2.0/24, 2001:db8:b::/48\n"
              "[block port]\ntcp = 2222\nfrom = 203.0.113.0/24\n")
    with world() as w:
        w.apply(POLICY + blocks)
        opened(w, "tcp/2222-2223", "--for", "1h")
        hold(w, "closed tcp 2222 from 192.0.2.1",
             "closed tcp 2223 from 192.0.2.1",
             "closed tcp 2223 from 2001:db8:b::1",
             "closed tcp 2222 from 203.0.113.1",
             "open tcp 2223 from 203.0.113.1",
             "open tcp 2222 from 198.51.100.1",
             "open tcp 2222 from 2001:db8:c::1")


def warned(done):
    return re.findall(r"(\S+ from \S+(?: on \w+)?): a \[block\] of the policy "
                      "beats it", done.stderr)


def test_says_what_is_blocked():
    blocks = ("[block all]\nfrom = 192.0.2.0/24, 2001:db8:b::/48\n"
              "[block port]\ntcp = 2222\nfrom = 203.0.113.7-203.0.113.9\n"
              "[block everybody]\nudp = 53\n"
              "[block eth]\nsctp = 1-9\non = eth1\nlog = 1/hour\n"
              "[block over]\ntcp = 2224\nuntil = 2001-01-01T00:00Z\n")
    rows = (
        ("tcp/2222", None, None, False), ("tcp/2223", None, None, False),
        ("udp/53", None, None, True), ("udp/53", "198.51.100.1", None, True),
        ("udp/52-54", None, None, False),
        ("udp/52-54", "198.51.100.1", None, True),
        ("tcp/2222", "192.0.2.1", None, True),
        ("tcp/2223", "192.0.2.0/23", None, True),
        ("tcp/2223", "192.0.3.0/24", None, False),
        ("tcp/2223", "2001:db8:b::1", None, True),
        ("tcp/2222", "203.0.113.7", None, True),
        ("tcp/2223", "203.0.113.7", None, False),
        ("tcp/2222", "203.0.113.6", None, False),
        ("tcp/2224", "198.51.100.1", None, False),
        ("sctp/5", None, "eth1", True), ("sctp/5", None, "eth0", False),
        ("sctp/5", "198.51.100.1", "eth1", True),
        ("sctp/5", None, None, False), ("sctp/10", None, "eth1", False),
    )
    with world("eth0", "eth1") as w:
        w.apply(POLICY + blocks)
        for port, source, link, blocked in rows:
            done = opened(w, port, "--for", "1h",
                          *(("--from", source) if source else ()),
                          *(("--on", link) if link else ()))
            assert bool(warned(done)) == blocked, (port, source, link,
                                                   done.stderr)
            w.portwall("close", "--all")
        done = opened(w, "tcp/2222", "--for", "1h", "--json", "--from",
                      "192.0.2.1", "--from", "198.51.100.1")
        assert [o["blocked"] for o in json.loads(done.stdout)["openings"]] \
            == [True, False], done.stdout
        assert "at least" not in done.stderr, done.stderr
        done = opened(w, "tcp/2222", "--for", "1h", "--from",
                      "192.0.2.128/25")
        assert "at least for some" in done.stderr, done.stderr


def test_warns_of_interfaces_that_are_not_there():
    """It may come, and then the opening counts; or the name is wrong."""
    with world() as w:
        w.apply(POLICY)
        done = opened(w, "tcp/2222", "--for", "1h", "--on", "eth0", "--on",
                      "eht0")
        assert re.findall("no interface '(.*)'", done.stderr) == ["eht0"], done
        assert "tcp/2222 from anyone on eht0" in done.stdout, done
        done = w.portwall("close", "tcp/2222", "--on", "eht0")
        assert "eht0" not in done.stderr, done


def test_says_what_a_large_list_blocks():
    """Of which single addresses are looked up."""
    with world() as w:
        lines = "".join("10.%d.%d.0/25\n" % (n >> 8, n & 255)
                        for n in range(6000))
        path = w.file("large.txt", lines)
        os.chmod(path, 0o600)
        w.apply(POLICY + "[block large]\nfrom = file:%s\n" % path)
        for source, blocked in (("10.7.7.1", True), ("10.7.7.200", False),
                                ("10.7.7.0/24", True), ("10.0.0.0/8", True),
                                ("11.0.0.1", False), ("2001:db8::1", False)):
            done = opened(w, "tcp/2222", "--for", "1h", "--from", source)
            assert bool(warned(done)) == blocked, (source, done.stderr)
            w.portwall("close", "--all")
        assert not warned(opened(w, "tcp/2222", "--for", "1h"))


def test_unlimited():
    """Also beside a section that limits, and the limit is not charged."""
    with world() as w:
        w.apply("[allow ssh]\ntcp = 22\nrate = 2/hour\n")
        opened(w, "tcp/22", "--for", "1h")
        for _ in range(8):
            hold(w, "open tcp 22")
        w.portwall("close", "tcp/22")
        hold(w, "open tcp 22", "closed tcp 22")


def test_reject():
    with world() as w:
        w.apply("[policy]\ndefault = reject\n" + POLICY)
        opened(w, "tcp/2222", "--for", "1h")
        hold(w, "open tcp 2222", "refused tcp 2223")
        w.portwall("close", "--all")
        hold(w, "refused tcp 2222")


def test_tables_of_others():
    with world() as w:
        w.apply(POLICY)
        w.host.nft(FOREIGN)
        before = others(w)
        opened(w, "tcp/2222", "--for", "1h")
        opened(w, "tcp/2222", "--for", "2h", "--from", "192.0.2.1")
        w.portwall("close", "--all")
        assert others(w) == before


def test_published_port():
    """The port as its sender wrote it, not as the container has it."""
    from packets import engines
    with host(engines.docker_iptables, "docker0") as (w, _):
        w.apply(POLICY)
        hold(w, "closed tcp 8080", "closed tcp 8443")
        opened(w, "tcp/8080", "--for", "1h", "--on", "eth1")
        hold(w, "forwarded tcp 8080 on eth1", "closed tcp 8080 on eth0",
             "closed tcp 8443 on eth1", "closed tcp 80 on eth1")
        w.portwall("close", "tcp/8080")
        hold(w, "closed tcp 8080 on eth1")


def test_containers_ignored():
    with world() as w:
        w.apply("[policy]\ncontainers = ignore\n" + POLICY)
        opened(w, "tcp/2222", "--for", "1h")
        hold(w, "open tcp 2222", "closed tcp 2223")


def test_older_table():
    """One that knows no openings says so, and is left as it is."""
    with world() as w:
        w.apply(POLICY)
        text = w.host.run(["nft", "-a", "list", "table", "inet",
                           "portwall"]).stdout
        chain = re.search(r"chain g1.local .*?\n\t}", text, re.S).group(0)
        rule = re.search(r"@s.opened.*handle (\d+)", chain).group(1)
        w.host.nft("delete rule inet portwall g1.local handle %s\n"
                   "flush chain inet portwall g1.open\n"
                   "delete set inet portwall s.open4\n" % rule)
        done = opened(w, "tcp/2222", "--for", "1h", check=False)
        assert done.returncode == 3 and "older portwall" in done.stderr and \
            "apply the policy again" in done.stderr, done.stderr
        w.apply(POLICY)
        opened(w, "tcp/2222", "--for", "1h")
        hold(w, "open tcp 2222")


def test_together():
    """Fifty at once: each ends as if it had been alone."""
    with world() as w:
        w.apply(POLICY)
        pick = random.Random(5)
        ports = range(3000, 3020)

        def work(n):
            port = "tcp/%d" % ports[n % len(ports)]
            what = pick.choice(("open", "open", "close", "apply"))
            if what == "apply":
                return w.portwall("apply", "--insecure-permissions",
                                  policy=POLICY + "[allow n]\nudp = %d\n" %
                                  (n + 1), check=False)
            args = ("--for", "1h") if what == "open" else ()
            return w.portwall(what, port, *args, check=False)

        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            done = list(pool.map(work, range(50)))
        bad = [d.stderr for d in done if d.returncode not in (0, 1) and
               "another portwall" not in d.stderr]
        assert not bad, bad
        for port in ports:
            opened(w, "tcp/%d" % port, "--for", "1h")
        hold(w, "open tcp 3000", "open tcp 3019", "open tcp 22",
             "closed tcp 3020")
        assert minutes_left(w) == [60] * len(ports), minutes_left(w)
        w.portwall("close", "--all")
        hold(w, "closed tcp 3000", "open tcp 22")
