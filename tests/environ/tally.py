# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands in a bad environment, and a count of what came of them."""
import collections
import os
import subprocess

from netns.faults.stage import CHANGING, Stage, outcome
from netns.lib.need import Failure, need

PATIENCE_S = 120
NEVER = ("half", "lied", "stuck")
COLUMNS = ("runs", "old", "new", *NEVER)
ROWS = {row.name: row for row in CHANGING}
LONG = "PW_LONG" in os.environ
FEW = ("apply", "trial", "rollback", "open", "boot", "clear")
CHOSEN = [ROWS[name] for name in (ROWS if LONG else FEW)]


class Tally:
    """Of one kind of fault: how many runs, and how they ended."""

    def __init__(self):
        self.count, self.why = collections.Counter(), []
        self.stage = Stage()

    def note(self, word, why=""):
        self.count[word] += 1
        if word in NEVER:
            self.why.append("%s: %s" % (word, why))

    def attempt(self, row, run, about, after=lambda: None):
        """@run(argv) is one run in the bad environment, and returns (status or
        None, what it said); @after() ends the bad environment."""
        self.stage.prepare(row.before)
        self.count["runs"] += 1
        about = "%s, %s" % (row.name, about)
        try:
            try:
                status, said = run(self.stage.argv(row))
            finally:
                after()
        except subprocess.TimeoutExpired:
            self.note("stuck", about + ": it does not end")
        else:
            self._judge(row, status, said, about)
        self._goes_on(row, about)

    def _judge(self, row, status, said, about):
        try:
            self.note(outcome(self.stage, row, status, said))
        except Failure as err:
            word, _, why = str(err).partition(": ")
            self.note(word if word in NEVER else "half", "%s: %s (%s, %s)" % (
                about, why or word, status, said))

    def _goes_on(self, row, about):
        """The next commands work, whatever came of the one before."""
        try:
            self.stage.turns = 0
            self.stage.prepare(row.before)
        except Failure as err:
            self.note("stuck", "%s: afterwards: %s" % (about, err))
            self.stage.close()
            self.stage = Stage()

    def end(self, name, *must):
        """None of the bad words, and each of @must was seen."""
        self.stage.close()
        print("# %-26s%s" % (name, "".join(
            "  %s %d" % (word, self.count[word]) for word in COLUMNS)))
        need(not self.why, "\n".join(self.why[:5]))
        for word in must:
            need(self.count[word], "not once: " + word)


def ended(done):
    """(status, said) of a CompletedProcess; without a status if it was killed,
    or if its libraries could not be loaded."""
    began = 0 <= done.returncode <= 4
    return done.returncode if began else None, done.stdout + done.stderr


def behind(stage, *prefix):
    """Runs a command, behind another program."""
    def run(argv):
        return ended(stage.host.netns.run([*prefix, *argv], check=False,
                                          timeout=PATIENCE_S))
    return run
