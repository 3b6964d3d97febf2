# SPDX-License-Identifier: GPL-2.0-or-later
"""A host on which one command runs again and again, each time with a fault."""

import collections
import json
import re
import time

from netns.faults import sight
from netns.faults.host import Host
from netns.lib.need import Failure, need

# A trial whose command is killed is short: the kernel ends it all the same
SHORT, LONG = "1s", "600s"
OPENED = ("open", "--for=10m", "tcp/5555")
POLICY = "b.ini"        # an argument that is this one stands for its path

# name, arguments, what holds before it, and after it (first of all if it
# succeeds)
Row = collections.namedtuple("Row", "name args before after")
CHANGING = tuple(Row(*row) for row in (
    ("first", ("apply", POLICY), "empty", ("for good", "loose")),
    ("apply", ("apply", POLICY), "before", ("for good",)),
    ("again", ("apply", POLICY), "for good", ("for good",)),
    ("cut", ("apply", "--cut", POLICY), "before", ("for good",)),
    ("trial", ("apply", "--trial", LONG, POLICY), "before", ("on trial",)),
    ("confirm", ("confirm",), "on trial", ("for good",)),
    ("rollback", ("rollback",), "on trial", ("before",)),
    ("return", ("rollback",), "for good", ("before",)),
    ("open", OPENED, "before", ("opened",)),
    ("close", ("close", "tcp/5555"), "opened", ("before",)),
    ("boot", ("boot",), "nothing", ("before", "emergency", "closed", "loose")),
    ("clear", ("clear", "--yes"), "on trial", ("nothing",)),
))
# The policy in force, as an index; "opened" and "on trial" are of 0 and 1
WHICH = {"before": 0, "opened": 0, "for good": 1, "on trial": 1}
# What boot loads where what is remembered cannot be read
INSTEAD = {"emergency.ini": "emergency", "closed": "closed"}
# What must not pass for whole rules
OFFENCES = ("insert rule inet portwall g%d.end accept",
            "flush chain inet portwall g%d.drop")
# A first load ends with the policy of the hook, which whole rules never reach
# What close has told to end does so within a tick; others are for minutes
ENDING_S = 60
LOOSE = '"name": "input", "policy": "accept"'


