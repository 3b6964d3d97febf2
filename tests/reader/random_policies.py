# SPDX-License-Identifier: GPL-2.0-or-later
"""Random policies, and the packets that tell one policy from another.

Every key of the language is in some of them, but `file:` and `include` only
where there is a directory for the files.

All values come from small pools, so that sections overlap, shadow and touch
each other; the packets take every value of the pools and its neighbours.
"""

import os
import random

PORTS = range(1000, 1012)
V4 = ["198.18.0.%d" % n for n in range(16)]
V6 = ["2001:db8:5::%x" % n for n in range(16)]
LINKS = ("eth0", "eth1", "wlan0")
GROUPS = ("224.0.0.251", "ff02::fb")
OTHER_GROUPS = ("224.0.0.252", "ff02::fc")
PROTOCOLS = ("esp", "gre", "ospf", "vrrp", "253")
WORDS = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay",
         "kite", "lynx", "mole", "newt")


class Generator:
    """Makes one policy from one seed; with a directory also the files that it
    names."""

    def __init__(self, seed, directory=None):
        self.rng = random.Random(seed)
        self.directory = directory
        self.stem = str(seed).replace("/", "-")
        self.files = 0
        self.closed = self.chance(.05)
        self.names = {"addresses": [], "interfaces": [], "ports": []}
        self.words = self.rng.sample(WORDS, len(WORDS))

    def chance(self, share):
        return self.rng.random() < share

    def some(self, make, most=3):
        return [make() for _ in range(self.rng.randint(1, most))]

    def joined(self, words):
        return self.rng.choice((", ", ", ", " ", " ", ",", ",\n    ",
                                "\n\t")).join(words)

    def rate(self):
        """More than a test sends."""
        return self.rng.choice(("100000/second", "1000000/minute",
                                "90000/hour burst 100000",
                                "1/day burst 91250",
                                "100000/second burst 100000"))

    def write(self, ending, lines):
        """A file of the policy's; its path"""
        self.files += 1
        path = os.path.join(self.directory, "%s-%d.%s" % (
            self.stem, self.files, ending))
        newline = self.rng.choice(("\n", "\n", "\r\n"))
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(newline.join([*lines, ""]))
        return path

    def list_file(self):
        """Addresses, a line each"""
        lines = []
        for _ in range(self.rng.randint(0, 6)):
            lines.append(self.rng.choice(("", "", " ")) + self.source() +
                         self.rng.choice(("", "", "  # somebody")))
            if self.chance(.2):
                lines.append(self.rng.choice(("", "# a comment")))
        return "file:" + self.write("txt", lines)

    # --- items of lists

    def source(self, family=None):
        """One address, prefix or range."""
        family = family or self.rng.choice((4, 6))
        pool = V4 if family == 4 else V6
        bits = 32 if family == 4 else 128
        first, last = sorted(self.rng.choices(range(16), k=2))
        size = self.rng.choice((1, 2, 3, 4))
        return self.rng.choice((
            pool[first], "%s-%s" % (pool[first], pool[last]),
            "%s/%d" % (pool[first >> size << size], bits - size)))

    def address(self):
        names = [n for n, _ in self.names["addresses"]]
        if names and self.chance(.4):
            return self.rng.choice(names)
        if self.chance(.05):
            return self.rng.choice(("private", "link-local", "0.0.0.0/0",
                                    "::/0", "0.0.0.0-192.0.2.7",
                                    "128.0.0.0/1", "2000::/3"))
        if self.directory and self.chance(.08):
            return self.list_file()
        return self.source()

    def interface(self):
        names = [n for n, _ in self.names["interfaces"]]
        if names and self.chance(.4):
            return self.rng.choice(names)
        return self.rng.choice(LINKS + ("eth*", "wl*", "e*", "ppp0"))

    def port(self):
        names = [n for n, _ in self.names["ports"]]
        if names and self.chance(.3):
            return self.rng.choice(names)
        first, last = sorted(self.rng.choices(PORTS, k=2))
        return self.rng.choice((str(first), str(first),
                                "%d-%d" % (first, last)))

    def port_key(self, key):
        """The value of tcp, udp or sctp."""
        if self.chance(.06):
            return self.rng.choice(("all", "1-1005", "1004-65535", "1",
                                    "65535", "1 65535"))
        ports = self.some(self.port)
        if key != "sctp" and self.chance(.1):
            ports.append("domain")      # not in the services for sctp
        return self.joined(ports)

    # --- sections

    def named(self):
        """The three tables of names; later names use earlier ones."""
        for table, item in (("addresses", self.address),
                            ("interfaces", self.interface),
                            ("ports", self.port)):
            for n in range(self.rng.randint(0, 3)):
                name = "%s%d" % (table[0], n)
                self.names[table].append((name, self.joined(self.some(item))))
            rows = list(self.names[table])
            self.rng.shuffle(rows)
            if rows:
                yield "[%s]" % table
                for name, value in rows:
                    yield "%s = %s" % (name, value)

    def policy(self):
        yield "[policy]"
        pick = self.rng.choice
        if self.chance(.4):
            yield "default = reject"
        if self.chance(.6):
            yield "ping = " + pick(("yes", "no", self.rate()))
        if self.chance(.3):
            yield "dhcp = " + pick(("yes", "no"))
        if self.chance(.2):
            yield "log = " + pick(("no", "5/minute", "90/hour burst 2",
                                   "1000/day"))
        if self.chance(.2):
            yield "established = " + pick(("keep", "cut"))
        if self.chance(.1):
            yield "guard = " + pick(("1000", "1000-1003, 1005", "domain"))
        if self.closed:
            yield "closed = all"
        if self.chance(.3):
            yield "containers = " + pick(("follow", "ignore"))
        if self.chance(.3):
            yield "bridges = " + pick(("br-*", "docker0, wlan*", "eth1"))

    def selectors(self, block):
        """What a section speaks of; nothing at all only in a block."""
        keys = ["tcp", "udp", "sctp", "protocol"] + ["ping"] * (not block)
        count = self.rng.choice((0, 1, 1, 2) if block else (1, 1, 1, 2, 3))
        chosen = self.rng.choices(keys, weights=(6, 4, 2, 2, 2)[:len(keys)],
                                  k=count)
        if chosen.count("ping") > 1:
            chosen = ["ping"]
        for key in chosen:
            yield "%s = %s" % (key, self.selector(key))

    def selector(self, key):
        if key == "ping":
            return "yes"
        if key == "protocol":
            return self.joined(self.rng.sample(PROTOCOLS, 2))
        return self.port_key(key)

    def destination(self):
        """A `to`, and whether it names one family only."""
        return self.rng.choice((
            ("local", False), ("broadcast", True), ("multicast", False),
            (", ".join(GROUPS), False), ("local, multicast", False),
            ("local broadcast multicast", False), ("10.99.0.3", True),
            ("fd99:0::3", True), ("10.99.0.3, fd99:0::3", False),
            ("10.99.0.2-10.99.0.3, ff02::fb", False), (GROUPS[0], True)))

    def ends(self, block):
        """from, except, to and on."""
        to, narrow = (None, False)
        if self.chance(.3):
            to, narrow = self.destination()
            yield "to = " + to
        if self.chance(.6):
            sources = self.some(self.address)
            if to:
                sources += [self.source(4), self.source(6)]
            yield "from = " + self.joined(sources)
        if self.chance(.25) and not narrow:
            yield "except = " + self.joined(self.some(self.address, 2))
        if self.chance(.35 if block else .3):
            yield "on = " + self.joined(self.some(self.interface, 2))

    def effects(self, block):
        if self.chance(.1):
            yield "until = " + self.rng.choice((
                "2020-01-01T00:00Z", "2099-12-31T23:59:59+02:00"))
        if self.chance(.1):
            yield "log = " + self.rng.choice(("no", "3/second burst 4"))
        if self.chance(.1):
            yield "comment = " + self.rng.choice(("for tests", "a = b"))
        if block:
            return
        if self.chance(.12):
            yield "rate = " + self.rate() + self.rng.choice(
                ("", " per source"))
        if self.chance(.08):
            yield "connections = 100000" + self.rng.choice(
                ("", " per source"))

    def section(self, kind):
        """Lines of one section."""
        block = kind == "block"
        while True:
            body = list(self.selectors(block))
            ends = list(self.ends(block))
            if body or ends:
                break
        if block and not body and not any(
                line.split()[0] in ("from", "on", "except") for line in ends):
            ends.append("on = wlan0")
        body += ends + list(self.effects(block))
        self.rng.shuffle(body)
        yield "[%s %s]" % (kind, self.words.pop())
        yield from body

    def dressed(self, part):
        """What a reader must see past: comments and white space."""
        for line in part:
            if self.chance(.03):
                yield self.rng.choice(("# tcp = 1", "; [allow nobody]", ""))
            if "\n" not in line and self.chance(.05):
                line += self.rng.choice((" ; a comment", "\t;;", "  "))
            yield line

    def moved(self, parts):
        """Some parts in a file of their own, and the line that reads it."""
        there = [part for part in parts if self.chance(.3)]
        lines = [line for part in there for line in self.dressed(part)]
        path = self.write("ini", "\n".join(lines).split("\n"))
        if self.chance(.5):
            path = path[:-len("ini")] + "in?"
        return [p for p in parts if p not in there], "include = " + path

    def text(self):
        policy = list(self.policy())
        parts = [list(self.named())]
        parts += [list(self.section("allow"))
                  for _ in range(self.rng.randint(not self.closed, 7))]
        parts += [list(self.section("block"))
                  for _ in range(self.rng.choice((0, 0, 1, 1, 2, 3)))]
        if self.directory and self.chance(.3):
            parts, line = self.moved(parts)
            policy.append(line)
        parts.append(policy)
        self.rng.shuffle(parts)
        return "\n".join("\n".join(self.dressed(part)) + "\n"
                         for part in parts if part)


def generate(seed, directory=None):
    """The text of a policy, whose files are in the directory."""
    return Generator(seed, directory).text()
