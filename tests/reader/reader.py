# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reader of policies, written from the description of the language.

It shares nothing with the program: what both say of a packet is right, or the
description is unclear. Slow and plain on purpose.
"""

import datetime
import glob
import ipaddress
import os
import re
import socket
from dataclasses import dataclass, field

ECHO = {4: (1, 8), 6: (58, 128)}
PORTED = {"tcp": 6, "udp": 17, "sctp": 132}
SELECTORS = set(PORTED) | {"protocol", "ping"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}\Z")
LISTS = {"tcp", "udp", "sctp", "protocol", "from", "except", "to", "on",
         "bridges", "guard", "include"}
KEYS = {
    "policy": {"default", "ping", "dhcp", "log", "containers", "bridges",
               "established", "guard", "closed", "include"},
    "allow": SELECTORS | {"from", "except", "to", "on", "rate", "connections",
                          "log", "until", "comment"},
    "block": (SELECTORS - {"ping"}) | {"from", "except", "to", "on", "log",
                                       "until", "comment"},
}
TABLES = {"addresses", "interfaces", "ports"}
BUILT_IN = {
    "private": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7",
    "link-local": "169.254.0.0/16 fe80::/10",
}
KINDS = {"local", "broadcast", "multicast"}
LOOPBACK = [ipaddress.ip_network(n) for n in
            ("127.0.0.0/8", "::1/128", "::ffff:0:0/96")]
LINK_LOCAL = ipaddress.ip_network("fe80::/10")
RATE = re.compile(r"([1-9][0-9]*)/(second|minute|hour|day)"
                  r"(\s+burst\s+[1-9][0-9]*)?(\s+per\s+source)?\Z")
CONNECTIONS = re.compile(r"([1-9][0-9]*)(\s+per\s+source)?\Z")


class PolicyError(Exception):
    """The policy is wrong; nothing may be applied."""


@dataclass(frozen=True)
class Packet:
    """A packet that begins something new, as it arrives."""

    iface: str
    src: object         # ipaddress objects
    dst: object
    proto: int
    port: int = 0
    sport: int = 0
    icmp: int = -1      # type
    hops: int = 64

    @property
    def family(self):
        return self.src.version

    @property
    def echo(self):
        return (self.proto, self.icmp) == ECHO[self.family]


@dataclass
class Host:
    """What a policy does not say: addresses and time."""

    own: set
    broadcast: set = field(default_factory=set)
    now: float = 0.0

    def kind(self, address):
        if address in self.own:
            return "local"
        if address in self.broadcast:
            return "broadcast"
        return "multicast" if address.is_multicast else "other"


# --- Text -------------------------------------------------------------------

def entries(text):
    """(section, key, value) of each entry; key None opens a section."""
    section = key = None
    for line in text.splitlines():
        if not line.strip() or line.lstrip()[0] in ";#":
            key = None
            continue
        if line[0] in " \t":
            body = uncommented(line)
            if key not in LISTS and section not in TABLES or key is None or \
                    "=" in body or body.startswith("["):
                raise PolicyError("continuation: " + line)
            yield section, key, body
            continue
        body = uncommented(line)
        if body.startswith("["):
            if not body.endswith("]"):
                raise PolicyError("no ]: " + line)
            section, key = " ".join(body[1:-1].split()), None
            yield section, None, None
            continue
        key, equals, value = (part.strip() for part in body.partition("="))
        if not equals or not value or section is None:
            raise PolicyError("entry: " + line)
        yield section, key, value


def uncommented(line):
    return re.split(r"\s;", line, maxsplit=1)[0].strip()


def items(value):
    return value.replace(",", " ").split()


class Section:
    """One [allow NAME] or [block NAME], names resolved."""

    def __init__(self, policy, kind, name, keys):
        self.kind, self.name = kind, name
        if kind == "allow" and not SELECTORS & set(keys):
            raise PolicyError("%s opens nothing by its keys" % name)
        self.every = not SELECTORS & set(keys)
        self.ports = {number: policy.port_list(keys[key], key)
                      for key, number in PORTED.items() if key in keys}
        self.protocols = {policy.protocol(item)
                          for item in items(keys.get("protocol", ""))}
        self.ping = policy.choice(keys, "ping", {"yes"}) == "yes"
        self.sources = policy.address_list(items(keys["from"])) \
            if "from" in keys else None
        self.excepted = policy.address_list(items(keys.get("except", "")))
        wanted = items(keys.get("to", "" if kind == "block" else "local"))
        self.to_kinds = {item for item in wanted if item in KINDS}
        self.to = policy.address_list(i for i in wanted if i not in KINDS)
        self.anywhere = not wanted
        self.on = policy.interface_list(items(keys["on"])) \
            if "on" in keys else None
        self.limited = "rate" in keys or "connections" in keys
        self.until = moment(keys["until"]) if "until" in keys else None
        self.check(keys)

    def check(self, keys):
        """What is wrong about a section as a whole."""
        if "rate" in keys and not RATE.match(keys["rate"]):
            raise PolicyError("rate")
        if "connections" in keys and not CONNECTIONS.match(
                keys["connections"]):
            raise PolicyError("connections")
        if self.kind == "block" and self.every and self.sources is None and \
                not self.excepted and self.on is None and self.anywhere:
            raise PolicyError("block %s matches every packet" % self.name)
        if self.sources and not self.to_kinds and self.to and not (
                {lo.version for lo, _ in self.sources} &
                {lo.version for lo, _ in self.to}):
            raise PolicyError("from and to without a family in common")

    def covers(self, packet, host):
        """Whether the packet is one that this section speaks of."""
        return self.from_there(packet) and self.to_there(packet, host) and \
            self.on_there(packet) and self.of_kind(packet) and \
            (self.until is None or host.now < self.until)

    def from_there(self, packet):
        if self.sources is not None and not inside(packet.src, self.sources):
            return False
        return not inside(packet.src, self.excepted)

    def to_there(self, packet, host):
        return self.anywhere or host.kind(packet.dst) in self.to_kinds or \
            inside(packet.dst, self.to)

    def on_there(self, packet):
        return self.on is None or any(
            packet.iface.startswith(name[:-1]) if name.endswith("*")
            else packet.iface == name for name in self.on)

    def of_kind(self, packet):
        if self.every:
            return True
        if packet.echo:
            return self.ping
        if packet.proto in PORTED.values():
            return packet.port != 0 and any(
                lo <= packet.port <= hi
                for lo, hi in self.ports.get(packet.proto, ()))
        return packet.proto in self.protocols


def inside(address, pairs):
    return any(lo.version == address.version and lo <= address <= hi
               for lo, hi in pairs)


def moment(text):
    try:
        when = datetime.datetime.fromisoformat(text)
    except ValueError as err:
        raise PolicyError("until: %s" % err) from err
    if when.tzinfo is None:
        raise PolicyError("until without a zone")
    return when.timestamp()


# --- The policy -------------------------------------------------------------

class Policy:
    """A policy as read; judge() says what becomes of a packet."""

    def __init__(self, text, base="."):
        self.base = base
        self.sections = {}
        for name, key, value in entries(text):
            self.enter(name, key, value)
        for path in self.included():
            with open(path, encoding="utf-8", newline="") as file:
                for name, key, value in entries(file.read()):
                    if name == "policy":
                        raise PolicyError("[policy] in " + path)
                    self.enter(name, key, value)
        self.options = self.sections.pop("policy", {})
        self.names = {table: self.sections.pop(table, {}) for table in TABLES}
        for table in TABLES:
            self.check_names(table)
        made = [Section(self, *name.split(" ", 1), keys)
                for name, keys in self.sections.items()]
        self.allows = [s for s in made if s.kind == "allow"]
        self.blocks = [s for s in made if s.kind == "block"]
        if not self.allows and self.choice(self.options, "closed",
                                           {"all"}) != "all":
            raise PolicyError("no [allow] section and no closed = all")
        self.reject = self.choice(self.options, "default",
                                  {"drop", "reject"}) == "reject"
        self.dhcp = self.choice(self.options, "dhcp", {"yes", "no"}) != "no"
        self.ping = self.options.get("ping", "yes")
        if self.ping not in ("yes", "no") and not RATE.match(self.ping):
            raise PolicyError("ping")

    def included(self):
        """Paths of included files, each once"""
        wanted = items(self.sections.get("policy", {}).get("include", ""))
        return sorted({path for item in wanted for path in
                       glob.glob(os.path.join(self.base, item))})

    def enter(self, name, key, value):
        """One entry of the text."""
        kind, _, own = name.partition(" ")
        if key is None:
            if name in self.sections:
                raise PolicyError("section twice: " + name)
            if kind in ("allow", "block"):
                if not NAME.match(own):
                    raise PolicyError("section name: " + name)
            elif name != "policy" and name not in TABLES:
                raise PolicyError("unknown section: " + name)
            self.sections[name] = {}
            return
        keys = self.sections[name]
        if kind in KEYS and key not in KEYS[kind]:
            raise PolicyError("unknown key: " + key)
        if key in keys and key not in LISTS and name not in TABLES:
            raise PolicyError("key twice: " + key)
        keys[key] = keys[key] + " " + value if key in keys else value

    def check_names(self, table):
        for name in self.names[table]:
            if not NAME.match(name) or name in KINDS | set(BUILT_IN) | {
                    "all", "any"}:
                raise PolicyError("bad name: " + name)
        for value in self.names[table].values():
            list(self.expand(table, items(value)))

    @staticmethod
    def choice(keys, key, allowed):
        value = keys.get(key)
        if value is not None and value not in allowed:
            raise PolicyError("%s = %s" % (key, value))
        return value

    def expand(self, table, wanted, path=()):
        """Items with names replaced by what they stand for."""
        for item in wanted:
            if item in path:
                raise PolicyError("cycle: " + item)
            if item in self.names[table]:
                yield from self.expand(table, items(self.names[table][item]),
                                       path + (item,))
            else:
                yield item

    def address_list(self, wanted):
        """Pairs (first, last) of addresses."""
        found = []
        for item in self.expand("addresses", wanted):
            if item in BUILT_IN:
                found += self.address_list(BUILT_IN[item].split())
            elif item.startswith("file:"):
                found += self.address_file(item[5:])
            else:
                found.append(self.address_range(item))
        return found

    def address_file(self, path):
        with open(os.path.join(self.base, path), encoding="utf-8") as file:
            lines = [line.partition("#")[0].strip() for line in file]
        return [self.address_range(line) for line in lines if line]

    @staticmethod
    def address_range(item):
        try:
            lo, dash, hi = item.partition("-")
            if dash:
                pair = ipaddress.ip_address(lo), ipaddress.ip_address(hi)
                if pair[0] > pair[1]:
                    raise PolicyError("range runs backwards: " + item)
                return pair
            net = ipaddress.ip_network(item, strict=False)
        except (ValueError, TypeError) as err:
            raise PolicyError("address: %s" % item) from err
        return net[0], net[-1]

    def port_list(self, value, key):
        return [self.port_range(item, key)
                for item in self.expand("ports", items(value))]

    @staticmethod
    def port_range(item, key):
        if item == "all":
            return 1, 65535
        if re.fullmatch(r"[0-9]+(-[0-9]+)?", item):
            lo, _, hi = item.partition("-")
            lo, hi = int(lo), int(hi or lo)
            if not 1 <= lo <= hi <= 65535:
                raise PolicyError("port: " + item)
            return lo, hi
        return (socket.getservbyname(item, key),) * 2

    @staticmethod
    def protocol(item):
        number = int(item) if item.isdigit() else socket.getprotobyname(item)
        if number in (1, 6, 17, 58, 132, 0, 43, 44, 60) or number > 255:
            raise PolicyError("protocol: " + item)
        return number

    def interface_list(self, wanted):
        found = list(self.expand("interfaces", wanted))
        for name in found:
            if len(name) > 15 or name == "lo" or "*" in name[:-1]:
                raise PolicyError("interface: " + name)
        return found

    def judge(self, packet, host):
        """accept, drop, refuse, or limited: accept until a limit is used up"""
        if packet.iface == "lo":
            return "accept"
        if any(address in net for net in LOOPBACK
               for address in (packet.src, packet.dst)):
            return "drop"
        if not packet.echo and self.unasked(packet):
            return "accept"
        if packet.src in host.own:
            return "drop"
        if self.dhcp and dhcp_reply(packet):
            return "accept"
        if any(b.covers(packet, host) for b in self.blocks):
            return "drop"
        return self.allowed(packet, host) or (
            "refuse" if self.reject and host.kind(packet.dst) == "local"
            else "drop")

    def allowed(self, packet, host):
        """accept or limited, None if nothing lets it in"""
        letting = [a.limited for a in self.allows if a.covers(packet, host)]
        if packet.echo and host.kind(packet.dst) == "local" and \
                self.ping != "no":
            letting.append(self.ping != "yes")
        if not letting:
            return None
        return "limited" if all(letting) else "accept"

    @staticmethod
    def unasked(packet):
        """Neighbours, routers and groups: without them nothing works."""
        near = packet.src in LINK_LOCAL
        if packet.family == 4:
            return packet.proto == 2 and packet.dst.is_multicast and \
                packet.hops == 1
        if packet.proto != 58:
            return False
        if packet.icmp in (133, 135, 136):
            return packet.hops == 255
        if packet.icmp in (134, 137):
            return packet.hops == 255 and near
        return packet.icmp in (130, 131, 132, 143) and (
            near or (packet.icmp != 130 and int(packet.src) == 0))


def dhcp_reply(packet):
    if packet.proto != 17:
        return False
    if packet.family == 4:
        return (packet.sport, packet.port) == (67, 68)
    return (packet.sport, packet.port) == (547, 546) and \
        packet.src in LINK_LOCAL
