# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of connections when the port that they came by is closed."""

import contextlib
import json
import re
import select

from lib.runner import Skip, cases
from live.host import LONGEST, A, B, Live, policy

HOST = "10.88.0.1"
BOTH = policy(80, 443)
CUT = "[policy]\nestablished = cut\n"


class Connection:
    """From the peer to a port of the host."""

    def __init__(self, w, peer, port):
        server = w.host.socket()
        server.bind((HOST, port))
        server.listen()
        self.out = peer.socket()
        for sock in (server, self.out):
            sock.settimeout(LONGEST)
        self.out.connect((HOST, port))
        self.into, _ = server.accept()
        self.into.settimeout(LONGEST)
        server.close()

    def works(self):
        self.out.sendall(b"there")
        assert self.into.recv(5) == b"there"
        self.into.sendall(b"back")
        assert self.out.recv(4) == b"back"

    def is_over(self):
        """The peer was told so"""
        assert select.select([self.out], [], [], LONGEST)[0], "it lives"
        with contextlib.suppress(ConnectionError):
            assert self.out.recv(1) == b""

    def close(self):
        self.out.close()
        self.into.close()


@contextlib.contextmanager
def connected(text=BOTH):
    """A host with connections to 80 and 443 under a policy"""
    with Live() as w:
        peer = w.peer()
        w.put(text)
        web, tls = Connection(w, peer, 80), Connection(w, peer, 443)
        w.peer_netns = peer
        try:
            yield w, web, tls
        finally:
            web.close()
            tls.close()


def ended(done):
    """What was said; skips the rest where the kernel cannot end sockets"""
    if "cannot" in done.stderr:
        raise Skip(done.stderr)
    assert re.search(r"^ended 1 connection to tcp/443$", done.stdout, re.M), \
        done.stdout + done.stderr


def test_lives_on():
    with connected() as (w, web, tls):
        said = w.put(A).stdout
        assert re.search(r"^1 connection to tcp/443 lives on[;\n]\s*"
                         r"end it with: portwall apply --cut .*p\.ini$",
                         said, re.M), said
        web.works()
        tls.works()


@cases(("option", A, ("--cut",)), ("policy", CUT + A, ()))
def test_ends(text, options):
    """No other connection"""
    with connected() as (w, web, tls):
        ended(w.put(text, *options))
        tls.is_over()
        web.works()


def test_as_a_document():
    with connected() as (w, _web, _tls):
        doc = json.loads(w.put(A, "--json").stdout)["cut"]
        assert doc["known"] and doc["connections"] == 1, doc
        assert not doc["ended"], doc


def test_a_trial_ends_none():
    with connected() as (w, web, tls):
        w.try_out(CUT + A)
        tls.works()
        w.go("rollback")
        tls.works()
        web.works()


@cases(("option", A, ("--cut",)), ("policy", CUT + A, ()))
def test_confirm_ends(text, options):
    with connected() as (w, web, tls):
        w.try_out(text)
        ended(w.go("confirm", *options))
        tls.is_over()
        web.works()


def test_confirm_counts():
    with connected() as (w, _web, tls):
        w.try_out(A)
        said = w.go("confirm").stdout
        assert "1 connection to tcp/443 lives on" in said, said
        tls.works()


def in_a_trial(w, seconds):
    """A connection that only the trial lets in"""
    w.try_out(policy(80, 443, 8080), seconds)
    return Connection(w, w.peer_netns, 8080)


@cases("rollback", "apply", "confirm")
def test_an_expired_trial_takes_its_connections(command):
    """With the next command that changes something"""
    with connected() as (w, web, tls):
        own = in_a_trial(w, "1s")
        w.await_closed(8080)
        own.works()
        w.go("status", want=None)
        own.works()
        if command == "apply":
            w.put(BOTH)
        else:
            w.go(command, want=None)
        own.is_over()
        web.works()
        tls.works()
        own.close()


def test_rollback_takes_its_connections():
    with connected() as (w, web, tls):
        own = in_a_trial(w, "600s")
        said = w.go("rollback").stdout
        assert "ended 1 connection to tcp/8080" in said, said
        own.is_over()
        web.works()
        tls.works()
        own.close()


def test_what_never_was_allowed_lives_on():
    """A trial takes only what it brought: 443 was closed before it, too"""
    with connected() as (w, web, tls):
        w.put(A)
        w.try_out(policy(80, 8080))
        w.go("rollback")
        tls.works()
        web.works()


def test_rollback_counts():
    with connected(A + "[allow q]\ntcp = 443\n") as (w, _web, tls):
        w.put(B)
        w.put(A)
        said = w.go("rollback").stdout
        assert "1 connection to tcp/80 lives on" in said, said
        tls.works()
