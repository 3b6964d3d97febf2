# SPDX-License-Identifier: GPL-2.0-or-later
"""Others at the same time: commits without end, commands without number."""
import contextlib
import os
import random
import signal
import subprocess
import sys
import time

from netns.lib.runner import cases

from environ.tally import CHOSEN, LONG, PATIENCE_S, ROWS, Tally, behind
from netns.faults import sight
from netns.faults.stage import Stage
from netns.lib.need import need
from netns.lib.world import PORTWALL

# Adds a table and takes it away, every millisecond, and tells how often
STORM = """
import socket, sys, time
sys.path[:0] = sys.argv[1:3]
from hostile import rules
sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                     rules.NETLINK_NETFILTER)
sock.bind((0, 0))
batches = [rules.batch((kind, rules.text(1, b"storm"))) for kind in (
    rules.NEWTABLE, rules.DELTABLE)]
print(flush=True)
for n in range(10 ** 9):
    sock.send(batches[n % 2])
    sock.recv(8192)
    time.sleep(0.001)
"""


@contextlib.contextmanager
def storm(stage):
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with stage.host.netns.entered():
        process = subprocess.Popen(
            [sys.executable, "-c", STORM, tests, os.path.join(tests, "netns")],
            stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        yield process
        need(process.poll() is None, "the storm is over")
    finally:
        process.kill()
        process.communicate()


def test_storm():
    """Every batch may be too late: it is made anew, or nothing is changed."""
    tally = Tally()
    stage = tally.stage

    def run(argv):
        with storm(stage):
            before = stage.kernel.generation()
            done = behind(stage)(argv)
            commits = stage.kernel.generation() - before
        stage.host.netns.nft("add table inet storm\ndelete table inet storm")
        need(commits > 2, "no storm: %d commits" % commits)
        return done
    for row in CHOSEN:
        for turn in range(20 if LONG else 3):
            tally.attempt(row, run, "storm %d" % turn)
    tally.end("a commit each millisecond", "new")


# --- many at once -------------------------------------------------------------

NUMBER = 1000 if LONG else 120


def command(rng, host):
    """Arguments, and the places that it is told of."""
    both = host.dirs
    return rng.choice((
        ["apply", *both, host.paths[0]], ["apply", *both, host.paths[1]],
        ["apply", *both, "--trial", "600s", host.paths[1]],
        ["apply", *both, "--trial", "1s", host.paths[1]],
        ["open", *both, "--for=10m", "tcp/%d" % rng.randrange(5000, 5009)],
        ["close", *both, "tcp/%d" % rng.randrange(5000, 5009)],
        ["close", *both, "--all"], ["status", *both],
        ["status", "--json", *both],
        ["plan", *both[2:], host.paths[1]], ["rollback", *both], ["confirm", *both],
        ["boot", *both], ["history", *both[2:]], ["watch", *both]))


def test_at_once():
    """All end; what is in force is whole, and what somebody was told."""
    stage, rng = Stage(), random.Random(11)
    host = stage.host
    try:
        stage.prepare("before")
        with host.netns.entered():
            running = [subprocess.Popen(
                [PORTWALL, *command(rng, host)], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                       for _ in range(NUMBER)]
        ends, watches = {}, [process for process in running
                             if process.args[1] == "watch"]
        for process in running:
            if process not in watches:
                said, _ = process.communicate(timeout=15 * PATIENCE_S)
                need(process.returncode in (0, 1, 3), "%s: exit %d: %s" % (
                    process.args, process.returncode, said))
                ends.setdefault(process.args[1], set()).add(process.returncode)
        for process in watches:
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=PATIENCE_S)
            need(process.returncode == 0, "watch: %d: %s" % (
                process.returncode, said))
        need(0 in ends["apply"] and 0 in ends["rollback"], str(ends))
        need(not sight.is_locked(stage.run_dir), "the lock is held")
        host.netns.run(host.argv("close", "--all"), check=False)
        word = stage.look("before")
        need(word in ("before", "for good", "on trial"), "half: " + word)
        for name in ("apply", "rollback"):
            stage.turns = 0
            stage.prepare(ROWS[name].before)
        print("# %d at once: %s, then %s" % (NUMBER, {
            name: sorted(found) for name, found in ends.items()}, word))
    finally:
        stage.close()


# --- signals ------------------------------------------------------------------

@cases("INT", "TERM", "HUP", *(["PIPE", "QUIT", "ALRM", "USR1", "XCPU"]
                               if LONG else []))
def test_signal(name):
    """At any moment: before the batch nothing is done, after it all."""
    tally, rng = Tally(), random.Random(name)
    number = getattr(signal, "SIG" + name)

    def run(argv):
        with tally.stage.host.netns.entered():
            process = subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True)
        time.sleep(rng.random() * 0.06)
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE_S)
        ended = process.returncode >= 0
        return (process.returncode, said) if ended else (None, said)
    for row in CHOSEN:
        for turn in range(30 if LONG else 3):
            tally.attempt(row, run, "SIG%s %d" % (name, turn))
    tally.end("SIG" + name)


def test_terminal_closed():
    """It goes away while the command runs, and SIGHUP comes."""
    tally, rng = Tally(), random.Random(3)

    def run(argv):
        ours, theirs = os.openpty()
        with tally.stage.host.netns.entered():
            process = subprocess.Popen(
                ["setsid", "--ctty", *argv], stdin=theirs, stdout=theirs,
                stderr=theirs)
        os.close(theirs)
        time.sleep(rng.random() * 0.06)
        os.close(ours)
        process.wait(PATIENCE_S)
        return (process.returncode, "") if process.returncode >= 0 else \
            (None, "")
    for row in CHOSEN:
        for turn in range(20 if LONG else 3):
            tally.attempt(row, run, "terminal %d" % turn)
    tally.end("terminal closed")
