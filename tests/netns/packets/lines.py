# SPDX-License-Identifier: GPL-2.0-or-later
"""What is to become of a packet, in a line:

    open|closed|refused WHAT [from ADDRESS] [to ADDRESS] [on LINK]

WHAT is `tcp 22`, `udp 53`, `sctp 7`, `ping`, `esp`, `proto 89` and so on.
Where no address tells the family, the line holds for both. ADDRESS is one, or
for `to`: second (the host's other address there), broadcast, group (one that
the host listens to), link-local. open: it passed every rule; closed: it did
not, and nobody answered; refused: it did not, and was answered as a closed
port would.
"""

import shlex

from lib import frames
from lib.world import World

SOURCE = {4: "198.51.100.7", 6: "2001:db8:1::7"}
GROUP = {4: "224.0.0.251", 6: "ff02::fb"}
VERDICTS = {"open": "delivered", "closed": "silent", "refused": "refused",
            "forwarded": "forwarded"}


def world(*links, **options):
    """A host that listens to a group on every link."""
    made = World(*(links or ("eth0",)), **options)
    for link in made.links:
        for group in GROUP.values():
            made.join(group, link)
    return made


def payload(w, words, family):
    kind = words[0]
    if kind in ("tcp", "udp", "sctp", "dccp"):
        return getattr(frames, kind)(int(words[1]), w.port())
    if kind == "udplite":
        return frames.udp(int(words[1]), w.port(), proto=frames.UDPLITE)
    if kind == "ping":
        return frames.ping("::" if family == 6 else "0.0.0.0", w.port())
    if kind == "proto":
        return frames.raw(int(words[1]))
    return {"esp": frames.esp, "gre": frames.gre}[kind]()


def destination(link, word, family):
    return {
        None: link.to(family), "second": link.to_second(family),
        "broadcast": link.broadcast4, "group": GROUP[family],
        "link-local": link.local6,
    }.get(word, word)


def split(line):
    """(verdict, words of WHAT, options)"""
    verdict, *words = shlex.split(line)
    options = {}
    while len(words) > 2 and words[-2] in ("from", "to", "on"):
        options[words[-2]] = words[-1]
        del words[-2:]
    return verdict, words, options


def families_of(options):
    for key in ("from", "to"):
        word = options.get(key, "")
        if ":" in word or word == "link-local":
            return [6]
        if "." in word or word == "broadcast":
            return [4]
    return [4, 6]


def send(w, line, family=None):
    """Send what a line tells; returns the outcome."""
    _, words, options = split("any " + line)
    family = family or families_of(options)[0]
    link = w.links[options.get("on", w.first.name)]
    pkt = frames.packet(options.get("from", SOURCE[family]),
                        destination(link, options.get("to"), family),
                        payload(w, words, family))
    return w.probe(link.name, pkt)


def answer(words, family):
    """How a refused packet is answered."""
    if words[0] == "tcp":
        return "rst"
    if words[0] in ("udp", "sctp", "dccp", "udplite") or family == 6:
        return "port-unreachable"
    return "proto-unreachable"


def hold(w, *lines):
    """Every line is true; all that are not are named."""
    wrong = []
    for line in lines:
        verdict, words, options = split(line)
        for family in families_of(options):
            got = send(w, line.split(None, 1)[1], family)
            if got.verdict != VERDICTS[verdict]:
                wrong.append("IPv%d: %s: %s %s" % (family, line, got.verdict,
                                                   got.kinds))
            elif verdict == "refused" and got.kinds != [answer(words, family)]:
                wrong.append("IPv%d: %s: %s" % (family, line, got.kinds))
    if wrong:
        raise AssertionError("\n".join(wrong))
