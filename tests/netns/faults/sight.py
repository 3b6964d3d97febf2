# SPDX-License-Identifier: GPL-2.0-or-later
"""What a namespace and a directory hold, read without the command under test.

Quick first: rules are as they were if the kernel's generation is, and files if
their inodes are. Only where that differs are the rules read and compared.
"""

import fcntl
import json
import os
import re
import socket
import struct

NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETGEN = 12, 10, 16
NFT_MSG_NEWGEN, NFTA_GEN_ID = 15, 1
NLMSG_ERROR = 2


class Kernel:
    """The generation of a namespace's rules: +1 with each commit."""

    def __init__(self, netns):
        self.sock = netns.socket(socket.AF_NETLINK,
                                 socket.SOCK_RAW | socket.SOCK_CLOEXEC,
                                 NETLINK_NETFILTER)
        self.sock.bind((0, 0))
        kind = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN
        self.question = struct.pack("=IHHIIBBH", 20, kind, 1, 1, 0, 0, 0, 0)

    def generation(self):
        self.sock.send(self.question)
        while True:
            said = self.sock.recv(8192)
            if struct.unpack_from("=H", said, 4)[0] != NLMSG_ERROR:
                return self._id(said)

    @staticmethod
    def _id(said):
        at = 20
        while at + 4 <= len(said):
            length, kind = struct.unpack_from("=HH", said, at)
            if kind == NFTA_GEN_ID:
                return struct.unpack_from(">I", said, at + 4)[0]
            at += (length + 3) & ~3
        raise OSError("the kernel's answer names no generation")

    def close(self):
        self.sock.close()


def files(path):
    """What tells whether anything below a directory was written."""
    found = []
    for top, names, others in os.walk(path):
        for name in names + others:
            full = os.path.join(top, name)
            st = os.lstat(full)
            found.append((full, st.st_ino, st.st_mode) + (
                () if name in names else (st.st_size, st.st_mtime_ns)))
    return sorted(found)


def is_locked(path):
    """Does somebody hold the lock of a directory?"""
    for name in os.listdir(path):
        with open(os.path.join(path, name), "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
    return False


GENERATION = re.compile(r"^(@?)(g|m\.)\d+(?=\.)")
CHANGING = ("handle", "packets", "bytes", "expires", "used", "table", "family")


def _text(value):
    return json.dumps(value, sort_keys=True)


def _plain(value):
    """Without what changes by itself, and without numbers of generations."""
    if isinstance(value, dict):
        found = {key: _plain(part) for key, part in value.items()
                 if key not in CHANGING}
        if isinstance(found.get("elem"), list):
            found["elem"].sort(key=_text)
        return found
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, str):
        return GENERATION.sub(r"\1\2N", value)
    return value


def _names(value):
    """Every string in a value."""
    if isinstance(value, dict):
        for part in value.values():
            yield from _names(part)
    elif isinstance(value, list):
        for part in value:
            yield from _names(part)
    elif isinstance(value, str):
        yield value.lstrip("@")


def _reached(objects):
    """Names of what base chains lead to, in their own words."""
    uses, todo = {}, []
    for kind, body in objects:
        if kind == "rule":
            uses.setdefault(body["chain"], []).append(body["expr"])
        elif kind == "map":
            uses.setdefault(body["name"], []).append(body.get("elem", []))
        elif kind == "chain" and "hook" in body:
            todo.append(body["name"])
    found = set()
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(part for use in uses.get(name, ())
                        for part in _names(use))
    return found


# What packets and commands write into, whatever is in force
FILLED = re.compile(r"^(s\.(own|judged|rate|seen|conn|cseen)|adopt|[nbqe]\.)")


def _decides(objects):
    """Without rules of a trial that is over"""
    live = any(kind == "set" and body["name"] == "trial" and body.get("elem")
               for kind, body in objects)
    return [(kind, body) for kind, body in objects
            if live or "@trial" not in _text(body.get("expr"))]


def _place(one):
    """Rules stay in their order"""
    kind, body = one
    return kind, _plain(body.get("chain", body.get("name")))


def rules(netns):
    """What decides on packets in our table, in a form that is the same for the
    same policy; None: there is no table."""
    done = netns.run(["nft", "-j", "list", "table", "inet", "portwall"],
                     check=False)
    if done.returncode:
        return None
    objects = _decides([
        item for one in json.loads(done.stdout)["nftables"]
        for item in one.items() if item[0] not in ("metainfo", "table")])
    reached = _reached(objects)
    return [_text((kind, _plain(body)))
            for kind, body in sorted(objects, key=_place)
            if body.get("chain", body.get("name")) in reached and
            not FILLED.match(body.get("name", ""))]
