# SPDX-License-Identifier: GPL-2.0-or-later
"""A host of one test: its namespace and the directories of portwall."""
import contextlib
import json
import os
import re
import tempfile

from netns.lib.need import need
from netns.lib.netns import Netns
from netns.lib.world import PORTWALL

SSH_WEB = """
[allow ssh]
tcp = 22
rate = 60/minute per source
[allow web]
tcp = 80, 443
[allow db]
tcp = 5432
from = 192.0.2.0/24
"""


class Host:
    """A namespace with rules in it, and what is remembered of them."""

    def __init__(self, remembers):
        """Without a directory for it nothing is remembered in a namespace"""
        names = ("run", "state") if remembers else ("run",)
        self.netns = Netns("host")
        self.dir = tempfile.TemporaryDirectory()
        self.directories = ["--%s-dir=%s" % (name, self.path(name))
                            for name in names]
        for name in names:
            os.mkdir(self.path(name), 0o700)

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def argv(self, command, *args):
        return [PORTWALL, command, *self.directories, *args]

    def portwall(self, command, *args):
        return self.netns.run(self.argv(command, *args), check=False)

    def apply(self, text=SSH_WEB, *options):
        with open(self.path("t.ini"), "w", encoding="ascii") as file:
            file.write(text)
        done = self.portwall("apply", "--insecure-permissions", *options,
                             self.path("t.ini"))
        need(done.returncode == 0, "apply: exit %d\n%s" % (done.returncode,
                                                           done.stderr))

    def status(self):
        """The document, and the exit status in it"""
        done = self.portwall("status", "--json")
        document = json.loads(done.stdout)
        need(document["exit"] == done.returncode, done.stdout)
        return document

    def drift(self, notes=False):
        """What differs, as (kind, text)"""
        return [(d["kind"], d["text"]) for d in self.status()["drift"]
                if notes or not d["note"]]

    def nft(self, text):
        """{g} stands for the generation in force"""
        if "{g}" in text:
            text = text.replace("{g}", "g%d" % self.status()["generation"])
        self.netns.nft(text)

    def rules(self):
        return self.netns.nft_list("table inet portwall")

    def handle(self, chain, pattern):
        """Of the first rule of a chain of ours that holds the pattern"""
        out = self.netns.run(["nft", "-a", "list", "chain", "inet",
                              "portwall", chain]).stdout
        found = re.search(pattern + r".* # handle (\d+)", out)
        need(found, "no rule %r in:\n%s" % (pattern, out))
        return int(found.group(1))

    def close(self):
        self.netns.close()
        self.dir.cleanup()


@contextlib.contextmanager
def host(remembers=True):
    one = Host(remembers)
    try:
        yield one
    finally:
        one.close()
