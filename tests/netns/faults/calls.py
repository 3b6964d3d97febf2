# SPDX-License-Identifier: GPL-2.0-or-later
"""System calls: what each may answer, and commands that meet it."""

import collections
import hashlib
import re
import subprocess

from netns.faults.stage import LONG, SHORT, outcome
from netns.lib.need import Failure, need

# From the ERRORS of their manual pages: what may happen to a call that is
# right, for want of something, by disturbance, or by a damaged disk
FILES = "EACCES EIO ELOOP ENOMEM ENOSPC EROFS"
ERRNOS = {name: errnos.split() for names, errnos in (
    ("openat open", "EACCES EINTR EIO EMFILE ENFILE ENOMEM ENOSPC EROFS"),
    ("openat2", "EACCES EAGAIN EINTR EIO EMFILE ENFILE ENOMEM ENOSYS"),
    ("socket", "EACCES EAFNOSUPPORT EMFILE ENFILE ENOBUFS ENOMEM"),
    ("bind", "EACCES EADDRINUSE ENOMEM"),
    ("getsockname", "ENOBUFS"),
    ("setsockopt getsockopt", "ENOBUFS ENOMEM ENOPROTOOPT EPERM"),
    ("connect", "EACCES EAGAIN ECONNREFUSED EINTR ENETUNREACH"),
    ("sendto sendmsg", "EAGAIN EINTR EMSGSIZE ENOBUFS ENOMEM EPERM"),
    ("recvfrom recvmsg", "EAGAIN EINTR ENOBUFS ENOMEM"),
    ("read pread64 readv", "EINTR EIO"),
    ("write pwrite64 writev", "EDQUOT EFBIG EINTR EIO ENOSPC EPIPE"),
    ("fsync fdatasync", "EDQUOT EINTR EIO ENOSPC EROFS"),
    ("close", "EINTR EIO"),
    ("ftruncate fallocate", "EINTR EIO ENOSPC EROFS"),
    ("rename renameat renameat2", "EDQUOT " + FILES),
    ("link linkat symlinkat", "EDQUOT EMLINK EPERM " + FILES),
    ("mkdir mkdirat", "EDQUOT EMLINK " + FILES),
    ("unlink unlinkat", "EACCES EBUSY EIO ENOMEM EPERM EROFS"),
    ("getdents64", "EIO ENOENT"),
    ("fstat newfstatat statx access faccessat2 readlinkat fstatfs",
     "EACCES EIO ENOMEM"),
    ("fchmod fchown fchmodat fchownat", "EIO EPERM EROFS"),
    ("lseek", "EINVAL ESPIPE"),
    ("flock", "EINTR ENOLCK EWOULDBLOCK"),
    ("mmap", "EAGAIN ENFILE ENOMEM EPERM"),
    ("munmap mprotect mremap", "ENOMEM"),
    ("clone clone3 fork vfork", "EAGAIN ENOMEM"),
    ("getrandom", "EAGAIN EINTR ENOSYS"),
    ("poll ppoll", "EINTR ENOMEM"),
    ("nanosleep clock_nanosleep", "EINTR"),
    ("getcwd", "EACCES ENOENT ENOMEM"),
    ("fcntl", "EINTR EMFILE"),
    ("pipe2 timerfd_create epoll_create1 eventfd2 memfd_create",
     "EMFILE ENFILE ENOMEM"),
    ("prlimit64 prctl capset capget seccomp", "EACCES ENOMEM EPERM"),
    ("close_range", "EMFILE ENOMEM ENOSYS"),
    ("sysinfo uname ioctl", "EFAULT"),
    ("dup dup2 dup3", "EBUSY EINTR EMFILE"),
    ("sched_getaffinity sched_setaffinity", "EPERM"),
) for name in names.split()}
KILL = "KILL"
# The process does not live to see it, or it is the end of one
NEVER = ("execve", "exit_group", "exit", "rt_sigreturn")
PATIENCE_S = 60
SHOWN = 1200
COLUMNS = ("calls", "runs", "old", "new", "half", "lied", "stuck", "crashed",
           "loader")
