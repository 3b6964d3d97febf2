# SPDX-License-Identifier: GPL-2.0-or-later
"""What is booted, and what must hold of it.

guest/ has the services: some ports listen before there is a network, some once
it is there, one is process 1's, and on some nothing listens.
"""
import os
import subprocess
from collections import namedtuple

from .files import write

PORTWALL = os.environ.get("PORTWALL", "build/portwall")
POLICY = """[policy]
guard = 22

[allow web]
tcp = 22, 80, 443
udp = 53
"""
GUARD = ["tcp/22"]
OPEN = ["tcp/22", "tcp/80", "tcp/443", "udp/53"]
EARLY = ["tcp/22", "tcp/80", "udp/53"]
SHUT = ["tcp/3306", "tcp/8080", "tcp/2323", "tcp/9999", "udp/5353", "udp/161",
        "udp/9998"]
NFTABLES = """#!/usr/sbin/nft -f
flush ruleset
table inet filter {
	chain input {
		type filter hook input priority filter; policy accept;
	}
}
"""


def pairs(names):
    return [(proto, int(port)) for proto, _, port in
            (name.partition("/") for name in names)]


PORTS, CLOSED = pairs(OPEN + SHUT), pairs(SHUT)

# append: words for the kernel's command line
Case = namedtuple("Case", "name what prepare append judge")


# --- The tree ----------------------------------------------------------------

def reset(image):
    image.remove("var/lib/portwall")
    for unit in ("portwall", "nftables"):
        image.disable(unit + ".service", "sysinit")
    image.disable("portwall-watch.service", "multi-user")
    write(image.root, "etc/portwall/policy.ini", POLICY)
    image.use_ifupdown()


def installed(image):
    subprocess.run([PORTWALL, "install", "--quiet", "--root", image.root],
                   check=True)


def watched(image):
    """ifupdown, and the watch enabled"""
    installed(image)
    image.enable("/usr/local/lib/systemd/system/portwall-watch.service",
                 "multi-user")


def with_nftables(image):
    """systemd-networkd, and a service that flushes everything at its start"""
    installed(image)
    image.use_networkd()
    write(image.root, "etc/nftables.conf", NFTABLES)
    image.enable("/lib/systemd/system/nftables.service", "sysinit")


def damaged(image):
    installed(image)
    path = image.path("var/lib/portwall/applied")
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"\0" * 16)


def lost(image):
    damaged(image)
    write(image.root, "var/lib/portwall/emergency.ini", "[allow", 0o600)


def never_applied(image):
    installed(image)
    image.remove("var/lib/portwall")


# --- What must hold ----------------------------------------------------------

def some(answers, boot, num=5):
    """A few answers as text, None when there is none"""
    if not answers:
        return None
    return "%d answers: %s" % (len(answers), ", ".join(
        "%s %s from %s at %s" % (a.port, a.kind, a.address,
                                 boot.seconds(a.time))
        for a in answers[:num]))


def silent(boot, ports, until=None):
    return some(boot.answers(ports, until=until), boot)


def missing(boot, ports, **when):
    """Ports of which there is no answer"""
    heard = {answer.port for answer in boot.answers(ports, **when)}
    return ", ".join(sorted(set(ports) - heard)) and \
        "no answer of " + ", ".join(sorted(set(ports) - heard))


def reached(boot):
    yield "every packet was understood", boot.scanner.odd[:3]
    yield "the machine came up, reported, and went down", \
        (boot.at("done") is None or boot.status) and \
        "it ended with %s after %s" % (boot.status, boot.said[-1:])


def saw_the_boot(boot, ports):
    """Ports that answer did so before the boot was over: it was looked at"""
    yield "the scan saw the boot", missing(boot, ports, until="ready")


def unit_is(boot, state, unit="portwall.service"):
    got = boot.unit(unit).get("ActiveState")
    yield "%s is %s" % (unit, state), got != state and "it is %s" % got


def unit_failed(boot):
    """Said by systemctl, by the console, and with a reason in the journal"""
    yield from unit_is(boot, "failed")
    yield "systemctl is-failed says so", \
        "failed" not in boot.texts("failed") and boot.texts("failed")
    yield "the console says so", b"Failed to start" not in boot.log and \
        "no line 'Failed to start'"
    yield "the journal says why", not any(
        "/var/lib/portwall/applied is damaged" in text
        for text in boot.texts("log")) and boot.texts("log")


