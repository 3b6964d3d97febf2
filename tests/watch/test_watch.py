# SPDX-License-Identifier: GPL-2.0-or-later
"""watch: what it tells of, how soon, what it puts back, what it costs."""
import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import time

from netns.lib.runner import cases

from drift.host import host
from netns.lib.need import Failure, need

PATIENCE_S = 20         # the machine may be busy; a test that waits has failed


class Watch:
    """A running watch, read event by event"""

    def __init__(self, one, *options, env=None):
        with one.netns.entered():
            self.process = subprocess.Popen(
                one.argv("watch", "--json", *options), text=False,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, **(env or {})})
        self.left = b""
        self.seen = []

    def line(self, end):
        while b"\n" not in self.left:
            wait = end - time.monotonic()
            ready = wait > 0 and select.select([self.process.stdout], [], [],
                                               wait)[0]
            data = os.read(self.process.stdout.fileno(), 65536) if ready \
                else b""
            if not data:
                self.process.kill()
                raise Failure("no more events after %r\n%s" % (
                    self.seen, self.process.stderr.read().decode()))
            self.left += data
        line, _, self.left = self.left.partition(b"\n")
        return line

    def has_more(self, wait_s):
        """Is anything said within this time?"""
        return b"\n" in self.left or bool(
            select.select([self.process.stdout], [], [], wait_s)[0])

    def until(self, kind):
        """The next event of a kind; those before it are passed over"""
        end = time.monotonic() + PATIENCE_S
        while True:
            event = json.loads(self.line(end))
            self.seen.append((event["event"], event["text"]))
            if event["event"] == kind:
                return event

    def end(self, number=signal.SIGTERM):
        """Its exit status"""
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_S)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


@contextlib.contextmanager
def watching(one, *options, env=None):
    watch = Watch(one, *options, env=env)
    try:
        watch.until("started")
        yield watch
    finally:
        watch.close()


def nft(one, text):
    """Its process id"""
    with one.netns.entered():
        process = subprocess.Popen(["nft", "-f", "-"], text=True,
                                   stdin=subprocess.PIPE)
    process.communicate(text)
    need(process.returncode == 0, "nft: " + text)
    return process.pid


def rules(one):
    """Lines of the table without the numbers of generations: the one before
    stays beside the one that was put back"""
    text = re.sub(r"\b([gm])\d+\.", r"\1N.", one.rules())
    text = re.sub(r"\bm\.\d+\.", "m.N.", text)
    return set(text.splitlines())


@cases(
    ("a rule", "insert rule inet portwall input tcp dport 23 accept", "added"),
    ("a rule not understood", "insert rule inet portwall input counter accept",
     "added"),
    ("a flush", "flush ruleset", "table-gone"),
    ("an emptied table", "flush table inet portwall", "flushed"),
    ("sleep", "add table inet portwall { flags dormant; }", "asleep"),
)
def test_tells_of(change, kind):
    with host() as one:
        one.apply()
        with watching(one) as watch:
            begun = time.time()
            pid = nft(one, change)
            event = watch.until("changed")
            need(event["pid"] == pid and event["process"] == "nft",
                 repr(event))
            need([d["kind"] for d in event["drift"]] == [kind], repr(event))
            told = time.mktime(time.strptime(event["time"],
                                             "%Y-%m-%dT%H:%M:%SZ"))
            need(told - time.timezone - begun < 2, "told late")


def test_apply_is_no_drift():
    with host() as one, watching(one) as watch:
        one.apply()
        event = watch.until("applied")
        need("is in force, generation 1" in event["text"] and
             event["process"] == "portwall" and not event["drift"],
             repr(event))
        one.apply("[allow web]\ntcp = 81\n")
        need("generation 2" in watch.until("applied")["text"], "second")
        one.portwall("clear", "--yes")
        need("nothing is in force" in watch.until("applied")["text"], "clear")
        need({kind for kind, _ in watch.seen} == {"started", "applied"},
             repr(watch.seen))


def test_set_elements_are_no_news():
    """Temporary openings, for one, change nothing that was applied"""
    with host() as one:
        one.apply()
        with watching(one) as watch:
            nft(one, "add element inet portwall adopt { ipv4 timeout 5s }")
            nft(one, "add chain inet portwall extra")
            need("extra" in watch.until("changed")["drift"][0]["text"],
                 "chain")
            need(len(watch.seen) == 2, repr(watch.seen))


@cases(
    ("a rule", "insert rule inet portwall input tcp dport 23 accept"),
    ("a rule not understood", "insert rule inet portwall input counter accept"),
    ("a rule of a generation", "add rule inet portwall {g}.local accept"),
    ("an emptied chain", "flush chain inet portwall {g}.local"),
    ("a policy", "add chain inet portwall input { policy accept; }"),
    ("an emptied table", "flush table inet portwall"),
    ("a flush", "flush ruleset"),
    ("sleep", "add table inet portwall { flags dormant; }"),
)
def test_heals(change):
    with host() as one:
        one.apply()
        before = rules(one)
        with watching(one, "--heal") as watch:
            one.nft(change)
            watch.until("changed")
            event = watch.until("healed")
            need("t.ini is in force" in event["text"] and not event["drift"]
                 and event["pid"] is None, repr(event))
        after = rules(one)
        need(after == before, "too many: %r, too few: %r" % (
            after - before, before - after))
        need(one.drift() == [], repr(one.drift()))


