# SPDX-License-Identifier: GPL-2.0-or-later
"""Names and texts that would forge a line or take over a terminal."""
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

from netns.lib.runner import cases

from hostile import rules
from netns.lib.need import need
from netns.lib.netns import Netns
from netns.lib.world import PORTWALL

PATIENCE_S = 120
# ESC, BEL, DEL, C1 as UTF-8, a bidi override, no UTF-8, quotes, ends of others
ODD = b"\x1b[31m\x07\x7f\xc2\x9b31m\xe2\x80\xae\xff\"'\\<&]]>#%s%n"
FORGED = b"\nFORGED\rFORGED "
HOSTILE = ODD + FORGED + ODD
# As the name of a file
IN_LINE = ODD
SET = HOSTILE.replace(b"%", b"")     # the kernel would put a number there
COMMS = (b"\x1b[31m\x07\nFORGED", b"\x7f\xc2\x9b\xe2\x80\xae\xff\"'\\<", b"]]>#%s%n&\nFORGE")
LISTENER = """
import ctypes, socket, sys
sock = socket.socket(socket.AF_INET6)
sock.bind(("::", int(sys.argv[1])))
sock.listen()
name = bytes.fromhex(sys.argv[2])
ctypes.CDLL(None).prctl(15, name, 0, 0, 0)     # PR_SET_NAME
print(flush=True)
sys.stdin.read()
"""
OK = "[allow ssh]\ntcp = 22\n[allow web]\ntcp = 80, 443\n"


class Scene:
    """A host whose directory has a hostile name as well."""

    def __init__(self):
        self.netns = Netns("host")
        self.base = tempfile.TemporaryDirectory(prefix="pw-hostile-")
        self.dir = os.path.join(os.fsencode(self.base.name),
                                HOSTILE.replace(b"/", b""))
        os.mkdir(self.dir, 0o700)
        self.run_dir = b"--run-dir=" + self.path(b"run")
        self.state_dir = b"--state-dir=" + self.path(b"state")
        self.seen = 0

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(self.path(name), 0o600)
        return self.path(name)

    def go(self, *args, status=None, where=(), env=None, data=None):
        """Run a command; what it prints is looked at."""
        places = {"run": self.run_dir, "state": self.state_dir}
        argv = [os.fsencode(PORTWALL),
                *(arg.encode() if isinstance(arg, str) else arg
                  for arg in args), *(places[place] for place in where)]
        with self.netns.entered():
            done = subprocess.run(
                argv, input=data, capture_output=True, check=False, env=env,
                timeout=PATIENCE_S)
        need(done.returncode >= 0, "%s: %s" % (argv, done))
        need(status is None or done.returncode == status,
             "exit %d: %s" % (done.returncode, done))
        # nft's text is indented by tabs
        need_clean(done.stdout.replace(b"\t", b"") if "--as=nft" in args
                   else done.stdout, argv)
        need_clean(done.stderr, argv)
        if (b"--json" in argv or b"--as=json" in argv) and done.stdout:
            json.loads(done.stdout)
        self.seen += len(done.stdout) + len(done.stderr)
        return done.stdout + done.stderr

    def change(self, command, *args, **options):
        return self.go(command, *args, where=("run", "state"), **options)

    def close(self):
        self.netns.close()
        self.base.cleanup()


def need_clean(data, about):
    found = re.search(rb"[^\x20-\x7e\n].{,40}|^ *FORGED.*", data, re.M)
    need(not found, "%s: %r in\n%s" % (
        about, found and found.group(), data[:3000]))


@contextlib.contextmanager
def scene():
    one = Scene()
    try:
        yield one
    finally:
        one.close()


# --- command lines ------------------------------------------------------------

COMMANDS = ("check", "show", "test", "plan", "apply", "confirm", "rollback",
            "status", "verify", "watch", "boot", "open", "close", "clear",
            "history", "install", "help")
VALUES = ("--as", "--applied", "--format", "--against", "--trial", "--color",
          "--for", "--from", "--on", "--seed", "--rate", "--source", "--target",
          "--report", "--root", "--run-dir", "--state-dir")


