# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that change something, killed or refused at system calls."""

import collections
import json

from netns.faults.host import Host, calls_of, killed_at, run_with
from netns.lib.need import Failure, need

# What the kernel may answer; of other calls that they are not possible
ERRNOS = {
    "openat": "EMFILE", "open": "EMFILE", "socket": "ENOBUFS",
    "sendto": "ENOBUFS", "sendmsg": "ENOBUFS", "recvmsg": "ENOBUFS",
    "recvfrom": "ENOBUFS", "read": "EIO", "pread64": "EIO", "write": "ENOSPC",
    "pwrite64": "ENOSPC", "writev": "ENOSPC", "fsync": "EIO",
    "fdatasync": "EIO", "rename": "EROFS", "renameat": "EROFS",
    "renameat2": "EROFS", "mkdir": "EROFS", "mkdirat": "EROFS",
    "unlink": "EROFS", "unlinkat": "EROFS", "linkat": "EMLINK",
    "flock": "ENOLCK", "mmap": "ENOMEM", "clone": "EAGAIN",
    "fork": "EAGAIN", "vfork": "EAGAIN", "fstat": "EIO",
    "newfstatat": "EACCES", "statx": "EACCES", "close": "EIO",
}
KILL, REFUSE = "signal=KILL", None
# A trial whose command is killed is short: the kernel ends it all the same
SHORT, LONG = "1s", "600s"
# name, arguments, what holds before it, what after it (first of all if it
# succeeds), and of how many system calls at least one is killed
COMMANDS = (
    ("apply", ("apply", "--quiet"), "before", ("for good",), 20),
    ("trial", ("apply", "--quiet", "--trial", LONG), "before", ("on trial",),
     40),
    ("confirm", ("confirm",), "on trial", ("for good",), 40),
    ("rollback", ("rollback",), "on trial", ("before",), 40),
    ("return", ("rollback",), "for good", ("before",), 40),
    ("clear", ("clear", "--yes"), "on trial", ("nothing",), 40),
    ("open", ("open", "--for=10m", "tcp/5555"), "before", ("opened",), 40),
    ("close", ("close", "tcp/5555"), "opened", ("before",), 40),
    ("boot", ("boot",), "nothing", ("before", "emergency", "loose"), 40),
)
# A first load ends with the policy of the hook, which whole rules never reach
LOOSE = "table inet portwall, chain input has the other policy"
NEVER = ("execve", "exit_group", "exit", "rt_sigreturn",
         "brk")    # has no error: it returns the break as it was


def sample(calls, step, whole):
    """Of each kind one call, and each @step-th of all; unless @whole without
    those of the loader, which may die of what it is refused."""
    kinds = dict(calls) if whole else {}
    loaded = 0 if whole else 1 + [name for name, _ in calls].index("munmap")
    for name, nth in calls[loaded:]:
        kinds.setdefault(name, nth)
    return [call for i, call in enumerate(calls)
            if i >= loaded and call[0] not in NEVER and
            (kinds[call[0]] == call[1] or not i % step)]


class Change:
    """A command on a host where @before holds: one of what look() returns."""

    def __init__(self, host, row, fault):
        self.host, self.fault = host, fault
        self.name, self.before, self.after = row[0], row[2], row[3]
        args = [SHORT if fault == KILL and arg == LONG else arg
                for arg in row[1]]
        self.ends = SHORT in args
        self.argv = host.argv(*args, *(
            [host.paths[1]] if args[0] == "apply" else []))
        self.found, self.turns = None, 0

    def prepare(self):
        """The next apply works, whatever has been done to the one before."""
        self.host.apply(0)
        if "opened" in (self.before, *self.after):
            self.host.netns.run(self.host.argv("close", "--all"), check=False)
        if self.before == "on trial":
            self.host.netns.run(self.host.apply_argv(1, "--trial", LONG))
        elif self.before == "for good":
            self.host.apply(1)
        elif self.before == "opened":
            self.host.netns.run(self.host.argv("open", "--for=10m",
                                               "tcp/5555"))
        elif self.before == "nothing":
            self.host.netns.nft("delete table inet portwall")
        self.found = self.look()
        need(self.found == self.before, "afterwards: " + self.found)

    def look(self):
        """What is in force, as a word; everything else is a failure."""
        host = self.host
        done = host.netns.run(host.argv("status", "--json"), check=False)
        need(done.returncode in (0, 1), "status: exit %d: %s%s" % (
            done.returncode, done.stdout, done.stderr))
        doc = json.loads(done.stdout)
        need(host.netns.nft_list("table ip other") == host.foreign,
             "another program's table has changed")
        if not doc["in_force"]:
            return "nothing"
        if self.before == "nothing" and [LOOSE] == [
                drift["text"] for drift in doc["drift"]]:
            return "loose"
        need(not doc["changed"], "the rules are not whole")
        if doc["policy"] == "emergency.ini":
            return "emergency"
        need(doc["policy"] in host.paths, "in force: %s" % doc["policy"])
        which, trial = host.paths.index(doc["policy"]), doc["trial"]
        if trial and trial["seconds_left"]:
            need(which == 1, "the candidate is not in force")
            return "on trial"
        need(not trial or which == 0, "what expired is in force")
        if doc["openings"]:
            return "opened"
        return "for good" if which else "before"

    def fail_at(self, call):
        """One run with a fault; the outcome as a word."""
        if self.found != self.before or self.turns % 8 == 0:
            self.prepare()
        self.turns += 1
        if self.fault == KILL:
            killed_at(self.host, self.argv, call)
        else:
            status = run_with(self.host, self.argv, call,
                              errno_of(call[0])).returncode
            need(status >= 0, "signal %d" % -status)
        word = self.found = self.look()
        need(word in (self.before, *self.after), "outcome: " + word)
        need(self.fault == KILL or status or word == self.after[0],
             "exit 0, but " + word)
        while self.ends and self.found == "on trial":
            self.found = self.look()
        need(not self.ends or self.found == self.before,
             "after the end of the trial: " + self.found)
        return word


def errno_of(name):
    return "error=" + ERRNOS.get(name, "ENOSYS")


def everywhere(row, fault, step):
    words, host = collections.Counter(), Host(state=True)
    change = Change(host, row, fault)
    try:
        change.prepare()
        calls = sample(calls_of(host, change.argv), step, fault == KILL)
        need(len(calls) > 10, "it makes more system calls")
        for call in calls:
            try:
                words[change.fail_at(call)] += 1
            except Failure as err:
                raise Failure("at %s %d: %s" % (*call, err)) from err
        change.prepare()
        need(words[change.before], "no fault kept it from its work")
    finally:
        host.close()
    return "%d calls: %s" % (len(calls), ", ".join(
        "%d times %s" % (count, word) for word, count in words.items()))


def command_tests():
    """A test for each command and each fault."""
    tests = []
    for row in COMMANDS:
        for word, fault, step in (("killed", KILL, row[4]),
                                  ("refused", REFUSE, 40)):
            def test(row=row, fault=fault, step=step):
                return everywhere(row, fault, step)
            test.__name__ = row[0] + " " + word
            tests.append(test)
    return tuple(tests)
