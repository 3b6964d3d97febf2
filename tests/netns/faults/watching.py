# SPDX-License-Identifier: GPL-2.0-or-later
"""watch --heal, with a fault at any of its system calls."""

import collections
import json
import os
import select
import signal
import subprocess
import time

from netns.faults import calls, sight
from netns.lib.need import need

NAME = "heal"
HARM = "insert rule inet portwall input tcp dport 23 accept"
PATIENCE_S = 30


class Watch:
    """A watch under strace, whose events are read"""

    def __init__(self, netns, argv):
        with netns.entered():
            self.process = subprocess.Popen(
                argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.left = b""

    def until(self, *kinds):
        """The kind of event that came; None: it has ended, or was silent"""
        end = time.monotonic() + PATIENCE_S
        while True:
            line, found, rest = self.left.partition(b"\n")
            if found:
                self.left = rest
                kind = json.loads(line)["event"]
                if kind in kinds:
                    return kind
                continue
            wait = end - time.monotonic()
            if wait <= 0 or not select.select([self.process.stdout], [], [],
                                              wait)[0]:
                return None
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return None
            self.left += data

    def ended(self):
        """It ended by itself: closed its output, and so it is about to"""
        try:
            self.process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self):
        """Its exit status; strace is not told: it would let go of it"""
        pid = self.process.pid
        try:
            with open("/proc/%d/task/%d/children" % (pid, pid),
                      encoding="ascii") as file:
                for child in file.read().split():
                    os.kill(int(child), signal.SIGTERM)
        except (FileNotFoundError, ProcessLookupError):
            pass
        try:
            return self.process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None
        finally:
            self.process.stdout.close()


class Trouble:
    """The rules are harmed while it watches"""

    def __init__(self, stage):
        self.stage, self.netns = stage, stage.host.netns
        self.argv = stage.host.argv("watch", "--heal", "--json")
        self.counts = collections.Counter()
        self.loading = ()

    def _watch(self, argv):
        """What it said of the harm, whether it had ended, its status"""
        self.stage.prepare("before")
        watch, said = Watch(self.netns, argv), None
        if watch.until("started"):
            self.netns.nft(HARM)
            said = watch.until("healed", "gave-up")
        ended = watch.ended()
        return said, ended, watch.end()

    def learn(self):
        log = self.stage.host.tmp.name + "/calls"
        said, ended, status = self._watch(
            ["strace", "-f", "-qq", "-e", "signal=none", "-o", log,
             *self.argv])
        need(said == "healed" and not ended and status == 0,
             "without a fault: %s, %s" % (said, status))
        self.stage.look("before")
        found = calls.calls_in(log)
        self.counts["calls"] = len(found)
        self.loading = calls.loading(found)
        return calls.faults_of(found)

    def fail_at(self, fault):
        said, ended, status = self._watch(calls.strace(self.argv, fault))
        self.stage.found = "for good"   # to be made anew in any case
        self.counts["runs"] += 1
        self.counts[self._judge(fault, said, ended, status)] += 1

    def _judge(self, fault, said, ended, status):
        stage = self.stage
        if fault[:2] in self.loading and stage.same():
            return "loader"
        need(status is not None, "stuck: it does not end")
        killed = fault[2] == calls.KILL and status in (-9, 137)
        need(killed or 0 <= status < 128, "crashed: %d" % status)
        need(not sight.is_locked(stage.run_dir), "stuck: the lock is held")
        rules = sight.rules(self.netns)
        if rules == stage.rules["before"]:
            return "old" if stage.same() else "new"
        harm = [text for text in rules if text not in stage.rules["before"]]
        need(len(harm) == 1 and '"right": 23' in harm[0], "half: %s" % harm)
        need(ended or said == "gave-up", "stuck: it goes on, but has not "
             "put back what was changed")
        need(killed or status or not ended, "lied: it ended with exit 0")
        return "old"

    def close(self):
        pass