def test_arguments():
    with scene() as one:
        one.go(HOSTILE)
        one.go(b"-" + HOSTILE)
        one.go(b"--" + HOSTILE)
        for command in COMMANDS:
            for tail in ([HOSTILE], [b"--" + HOSTILE], [HOSTILE, HOSTILE],
                         [b"tcp/" + HOSTILE], ["--json", HOSTILE]):
                if command != "watch" or tail != [HOSTILE]:
                    one.go(command, *tail)
            for name in VALUES:
                one.go(command, name.encode() + b"=" + HOSTILE, b"--" + ODD)
        need(one.seen > 10000, "hardly anything was said")


@cases("--run-dir", "--state-dir")
def test_directories(option):
    """That cannot be made, that is a file, that others may write to."""
    with scene() as one:
        policy = one.file(b"p.ini", OK)
        os.mkdir(one.path(b"open"))
        os.chmod(one.path(b"open"), 0o777)
        for place in (one.path(b"none/none"), policy, one.path(b"open")):
            for args in (("apply", policy), ("rollback",), ("status",),
                         ("boot",)):
                one.go(*args, option.encode() + b"=" + place)
                one.go(*args, "--json", option.encode() + b"=" + place)


@cases(("open", "--for=5m", "--from"), ("open", "--for=5m", "--on"),
       ("close", "--from"), ("open", "--for"), ("verify", "--yes", "--source"))
def test_values(command, *options):
    with scene() as one:
        one.change("apply", "--insecure-permissions", one.file(b"p.ini", OK),
                   status=0)
        where = ("run", "state") if command != "verify" else ()
        one.go(command, *options, HOSTILE, "tcp/9", where=where)
        one.go(command, *options, HOSTILE, HOSTILE, where=where)


# --- policies -----------------------------------------------------------------

PLACES = {
    "section": b"[allow %s]\ntcp = 1\n",
    "kind of section": b"[%s x]\ntcp = 1\n",
    "key": b"[allow x]\n%s = 1\n",
    "ports": b"[allow x]\ntcp = %s\n",
    "service": b"[allow x]\ntcp = a%s\n",
    "address": b"[allow x]\ntcp = 1\nfrom = %s\n",
    "name of addresses": b"[addresses]\n%s = 192.0.2.1\n",
    "addresses": b"[addresses]\nx = %s\n",
    "interface": b"[allow x]\ntcp = 1\non = %s\n",
    "rate": b"[allow x]\ntcp = 1\nrate = %s\n",
    "time": b"[allow x]\ntcp = 1\nuntil = %s\n",
    "list": b"[allow x]\ntcp = 1\nfrom = file:%s\n",
    "include": b"[policy]\ninclude = %s\n",
    "comment": b"# %s\n[allow x]\ntcp = 1 # %s\ntcp = 2\n",
    "behind a value": b"[allow x]\ntcp = 1 %s\n",
    "no key": b"%s\n",
    "default": b"[policy]\ndefault = %s\n",
}


@cases(*PLACES)
def test_policy(place):
    """Refused or not: nothing of the text is shown as it is."""
    with scene() as one:
        for text in (HOSTILE, ODD, b"\x1b[31mx", b"x\x7f", b"\xc2\x9bx",
                     b"\xe2\x80\xaex", b"x\xff", b"%s%n", b"a\"b\\c<d", b"]]>",
                     b"../" + ODD):
            body = PLACES[place].replace(b"%s", text)
            policy = one.file(b"p.ini", body + b"[allow y]\ntcp = 5\n")
            for args in (("check",), ("check", "--json"), ("show",),
                         ("show", "--json"), ("show", "--as=nft"),
                         ("show", "--as=json")):
                one.go(*args, policy)
            one.go("check", "-", data=body)
            one.change("apply", "--insecure-permissions", policy)
            one.change("status")
            one.change("status", "--json")


def test_list_file():
    with scene() as one:
        one.file(b"l.txt", b"192.0.2.1\n" + ODD + b"\n192.0.2.2 " + HOSTILE)
        policy = one.file(b"p.ini", "[allow x]\ntcp = 1\nfrom = file:l.txt\n")
        one.go("check", policy, status=2)
        one.go("check", "--json", policy, status=2)


