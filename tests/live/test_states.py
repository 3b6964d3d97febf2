# SPDX-License-Identifier: GPL-2.0-or-later
"""Each command in each state of the kernel: exit status, and what is open."""

import shutil

from lib.runner import cases
from live.host import A, B, C, PORT, Live

COMMANDS = {
    "apply": lambda w: w.put(C, want=None),
    "try": lambda w: w.try_out(C, want=None),
    "confirm": lambda w: w.go("confirm", want=None),
    "rollback": lambda w: w.go("rollback", want=None),
    "open": lambda w: w.go("open", "tcp/2222", "--for=60s", want=None),
    "close": lambda w: w.go("close", "tcp/2222", want=None),
    "clear": lambda w: w.go("clear", "--yes", want=None),
    "boot": lambda w: w.go("boot", want=None),
}


def nothing(_w):
    pass


def one(w):
    w.put(C)
    w.put(A)


def trial(w):
    one(w)
    w.try_out(B)


def expired(w):
    one(w)
    w.try_out(B, "1s")
    w.await_closed(PORT[B])


def emptied(w):
    one(w)
    w.host.nft("flush table inet portwall\n")


def foreign(w):
    w.host.nft("add table inet portwall\n")


OPEN, CLOSED = "everything", "nothing"
# Exit status and what is open afterwards, in the order of COMMANDS
ROWS = {
    nothing: ((0, C), (0, C), (3, OPEN), (3, OPEN), (3, OPEN), (3, OPEN),
              (0, OPEN), (0, OPEN)),
    one: ((0, C), (0, C), (3, A), (0, C), (0, A), (1, A), (0, OPEN), (0, A)),
    trial: ((0, C), (0, C), (0, B), (0, A), (0, B), (1, B), (0, OPEN),
            (3, B)),
    expired: ((0, C), (0, C), (3, A), (0, A), (0, A), (1, A), (0, OPEN),
              (0, A)),
    emptied: ((0, C), (3, CLOSED), (3, CLOSED), (3, CLOSED), (3, CLOSED),
              (3, CLOSED), (0, OPEN), (0, A)),
    foreign: ((3, OPEN),) * 7 + ((0, OPEN),),
}


def reset(w):
    w.host.run(["nft", "delete", "table", "inet", "portwall"], check=False)
    shutil.rmtree(w.state_dir, ignore_errors=True)


@cases(*((state.__name__, state) for state in ROWS))
def test_each_command(state):
    with Live() as w:
        for (name, run), (status, after) in zip(COMMANDS.items(),
                                                ROWS[state]):
            reset(w)
            state(w)
            done = run(w)
            said = "%s: exit %d\n%s%s" % (name, done.returncode, done.stdout,
                                          done.stderr)
            assert done.returncode == status, said
            seen = [port for port in sorted(PORT.values()) if w.lets_in(port)]
            want = {OPEN: sorted(PORT.values()), CLOSED: []}.get(
                after, [PORT.get(after)])
            assert seen == want, (seen, want, said)
            if status == 3:
                assert "nothing was changed" in done.stderr or \
                    state is expired, said
