# SPDX-License-Identifier: GPL-2.0-or-later
"""What the units of systemd forbid is not needed by what they start.

As far as it can be had without systemd: the capabilities, /proc as it is
mounted for them, the socket families, and the system calls of the filter.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess

from netns.lib.runner import Skip, cases

from netns.faults.host import Host
from netns.lib.need import need
from netns.lib.world import PORTWALL

UNITS = os.path.join(os.path.dirname(__file__), "../../packaging/systemd")
PATIENCE_S = 60
# The units forbid it: the one capability that there is stays effective then
REFUSED = {"capset"}
PROC = "mount -t proc -o hidepid=invisible,subset=pid proc /proc && exec \"$@\""


def unit(name):
    """Lists of values by key; an empty one begins anew."""
    keys = {}
    with open(os.path.join(UNITS, name), encoding="ascii") as file:
        for key, value in re.findall(r"^(\w+)=(.*)$", file.read(), re.M):
            keys.setdefault(key, []).append(value)
    return keys


def filtered(keys):
    """The system calls that SystemCallFilter= lets through."""
    text = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"], check=True,
        capture_output=True, text=True, timeout=PATIENCE_S).stdout
    groups = {}
    for line in text.splitlines():
        if line.startswith("@"):
            names = groups.setdefault(line, [])
        elif re.fullmatch(r" +[@\w-]+", line):
            names.append(line.strip())

    def calls(name):
        if not name.startswith("@"):
            return {name}
        return set().union(*map(calls, groups[name]))
    allowed = calls("@default")
    for line in keys["SystemCallFilter"]:
        names = set().union(*map(calls, line.lstrip("~").split()))
        allowed = allowed - names if line[0] == "~" else allowed | names
    return allowed


def prefix(keys, log):
    """Runs what follows as the unit would, and notes its system calls."""
    caps = ",".join("+" + cap.removeprefix("CAP_").lower() for line in
                    keys["CapabilityBoundingSet"] for cap in line.split())
    return ["unshare", "-m", "sh", "-c", PROC, "sh", "setpriv",
            "--bounding-set=-all," + caps, "--inh-caps=-all",
            "--no-new-privs", "strace", "-f", "-qq", "-o", log,
            "-e", "signal=none", *(
                "-einject=%s:error=EPERM" % call for call in REFUSED)]


def need_calls(keys, log):
    """All system calls of the command, without those that started it."""
    with open(log, encoding="ascii", errors="replace") as file:
        text = file.read()
    text = text[text.index("execve(\"%s\"" % PORTWALL):]
    families = set(re.findall(r" socket\((\w+)", text))
    need(families, "no socket was opened")
    known = set(" ".join(keys["RestrictAddressFamilies"]).split())
    need(families <= known, "%s are used" % (families - known))
    used = set(re.findall(r"^\d+ +(\w+)\(", text, re.M)) - {"execve"}
    need(len(used) > 15, "only %s are seen" % used)
    need(REFUSED <= used, "%s are not used" % (REFUSED - used))
    if shutil.which("systemd-analyze"):
        allowed = filtered(keys)
        need(used - REFUSED <= allowed, "%s are used" % (used - allowed))
        need(not REFUSED & allowed, "%s are allowed" % (REFUSED & allowed))


def host():
    if not shutil.which("strace"):
        raise Skip("strace is missing")
    one = Host(state=True)
    if one.netns.run(["unshare", "-m", "sh", "-c", PROC, "sh", "true"],
                     check=False).returncode:
        one.close()
        raise Skip("/proc cannot be mounted so here")
    return one


def test_boot():
    one, keys = host(), unit("portwall.service")
    try:
        log = os.path.join(one.tmp.name, "log")
        one.apply(1)
        one.netns.nft("delete table inet portwall")
        one.netns.run([*prefix(keys, log), *one.argv("boot")])
        need(one.in_force() == 1, "the policy is not in force")
        need_calls(keys, log)
    finally:
        one.close()


def send(tracer, number):
    """To what strace has started, which ends by itself then."""
    path = "/proc/%d/task/%d/children" % (tracer.pid, tracer.pid)
    if tracer.poll() is None:
        with open(path, encoding="ascii") as file:
            for pid in file.read().split():
                os.kill(int(pid), number)


@cases(("watch", "changed"), ("heal", "healed"))
def test_watch(word):
    """Ready is reported, a change is seen, and with --heal put back."""
    one, keys = host(), unit("portwall-watch.service")
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        log = os.path.join(one.tmp.name, "log")
        one.apply(1)
        ready.bind(os.path.join(one.tmp.name, "notify"))
        ready.settimeout(PATIENCE_S)
        with one.netns.entered():
            process = subprocess.Popen(
                [*prefix(keys, log), *one.argv("watch", "--json"),
                 *(["--heal"] if word == "healed" else [])],
                stdout=subprocess.PIPE, text=True,
                env={**os.environ, "NOTIFY_SOCKET": ready.getsockname(),
                     "WATCHDOG_USEC": "2000000"})
        while b"READY=1" not in ready.recv(4096):
            pass
        one.netns.nft("flush chain inet portwall input")
        for line in process.stdout:
            if json.loads(line)["event"] == word:
                break
        if word == "healed":
            need(one.in_force() == 1, "the policy is not in force")
        send(process, signal.SIGTERM)
        process.wait(PATIENCE_S)
        need_calls(keys, log)
    finally:
        send(process, signal.SIGKILL)
        process.communicate()
        ready.close()
        one.close()