def test_name_of_policy():
    """The file's name is remembered and shown by many commands."""
    with scene() as one:
        first, second = (one.file(HOSTILE.replace(b"/", b"")[:40] + end, text)
                         for end, text in ((b"1", OK), (b"2", OK.replace(
                             "443", "8443"))))
        os.symlink(HOSTILE, one.path(b"link"))
        for args in (("check",), ("show",), ("plan",), ("plan", "--json"),
                     ("show", "--json"), ("show", "--as=nft"),
                     ("plan", "--against", first),
                     ("test", "--computed")):
            one.go(*args, second)
        one.go("check", one.path(b"link"))
        one.go("check", one.path(b"none" + ODD))
        one.change("apply", first, status=0)
        one.change("apply", "--json", second, status=0)
        one.change("open", "--for=5m", "tcp/9", status=0)
        for args in (("history",), ("history", "--json"),
                     ("show", "--applied"), ("show", "--applied", "1"),
                     ("show", "--json", "--applied", "1"),
                     ("show", "--as=nft", "--applied"), ("plan", first)):
            one.go(*args, where=("state",), status=0)
        for args in (("status",), ("status", "--json"),
                     ("status", "--format=prometheus"), ("rollback",),
                     ("apply", "--trial=600s", second), ("status",),
                     ("confirm",), ("rollback", "--json"), ("boot",)):
            one.change(*args, status=0)
        os.unlink(one.path(b"state/applied"))
        for args in (("boot",), ("status",), ("clear", "--yes")):
            one.change(*args)


def test_state_files():
    """What is remembered is damaged, or is there under hostile names."""
    with scene() as one:
        policy = one.file(b"p.ini", OK)
        for _ in range(2):
            one.change("apply", policy, status=0)
        for place in (b"state", b"state/history", b"state/objects"):
            for name in (IN_LINE, FORGED, b"0" * 64):
                one.file(place + b"/" + name, HOSTILE)
        for name in os.listdir(one.path(b"state/history")):
            with open(one.path(b"state/history/" + name), "ab") as file:
                file.write(HOSTILE)
        for name in (b"applied", b"trial", b"emergency.ini"):
            one.file(b"state/" + name, HOSTILE)
        for args in (("history",), ("history", "--json"),
                     ("show", "--applied")):
            one.go(*args, where=("state",))
        for args in (("status",), ("status", "--json"), ("rollback",),
                     ("boot",), ("boot", "--json"), ("apply", policy)):
            one.change(*args)


# --- what others have in the kernel -------------------------------------------

def foreign(one):
    """A table that drops, with hostile names, and another that is NAT's."""
    rules.load(
        one.netns, rules.table(HOSTILE), rules.chain(HOSTILE, HOSTILE, 1),
        rules.chain(HOSTILE, FORGED), rules.ipv4_set(HOSTILE, SET),
        rules.rule(HOSTILE, HOSTILE, HOSTILE, HOSTILE[:120]),
        rules.rule(HOSTILE, FORGED, ODD))


def test_foreign_table():
    with scene() as one:
        policy = one.file(b"p.ini", OK)
        foreign(one)
        one.change("apply", policy, status=0)
        said = one.change("status")
        need(b"FORGED" in said, "the table is not named: %s" % said)
        for args in (("status", "--json"), ("status", "--format=prometheus"),
                     ("apply", policy), ("rollback",), ("clear", "--yes")):
            one.change(*args)
        one.go("plan", policy)
        one.change("apply", policy)
        for args in ((), ("--json",)):
            one.go("verify", "--yes", *args, policy)


def test_our_table():
    """Somebody puts objects with such names into it, and rules."""
    with scene() as one:
        policy = one.file(b"p.ini", OK)
        one.change("apply", policy, status=0)
        ours = b"portwall"
        rules.load(one.netns, rules.chain(ours, HOSTILE),
                   rules.chain(ours, FORGED, 1), rules.ipv4_set(ours, SET),
                   rules.rule(ours, HOSTILE, HOSTILE, HOSTILE[:120]),
                   rules.rule(ours, b"input", HOSTILE, HOSTILE[:120]))
        said = one.change("status", status=1)
        need(b"FORGED" in said or b"x1b" in said, "nothing is named: %s" % said)
        for args in (("status", "--json"), ("status", "--format=prometheus"),
                     ("open", "--for=5m", "tcp/9"), ("close", "tcp/9"),
                     ("rollback",), ("confirm",), ("boot",),
                     ("apply", "--verbose", policy), ("status",)):
            one.change(*args)


