# SPDX-License-Identifier: GPL-2.0-or-later
"""Many commands at once end in a state that one of them reported."""

import random
import subprocess

from live.host import A, B, C, PORT, Live, start

QUIET = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def is_open(w):
    return tuple(port for port in sorted(PORT.values()) if w.lets_in(port))


def test_fifty_at_once():
    with Live() as w:
        w.put(A)
        files = {text: w.ini(text, "p%d.ini" % PORT[text])
                 for text in (A, B, C)}
        dice, runs = random.Random(4), []
        for _ in range(50):
            text = dice.choice((A, B, C))
            command = dice.choice((
                ("apply", "--insecure-permissions", files[text]),
                ("apply", "--insecure-permissions", "--trial=600s",
                 files[text]), ("confirm",), ("rollback",),
                ("open", "tcp/2222", "--for=600s"), ("close", "tcp/2222")))
            runs.append((command, start(w, *command, **QUIET)))
        for command, run in runs:
            said = "".join(run.communicate(timeout=120))
            # no trial to confirm, nothing before, not open: a refusal
            allowed = {"confirm": (0, 3), "rollback": (0, 3),
                       "close": (0, 1)}.get(command[0], (0,))
            assert run.returncode in allowed, (command, said)
        seen = is_open(w)
        assert len(seen) == 1, seen
        if w.status()["trial"]:
            w.go("confirm")
        seen = is_open(w)
        status = w.go("status", want=None)
        assert status.returncode == 0, status.stdout
        w.reboot()
        assert is_open(w) == seen, "boot loads something else"


def test_confirms_race_the_expiry():
    """Either it stays and the command says so, or it does not"""
    with Live() as w:
        w.put(A)
        for _ in range(3):
            w.try_out(B, "1s")
            while True:
                done = w.go("confirm", want=None)
                if done.returncode:
                    break
                w.put(A)
                w.try_out(B, "1s")
                w.await_closed(443)
            assert done.returncode == 3
            w.need(A)
        w.boots_to(A)
