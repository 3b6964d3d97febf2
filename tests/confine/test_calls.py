# SPDX-License-Identifier: GPL-2.0-or-later
"""The lists of calls against what commands do, as strace sees it.

Every command is run in the situations that it knows. It makes no call that is
not on its list, and what is on the lists as seen is seen.
"""

import atexit
import contextlib
import os
import pty
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path

from netns.lib.need import need
from netns.lib.netns import Netns
from netns.lib.runner import Skip, cases
from netns.lib.world import PORTWALL

from confine import lists

POLICY = """[policy]
input = closed
[allow web]
tcp = http, 443
from = file:offices.txt
[allow ssh]
tcp = 22
rate = 6/minute per source
"""
OTHER = "[allow web]\ntcp = 80\n[allow dns]\nudp = 53\n"
MIME = "[allow x]\ntcp = 1\n"
NOBODY = 65534

ROWS = list(lists.read_rows())
JOBS = lists.read_jobs()
COMMANDS = lists.read_commands()


class Host:
    """Directories of the scenarios, and what was seen in all of them."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="portwall-confine-"))
        atexit.register(shutil.rmtree, self.dir, True)
        self.dir.chmod(0o755)
        self.used = set()
        self.strangers = {}
        self.write("a.ini", POLICY.replace("[policy]\ninput = closed\n", ""))
        self.write("offices.txt", "192.0.2.0/24\n2001:db8::/32\n")
        self.write("b.ini", OTHER)
        self.write("large.ini", "".join(
            "[allow s%d]\ntcp = %d\nfrom = 10.%d.%d.0/24\n" % (
                i, i + 1, i // 250, i % 250) for i in range(2000)))
        self.write("wrong.ini", "[allow x]\ntcp = 99999\n")
        self.linked = False

    def link(self):
        """An interface that verify can look at"""
        if self.linked:
            return
        self.linked = True
        self.peer = Netns("peer")
        for words in ("link add c0 type veth peer name c1 netns "
                      "/proc/%d/fd/%d" % (os.getpid(), self.peer.fd),
                      "address add 192.0.2.1/24 dev c0", "link set c0 up"):
            subprocess.run(["ip", *words.split()], check=True)
        self.peer.ip("address add 192.0.2.2/24 dev c1", "link set c1 up")

    def write(self, name, text):
        (self.dir / name).write_text(text)

    def argv(self, trace, *words):
        words = [word.replace("@", str(self.dir) + "/") for word in words]
        return ["strace", "-f", "-qq", "-s", "0", "-o", str(trace), PORTWALL,
                *words]

    def take(self, command, trace, against):
        """Note what was used; returns what should not have been"""
        job = "PW_JOB_READ" if against else COMMANDS[command]
        strange = []
        for call in lists.calls_of(trace):
            groups = JOBS[job][call.phase]
            of_name = [row for row in ROWS if row.call == call.name]
            rows = [row for row in of_name
                    if row.groups & groups and lists.lets_through(row,
                                                                  call.args)]
            self.used.update(rows)
            refused = any(not row.groups and not row.test for row in of_name)
            if not rows and not refused:
                strange.append("%s(%s %s" % (call.name, call.args[:60],
                                             lists.PHASES[call.phase]))
        return strange

    def judge(self, command, trace_file, status, want, said, against=False):
        trace = trace_file.read_text(errors="replace")
        need("SIGSYS" not in trace, "%s was killed: %s" % (
            command, [l for l in trace.splitlines()][-3:]))
        strange = self.take(command, trace, against)
        need(not strange, "%s: not on the list: %s" % (command, strange[:5]))
        need(status in want, "%s: exit status %s\n%s" % (command, status,
                                                         said))

    def run(self, *words, want=(0,), stdin=b"", uid=0):
        command = words[0]
        trace = self.dir / "trace"
        trace.unlink(missing_ok=True)
        argv = self.argv(trace, *words)
        if uid:
            self.dir.chmod(0o777)
            argv = ["setpriv", "--reuid=%d" % uid, "--regid=%d" % uid,
                    "--clear-groups", *argv]
        done = subprocess.run(argv, input=stdin, capture_output=True,
                              timeout=240, check=False)
        self.dir.chmod(0o755)
        self.judge(command, trace, done.returncode, want,
                   done.stdout + done.stderr, "--against" in words)
        return done.stdout


HOST = Host()
KEPT = ("--run-dir", "@run", "--state-dir", "@state")
STATE = ("--state-dir", "@state")

SITUATIONS = (
    ("check", ["check", "@a.ini"]),
    ("check of what is wrong", ["check", "@wrong.ini"], (2,)),
    ("check of what is large", ["check", "@large.ini", "--json"]),
    ("check of standard input", ["check", "-"]),
    ("show", ["show", "@a.ini"]),
    ("show as nft", ["show", "--as=nft", "@a.ini"]),
    ("show as JSON", ["show", "--json", "@a.ini"]),
    ("show as JSON of nft", ["show", "--as=json", "@a.ini"]),
    ("help", ["help", "apply"]),
    ("plan of two files", ["plan", "--against", "@a.ini", "@b.ini"]),
    ("plan, nothing in force", ["plan", *STATE, "@a.ini"]),
    ("status of nothing", ["status", *KEPT], (1,)),
    ("boot with nothing", ["boot", *KEPT]),
    ("dry run", ["apply", "--dry-run", *KEPT, "@a.ini"]),
    ("apply first", ["apply", *KEPT, "@a.ini"]),
    ("apply again", ["apply", *KEPT, "@a.ini"]),
    ("apply another, with JSON", ["apply", "--json", "-v", *KEPT, "@b.ini"]),
    ("apply of standard input", ["apply", *KEPT, "-"]),
    ("apply and cut", ["apply", "--cut", *KEPT, "@b.ini"]),
    ("apply of what is large", ["apply", *KEPT, "@large.ini"]),
    ("apply back", ["apply", *KEPT, "@a.ini"]),
    ("plan", ["plan", *STATE, "@b.ini"]),
    ("plan with JSON", ["plan", "--json", *STATE, "@b.ini"]),
    ("open", ["open", "--for=10m", "--from=192.0.2.7", *KEPT, "tcp/8080"]),
    ("status", ["status", *KEPT]),
    ("status with JSON", ["status", "--json", *KEPT]),
    ("metrics", ["status", "--format=prometheus", *KEPT]),
    ("close", ["close", "--all", *KEPT]),
    ("trial", ["apply", "--trial=1h", *KEPT, "@b.ini"]),
    ("confirm", ["confirm", *KEPT]),
    ("another trial", ["apply", "--trial=1h", *KEPT, "@a.ini"]),
    ("rollback of it", ["rollback", *KEPT]),
    ("rollback", ["rollback", "--allow-lockout", *KEPT], (0, 3)),
    ("boot", ["boot", *KEPT]),
    ("history", ["history", *STATE]),
    ("history with JSON", ["history", "--json", *STATE]),
    ("show --applied", ["show", "--applied", *STATE]),
    ("verify", ["verify", "--yes", *STATE], (0, 1, 4)),
    ("verify with a report", ["verify", "--yes", *STATE, "--report", "@r.xml",
                              "--report", "@r.sarif", "@a.ini"], (0, 1, 4)),
    ("verify of a target", ["verify", "--target=192.0.2.2", "--udp",
                            "--rate=1000000", "@b.ini"], (0, 1, 4)),
    ("test", ["test", "@b.ini"], (0, 4)),
    ("test with a report", ["test", "--computed", "--report", "@r.tap",
                            "@b.ini"], (0, 4)),
    ("install", ["install", "--root=@image", "@b.ini"]),
    ("clear", ["clear", "--yes", *KEPT]),
)


@cases(*((row[0], row[1], row[2] if len(row) > 2 else (0,))
         for row in SITUATIONS))
def test_as_root(words, want):
    HOST.link()
    if words[0] == "install":
        SourceFileLoader("image", str(lists.ROOT / "tests/install/run")
                         ).load_module().Image(HOST.dir)
    HOST.run(*words, want=want, stdin=POLICY.split("\n", 2)[2].replace(
        "file:offices.txt", "192.0.2.0/24").encode())


@cases(("check", ["check", "@a.ini"], (0,)),
       ("show", ["show", "@a.ini"], (0,)),
       ("plan of two files", ["plan", "--against", "@a.ini", "@b.ini"], (0,)),
       ("apply", ["apply", *KEPT, "@a.ini"], (3,)),
       ("status", ["status"], (3,)),
       ("history", ["history", *STATE], (0, 3)),
       ("test", ["test", "@b.ini"], (0, 3, 4)),
       ("verify", ["verify", "@b.ini"], (0, 1, 4)))
def test_as_somebody(words, want):
    if os.geteuid():
        raise Skip("is not root here: has no other user")
    HOST.run(*words, want=want, uid=NOBODY)


def await_text(path, text, process):
    end = time.monotonic() + 60
    while text not in path.read_text(errors="replace"):
        need(time.monotonic() < end and process.poll() is None,
             "%s was not seen in %s" % (text, path))
        time.sleep(0.05)


@cases(("told to end", False), ("puts the rules back", True))
def test_watch(heal):
    HOST.run("apply", *KEPT, "@a.ini")
    trace, out = HOST.dir / "trace", HOST.dir / "out"
    trace.unlink()
    with out.open("w") as told:
        process = subprocess.Popen(
            HOST.argv(trace, "watch", *KEPT, *(["--heal"] if heal else [])),
            stdout=told, stderr=told)
    await_text(out, "watching", process)
    subprocess.run(["nft", "add", "rule", "inet", "portwall", "input",
                    "accept"], check=True)
    await_text(out, "put back" if heal else "CHANGED", process)
    traced = int(trace.read_text().split()[0])
    os.kill(traced, signal.SIGTERM)
    HOST.judge("watch", trace, process.wait(60), (0,), out.read_text())


def test_trial_that_asks():
    """On a terminal, where the answer stands already."""
    trace = HOST.dir / "trace"
    trace.unlink(missing_ok=True)
    main, side = pty.openpty()
    with subprocess.Popen(
            HOST.argv(trace, "apply", "--trial=1h", "--allow-lockout", *KEPT,
                      "@b.ini"), stdin=side, stdout=side, stderr=side,
            start_new_session=True) as process:
        os.close(side)
        os.write(main, b"y\n")
        with contextlib.suppress(OSError):
            while os.read(main, 4096):
                pass
        HOST.judge("apply", trace, process.wait(60), (0,), "")
    os.close(main)


def test_what_is_on_the_lists_is_used():
    """Comes last: the tests above have looked."""
    unseen = [str(row) for row in ROWS
              if not row.kin and row.groups and row not in HOST.used]
    need(not unseen, "on the lists as seen, and not seen: %s" % unseen)