def test_interface():
    """The kernel allows all but a slash, a colon and white space."""
    name = b"\x1b[3m\x07\x7f\xc2\x9b\"\\<&#"
    with scene() as one:
        with one.netns.entered():
            subprocess.run([b"ip", b"link", b"add", name, b"type", b"bridge"],
                           check=True)
            subprocess.run([b"ip", b"link", b"set", name, b"up"], check=True)
            subprocess.run([b"ip", b"address", b"add", b"192.0.2.1/24", b"dev",
                            name], check=True)
        policy = one.file(b"p.ini", OK + "on = eth0\n")
        one.change("apply", policy, status=0)
        for args in (("check", policy), ("show", policy),
                     ("verify", "--yes", policy),
                     ("verify", "--yes", "--json", policy)):
            one.go(*args)
        for option in (b"--on=" + name, b"--on=" + name[:5] + b"*"):
            one.change("open", "--for=5m", option, "tcp/9")
        one.change("status")
        one.change("status", "--json")


# --- processes ----------------------------------------------------------------

@contextlib.contextmanager
def listener(one, port, comm):
    with one.netns.entered():
        process = subprocess.Popen(
            [sys.executable, "-c", LISTENER, str(port), comm.hex()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        need(process.stdout.readline(), "nobody listens")
        yield process
    finally:
        process.kill()
        process.communicate()


REPORTS = (b"xml", b"tap", b"sarif")


def test_process():
    """The name of what listens, in results and in reports."""
    with scene() as one, contextlib.ExitStack() as stack:
        policy = one.file(b"p.ini", OK)
        one.change("apply", policy, status=0)
        for port, comm in zip((80, 443, 5432), COMMS):
            stack.enter_context(listener(one, port, comm))
        said = one.go("verify", "--yes", policy)
        need(b"x1b" in said or b"FORGED" in said, "not named: %s" % said)
        one.go("verify", "--yes", "--json", policy)
        paths = [one.path(b"r." + end) for end in REPORTS]
        one.go("verify", "--yes", *(b"--report=" + path for path in paths),
               policy)
        one.go("test", "--computed",
               *(b"--report=" + path for path in paths[:1]), policy)
        for path in paths:
            with open(path, "rb") as file:
                data = file.read()
            need_clean(data, path)
            if path.endswith(b"xml"):
                xml.fromstring(data)
            elif path.endswith(b"sarif"):
                json.loads(data)
            else:
                need(not re.search(rb"^(not )?ok (?!\d+ - )", data, re.M), data)


@contextlib.contextmanager
def watch(one, *options):
    """A watch, and what it tells its service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = os.path.join(one.base.name, "notify")
        manager.bind(name)
        manager.settimeout(PATIENCE_S)
        with one.netns.entered():
            process = subprocess.Popen(
                [os.fsencode(PORTWALL), b"watch", one.run_dir, one.state_dir,
                 *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, "NOTIFY_SOCKET": name})
        try:
            while b"READY" not in manager.recv(4096):
                pass
            yield process, manager
        finally:
            process.kill()
            process.communicate()
            os.unlink(name)


@cases(("text",), ("json", b"--json"))
def test_watch(*options):
    """A change by a process of such a name, a table, a listener."""
    with scene() as one:
        one.change("apply", one.file(b"p.ini", OK), status=0)
        with watch(one, *options) as (process, manager):
            kinds = iter((b"other", b"listen"))
            foreign(one)
            lines = [process.stdout.readline() for _ in range(2)]
            with listener(one, 9, COMMS[0]):
                while not re.search(rb"listen", lines[-1]):
                    lines.append(process.stdout.readline())
                    need(lines[-1], "the watch has ended")
            process.terminate()
            out, err = process.communicate(timeout=PATIENCE_S)
            need_clean(b"".join(lines) + out + err, "watch %s" % next(kinds))
            manager.setblocking(False)
            told = b""
            with contextlib.suppress(BlockingIOError):
                while True:
                    told += manager.recv(4096) + b"\n"
            need(b"STATUS=" in told, "no status: %s" % told)
            need_clean(told, "status")
            need(all(re.match(rb"(READY=1|STATUS=.*|WATCHDOG=1|STOPPING=1|)$",
                              line) for line in told.split(b"\n")), told)
