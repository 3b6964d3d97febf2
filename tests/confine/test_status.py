# SPDX-License-Identifier: GPL-2.0-or-later
"""What /proc says of a command at work: while it waits for its policy, and while
it talks to the kernel."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from netns.lib.need import need
from netns.lib.runner import Skip, cases
from netns.lib.world import PORTWALL

NET_ADMIN, DAC_READ_SEARCH, SYS_PTRACE = 1 << 12, 1 << 2, 1 << 19
KEPT = NET_ADMIN | DAC_READ_SEARCH | SYS_PTRACE
SENDTO = "44 "          # x86-64; elsewhere the second test is skipped


def status(pid):
    """Field -> text of /proc/PID/status"""
    text = Path("/proc/%d/status" % pid).read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines()
                if ":\t" in line)


def caps(pid, field):
    return int(status(pid)[field], 16)


def await_true(condition, what):
    end = time.monotonic() + 60
    while not condition():
        need(time.monotonic() < end, "did not come: " + what)
        time.sleep(0.002)


@cases("check", "show", "apply", "plan")
def test_while_it_reads(command):
    with tempfile.TemporaryDirectory() as there:
        argv = [PORTWALL, command]
        if command == "apply":
            argv += ["--run-dir", there + "/run", "--state-dir", there + "/s"]
        process = subprocess.Popen([*argv, "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL)
        pid = process.pid
        await_true(lambda: status(pid)["Seccomp"].strip() == "2", "a filter")
        await_true(lambda: status(pid)["State"].startswith("S"), "sleep")
        need(caps(pid, "CapEff") == 0, "effective: %x" % caps(pid, "CapEff"))
        for field in ("CapPrm", "CapBnd"):
            need(not caps(pid, field) & ~KEPT, "%s: %x" % (
                field, caps(pid, field)))
        for field in ("CapInh", "CapAmb"):
            need(not caps(pid, field), field)
        need(status(pid)["NoNewPrivs"].strip() == "1", "new privileges")
        process.communicate(b"[allow x]\ntcp = 1\n", timeout=60)
        need(process.returncode == 0, "exit status %d" % process.returncode)


def test_while_it_talks_to_the_kernel():
    if os.uname().machine != "x86_64":
        raise Skip("knows the number of sendto(2) of x86-64 only")
    tracer = subprocess.Popen(
        ["strace", "-o", "/dev/null", "-e", "trace=sendto",
         "-e", "inject=sendto:delay_enter=400ms:when=1", PORTWALL, "status"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    children = Path("/proc/%d/task/%d/children" % (tracer.pid, tracer.pid))

    def sending():
        pids = children.read_text().split()
        if not pids:
            return False
        try:
            call = Path("/proc/%s/syscall" % pids[0]).read_text()
        except OSError:
            return False
        return call.startswith(SENDTO)

    await_true(sending, "a message to the kernel")
    pid = int(children.read_text().split()[0])
    need(caps(pid, "CapEff") == NET_ADMIN, "effective: %x" %
         caps(pid, "CapEff"))
    need(status(pid)["Seccomp"].strip() == "2", "no filter")
    tracer.wait(60)


def test_files_of_others():
    """Root reads what somebody keeps to himself, and leaves a report there."""
    if os.geteuid() or not Path("/proc/self/uid_map").read_text().split()[
            2] == "4294967295":
        raise Skip("there are no other users here")
    with tempfile.TemporaryDirectory() as there:
        policy = Path(there) / "p.ini"
        policy.write_text("[allow x]\ntcp = 1\n")
        policy.chmod(0o600)
        os.chown(policy, 65534, 65534)
        os.chown(there, 65534, 65534)
        for words in (["check", str(policy)],
                      ["test", "--computed", "--report", there + "/r.tap",
                       str(policy)]):
            done = subprocess.run([PORTWALL, *words], capture_output=True,
                                  check=False, timeout=120)
            need(done.returncode == 0, done.stderr)
        need((Path(there) / "r.tap").exists(), "no report")