CALL = re.compile(r"^(\d+)\s+(\w+)\(", re.M)


def calls_in(log):
    """(name, n) of every system call of a command, in their order. Each of its
    processes counts its own, as strace does where it injects."""
    seen, calls = collections.Counter(), {}
    with open(log, encoding="ascii", errors="replace") as file:
        for pid, name in CALL.findall(file.read()):
            seen[pid, name] += 1
            calls[name, seen[pid, name]] = True
    return list(calls)


def calls_of(stage, argv):
    log = stage.host.tmp.name + "/calls"
    stage.host.netns.run(["strace", "-f", "-qq", "-e", "signal=none", "-o",
                          log, *argv], check=False)
    return calls_in(log)


def faults_of(calls):
    """(name, n, fault): killed at each call, and each of its errors."""
    return [(name, nth, fault) for name, nth in calls if name not in NEVER
            for fault in (KILL, *ERRNOS.get(name, ()))]


def loading(calls):
    """Calls of the loader, which ends by unmapping its cache."""
    return set(calls[:1 + [name for name, _ in calls].index("munmap")])


def strace(argv, fault):
    """Not by --seccomp-bpf: at its stops a signal that is injected is lost."""
    name, nth, how = fault
    what = "signal=KILL" if how == KILL else "error=" + how
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "signal=none",
            "-e", "trace=" + name,
            "-e", "inject=%s:%s:when=%d" % (name, what, nth), *argv]


def run_under(netns, argv, fault):
    """Its CompletedProcess."""
    try:
        return netns.run(strace(argv, fault), check=False, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired as err:
        raise Failure("stuck: it does not end") from err


class Trouble:
    """A command that meets every fault, or a sample of them."""

    def __init__(self, stage, row):
        self.stage, self.row = stage, row
        self.argv = stage.argv(row)
        self.counts = collections.Counter()
        self.loading = ()

    def learn(self):
        stage = self.stage
        stage.prepare(self.row.before)
        calls = calls_of(stage, self.argv)
        need(outcome(stage, self.row, 0, "") == (
            "old" if self.row.before == self.row.after[0] else "new"),
            "without a fault: not done")
        self.counts["calls"] = len(calls)
        self.loading = loading(calls)
        return faults_of(calls)

    def fail_at(self, fault):
        """Counts the outcome; whatever is wrong is a Failure."""
        self.stage.prepare(self.row.before)
        done = run_under(self.stage.host.netns, self.argv, fault)
        status = done.returncode
        self.counts["runs"] += 1
        if fault[2] == KILL:
            need(status in (0, -9, 137), "crashed: exit %d: %s" % (
                status, done.stderr))
            status = None if status else 0
        if fault[:2] in self.loading and self.stage.same():
            self.counts["loader"] += 1  # which may die of what it is refused
            return
        need(status is None or 0 <= status < 128,
             "crashed: %s: %s" % (status, done.stderr))
        try:
            self.counts[outcome(self.stage, self.row, status,
                                done.stderr)] += 1
        except Failure as err:
            raise Failure("%s\n%s%s" % (err, done.stdout[:SHOWN],
                                        done.stderr[:SHOWN])) from err

    def ends_by_itself(self, fault):
        """Whatever a fault leaves of a short trial, the kernel ends it."""
        stage = self.stage
        stage.prepare(self.row.before)
        run_under(stage.host.netns, [SHORT if arg == LONG else arg
                                     for arg in self.argv], fault)
        self.counts["runs"] += 1
        stage.await_end()
        found = stage.look(self.row.before)
        need(found == "before", "stuck: after the end of a trial: " + found)
        self.counts["old"] += 1


    def close(self):
        pass


def chosen(seed, name, faults):
    """In an order that the seed decides."""
    return sorted(faults, key=lambda fault: hashlib.sha256(
        repr((seed, name, fault)).encode()).digest())