def test_does_not_heal_unasked():
    with host() as one:
        one.apply()
        with watching(one) as watch:
            one.nft("insert rule inet portwall input tcp dport 23 accept")
            watch.until("changed")
            one.nft("insert rule inet portwall input tcp dport 24 accept")
            watch.until("changed")
        need(len(one.drift()) == 2, repr(one.drift()))


def test_gives_up_a_fight():
    with host() as one:
        one.apply()
        with watching(one, "--heal") as watch:
            for _ in range(5):
                one.nft("insert rule inet portwall input tcp dport 23 accept")
                watch.until("healed")
            one.nft("insert rule inet portwall input tcp dport 23 accept")
            need("left alone for 10 minutes" in watch.until("gave-up")["text"],
                 "text")
        need([kind for kind, _ in watch.seen].count("healed") == 5,
             repr(watch.seen))
        need(len(one.drift()) == 1, repr(one.drift()))


def test_tells_of_a_listener():
    with host() as one, watching(one) as watch, one.netns.entered():
        with contextlib.ExitStack() as servers:
            local = servers.enter_context(socket.socket())
            local.bind(("127.0.0.1", 8079))
            local.listen()
            # what listens at the first look is not told of
            for port in range(8080, 8080 + PATIENCE_S):
                server = servers.enter_context(socket.socket())
                server.bind(("", port))
                server.listen()
                if watch.has_more(1):
                    break
            event = watch.until("listens")
        need(8080 <= event["listener"].pop("port") <= port and
             event["listener"] == {"protocol": 6, "address": "0.0.0.0"},
             repr(event))
        need(event["pid"] == os.getpid(), repr(event))


def test_tells_of_other_tables():
    with host() as one:
        one.apply()
        with watching(one) as watch:
            nft(one, "table ip other {\n chain c {\n type filter hook input "
                     "priority 0\n tcp dport 80 drop\n }\n}")
            event = watch.until("other-table")
            need([d["kind"] for d in event["drift"]] == ["drops"] and
                 event["process"] == "nft", repr(event))


def test_trial_ends():
    with host() as one:
        one.apply()
        with watching(one) as watch:
            one.apply("[allow web]\ntcp = 81\n", "--trial", "1s",
                      "--allow-lockout")
            need("on trial" in watch.until("applied")["text"], "on trial")
            over = watch.until("trial-over")["text"]
            need(" is in force, generation 1; connections ended: 0" in over,
                 over)
            kinds = [kind for kind, _ in watch.seen]
            need(kinds == ["started", "applied", "trial-over"],
                 repr(watch.seen))
        need(one.status()["trial"] is None and one.status()["exit"] == 0,
             "it was not taken away: %r" % one.status())


def test_storm():
    """More than its buffer holds while it sleeps: all is read again"""
    with host() as one:
        one.apply()
        text = "add table ip o\nadd chain ip o c\n" + "".join(
            "add rule ip o c ip saddr 192.0.2.%d tcp dport %d drop\n" %
            (n % 256, n) for n in range(1, 30000))
        with watching(one) as watch:
            watch.process.send_signal(signal.SIGSTOP)
            nft(one, text)
            nft(one, "delete table ip o\n" + text)
            one.nft("insert rule inet portwall input tcp dport 23 accept")
            watch.process.send_signal(signal.SIGCONT)
            watch.until("lost")
            event = watch.until("changed")
            need(event["pid"] is None, "not to be known: %r" % event)


def test_speaks_to_the_service_manager():
    with host() as one, one.netns.socket(socket.AF_UNIX,
                                         socket.SOCK_DGRAM) as manager:
        manager.bind("\0portwall-test-%d" % os.getpid())
        manager.settimeout(PATIENCE_S)
        with watching(one, env={
                "NOTIFY_SOCKET": "@portwall-test-%d" % os.getpid(),
                "WATCHDOG_USEC": "200000"}) as watch:
            said = [manager.recv(4096).decode() for _ in range(6)]
            need(any(s.startswith("READY=1\nSTATUS=nothing is in force")
                     for s in said), repr(said))
            need(said.count("WATCHDOG=1") >= 4, repr(said))
            need(watch.end() == 0, "exit status")
            while said[-1] != "STOPPING=1":
                said.append(manager.recv(4096).decode())


@cases(("SIGTERM", signal.SIGTERM), ("SIGINT", signal.SIGINT))
def test_ends(number):
    with host() as one, watching(one) as watch:
        need(watch.end(number) == 0, "exit status")


def used(pid):
    """Ticks of processor time without that of children, KB of memory"""
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        memory = re.search(r"VmHWM:\s+(\d+)", file.read())
    return sum(int(n) for n in fields[11:13]), int(memory.group(1))


def test_costs_nothing():
    with host() as one:
        one.apply("[allow a]\ntcp = 22\nfrom = " + ", ".join(
            "10.%d.%d.0/25" % (n // 256, n % 256)
            for n in range(4000)) + "\n")
        with watching(one) as watch:
            one.nft("insert rule inet portwall input tcp dport 23 accept")
            watch.until("changed")
            pid = watch.process.pid
            before = used(pid)[0]
            time.sleep(1)
            ticks, memory = used(pid)
            need(ticks - before <= 1, "%d ticks" % (ticks - before))
            need(memory <= 8 << 10 or "-san" in os.environ.get("PORTWALL", ""),
                 "%d KB" % memory)