def loaded(boot, table, when="tables"):
    there = any("inet portwall" in text for text in boot.texts(when))
    yield "table inet portwall is %sthere%s" % (
        "" if table else "not ", "" if when == "tables" else ", after " + when
    ), there != table and (boot.texts(when) or "not a word of it")


def before_the_network(boot, network):
    """portwall.service, network-pre.target, what makes the network"""
    times = [int(boot.unit(unit).get(key) or 0) for unit, key in
             (("portwall.service", "ActiveEnterTimestampMonotonic"),
              ("network-pre.target", "ActiveEnterTimestampMonotonic"),
              (network, "InactiveExitTimestampMonotonic"))]
    yield "in force, then network-pre.target, then " + network, \
        (0 in times or times != sorted(times)) and times


def judge_masked(boot):
    yield from reached(boot)
    yield "control: closed ports answer, and during the boot", \
        missing(boot, SHUT, until="ready")


def judge_closed(boot, network):
    yield from reached(boot)
    yield "no answer of a closed port during the boot", \
        silent(boot, SHUT, until="done")
    yield from saw_the_boot(boot, EARLY)
    yield "open ports answer in the end", missing(boot, OPEN, since="ready")
    yield from unit_is(boot, "active")
    yield from before_the_network(boot, network)
    yield from loaded(boot, True)


def judge_applied(boot):
    yield from judge_closed(boot, "networking.service")
    yield from unit_is(boot, "active", "portwall-watch.service")
    yield "the watch reports a change", \
        not any("strange" in text for text in boot.texts("watch")) and \
        (boot.texts("watch") or "not a word of it")
    yield from loaded(boot, True, "stop")
    yield "nor when it is stopped, nor while the machine goes down", \
        silent(boot, SHUT)


def judge_nftables(boot):
    yield from judge_closed(boot, "systemd-networkd.service")
    yield "nftables.service was there, too", \
        not any("inet filter" in text for text in boot.texts("tables")) and \
        boot.texts("tables")
    yield from loaded(boot, True, "restart")
    yield from loaded(boot, True, "reload")
    print("  while nftables.service was started again, reloaded and stopped, each"
          " of which\n  flushes every table, %d answers of closed ports"
          % len(boot.answers(SHUT, since="done")))


def judge_damaged(boot):
    yield from reached(boot)
    yield "only the guard port answers", \
        silent(boot, [name for name in OPEN + SHUT if name not in GUARD])
    yield from saw_the_boot(boot, GUARD)
    yield from unit_failed(boot)
    yield from loaded(boot, True)


def judge_lost(boot):
    yield from reached(boot)
    yield "no port answers", silent(boot, OPEN + SHUT)
    yield "there was a network", boot.scanner.heard_at is None and \
        "the machine sent nothing"
    yield from unit_failed(boot)
    yield from loaded(boot, True)


def judge_never(boot):
    yield from reached(boot)
    yield from unit_is(boot, "active")
    yield from loaded(boot, False)
    yield "every port answers", missing(boot, OPEN + SHUT, until="done")


def summary(boot):
    first = {name: min((a.time for a in boot.answers(ports)), default=None)
             for name, ports in (("open", OPEN), ("closed", SHUT))}
    return ("%d probes; network at %s, first answer of an open port at %s, of "
            "a closed one at %s; up at %s, off after %s" % (
                boot.scanner.sent, boot.seconds(boot.scanner.heard_at),
                boot.seconds(first["open"]), boot.seconds(first["closed"]),
                boot.seconds(boot.at("up")), boot.seconds(boot.ended)))


CASES = (
    Case("masked", "the control: the unit is masked", installed,
         "systemd.mask=portwall.service", judge_masked),
    Case("applied", "a policy is remembered; ifupdown", watched, "",
         judge_applied),
    Case("nftables", "systemd-networkd, and nftables.service enabled",
         with_nftables, "", judge_nftables),
    Case("damaged", "what is remembered is damaged", damaged, "",
         judge_damaged),
    Case("lost", "the emergency policy is damaged as well", lost, "",
         judge_lost),
    Case("never", "nothing was ever applied", never_applied, "", judge_never),
)