class Stage:
    """One namespace, brought to the state that a command begins with.

    @rules: of each state, as they are without a fault
    """

    def __init__(self):
        self.host = Host(state=True)
        self.kernel = sight.Kernel(self.host.netns)
        self.run_dir, self.state_dir = self.host.dirs[1], self.host.dirs[3]
        self.rules, self.found = {}, None
        self.generation = self.files = None
        self.digests = [None, None]
        self.host.apply(0)
        for word in ("opened", "for good", "on trial", "before"):
            self._make(word)
            self.rules[word] = sight.rules(self.host.netns)
            if word == "for good":
                self.digests[1] = self._remembered()
        self.digests[0] = self._remembered()
        loose = [text.replace(LOOSE.replace("accept", "drop"), LOOSE)
                 for text in self.rules["for good"]]
        need(loose != self.rules["for good"], "the input hook drops")
        self.rules["loose"] = loose
        for harm in OFFENCES:
            self._catch(harm)

    def _catch(self, harm):
        """Rules that are not whole are seen, or nothing is worth anything."""
        generation = json.loads(self._run("status", "--json").stdout)[
            "generation"]
        self.host.netns.nft(harm % generation)
        try:
            found = self.look("before")
        except Failure:
            self.host.apply(0)
            self.found = "before"
        else:
            raise Failure("after %r it finds: %s" % (harm, found))

    def argv(self, row):
        host = self.host
        args = [host.paths[1] if arg == POLICY else arg for arg in row.args]
        return host.argv(*args)

    def _run(self, *args, check=True):
        return self.host.netns.run(self.host.argv(*args), check=check)

    def _make(self, word):
        host = self.host
        if word == "empty" and self.found is not None:
            self._run("clear", "--yes")
            self.found = word
            return
        host.apply(0)
        if self.found in ("opened", None):  # they outlive an apply
            self._run("close", "--all", check=False)
        if word == "on trial":
            host.netns.run(host.apply_argv(1, "--trial", LONG))
        elif word == "for good":
            host.apply(1)
        elif word == "opened":
            self._run(*OPENED)
        elif word == "nothing":
            host.netns.nft("delete table inet portwall")
        elif word == "empty":
            self._run("clear", "--yes")
        self.found = word

    def prepare(self, word):
        """What holds before the command, by commands that have to work."""
        self._make(word)
        found = self.look(word)
        need(found == word, "not to be had any more: %s, it is %s" % (
            word, found))

    def _note(self):
        self.generation = self.kernel.generation()
        self.files = sight.files(self.state_dir)

    def same(self):
        """Has nothing been written since prepare()?"""
        return self.kernel.generation() == self.generation and \
            sight.files(self.state_dir) == self.files

    def _status(self):
        done = self._run("status", "--json", check=False)
        need(done.returncode in (0, 1), "status: exit %d: %s%s" % (
            done.returncode, done.stdout, done.stderr))
        return json.loads(done.stdout)

    def look(self, before):
        """What is in force, as a word; everything else is a failure."""
        host = self.host
        need(not sight.is_locked(self.run_dir), "the lock is held")
        doc = self._status()
        while any(o["seconds_left"] < ENDING_S for o in doc["openings"]):
            doc = self._status()
        need(host.foreign == host.netns.nft_list(
            "table ip other"), "another program's table has changed")
        rules = sight.rules(host.netns)
        self.found = self._word(before, doc, rules)
        self._note()
        return self.found

    def _word(self, before, doc, rules):
        if not rules:   # no table, or none of its hooks
            need(not doc["in_force"], "status: rules, and there are none")
            return "empty" if before == "empty" else "nothing"
        word = self._said(doc)
        if word in INSTEAD.values():
            need(not doc["changed"], "the rules %r are not whole" % word)
            return word
        if rules == self.rules["loose"] or rules == [
                text.replace(LOOSE.replace("accept", "drop"), LOOSE)
                for text in self.rules["before"]]:
            return "loose"
        need(rules == self.rules[word], "rules of %r are not whole:\n%s" % (
            word, difference(self.rules[word], rules)))
        need(not doc["changed"], "status: changed, but the rules are whole")
        return word

    def _said(self, doc):
        """The word for what status says."""
        need(doc["in_force"], "status: nothing is in force, but rules are")
        if doc["policy"] in INSTEAD:
            return INSTEAD[doc["policy"]]
        need(doc["policy"] in self.host.paths, "in force: %s" % doc["policy"])
        which, trial = self.host.paths.index(doc["policy"]), doc["trial"]
        if trial and trial["seconds_left"]:
            need(which == 1, "the candidate is not in force")
            return "on trial"
        need(not trial or which == 0, "what expired is in force")
        if doc["openings"]:
            return "opened"
        return "for good" if which else "before"

    def await_end(self):
        """Asks until no trial is on, as long as the shortest one may last."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            doc = json.loads(self._run("status", "--json",
                                       check=False).stdout)
            if not (doc["trial"] and doc["trial"]["seconds_left"]):
                return
        raise Failure("stuck: the trial does not end")

    def _remembered(self):
        """Digest of the policy that the next boot loads; None: none."""
        done = self.host.netns.run(
            self.host.argv("show")[:2] + ["--applied", "--json", "--state-dir",
                                          self.state_dir], check=False)
        if done.returncode == 2 and "no policy is remembered" in done.stderr:
            return None
        need(done.returncode == 0, "what boot loads: exit %d: %s" % (
            done.returncode, done.stderr))
        return json.loads(done.stdout)["digest"]

    def at_boot(self):
        """Index of the policy that the next boot loads; None: none."""
        digest = self._remembered()
        return None if digest is None else self.digests.index(digest)

    def close(self):
        self.kernel.close()
        self.host.close()


def difference(want, have):
    return "\n".join(["- " + text for text in want if text not in have][:3] +
                     ["+ " + text for text in have if text not in want][:3])


def truthful(row, word, status, said):
    """Does a command that ended by itself say what came of it?"""
    need(status or word == row.after[0], "lied: exit 0, but " + word)
    if word != row.before:
        need("nothing was changed" not in said,
             "lied: nothing was changed, but " + word)
    elif status and word not in row.after:
        need(not re.search(r"^\S+: in force", said, re.M),
             "lied: in force, but " + word)


def outcome(stage, row, status, said):
    """old or new; @status None: killed. Anything else raises Failure."""
    if stage.same():
        word = row.before
        need(not sight.is_locked(stage.run_dir), "stuck: the lock is held")
    else:
        try:
            word = stage.look(row.before)
        except Failure as err:
            raise Failure("half: %s" % err) from err
        need(word in (row.before, *row.after), "half: " + word)
    if status is not None:
        truthful(row, word, status, said)
        remembered(stage, row, word, status)
    return "old" if word == row.before else "new"


# What the next boot loads
AT_BOOT = {"for good": 1, "nothing": None, "empty": None}


def remembered(stage, row, word, status):
    """The next boot loads what was in force for good, or what is."""
    due = [AT_BOOT.get(word, 0)]
    if row.name == "boot":
        due = [0]
    elif status:
        due += [AT_BOOT.get(row.before, 0), AT_BOOT.get(row.after[0], 0)]
    found = stage.at_boot()
    need(found in due, "lied: exit %d, %s, but boot loads %s" % (
        status, word, found))

