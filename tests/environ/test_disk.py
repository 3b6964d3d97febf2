# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that are full, read-only or not there."""
import os
import subprocess

from netns.lib.runner import cases

from environ.tally import CHOSEN, LONG, ROWS, Tally, behind

PAGE = 4096
ROOM = range(0, 16) if LONG else (0, 1, 2, 4)


def mount(*args):
    subprocess.run(["mount", *args], check=True)


class Disk:
    """A tmpfs at a directory of the stage."""

    def __init__(self, stage, word):
        self.path = getattr(stage, word + "_dir")
        mount("-t", "tmpfs", "-o", "mode=700,size=8m", "tmpfs", self.path)
        stage.found = None
        stage.turns = 0
        stage.prepare("before")

    def full(self, pages):
        st = os.statvfs(self.path)
        mount("-o", "remount,size=%d" % (
            (st.f_blocks - st.f_bfree + pages) * st.f_frsize), self.path)

    def few_inodes(self, left):
        st = os.statvfs(self.path)
        mount("-o", "remount,nr_inodes=%d" % (
            st.f_files - st.f_ffree + left), self.path)

    def read_only(self, _):
        mount("-o", "remount,ro", self.path)

    def well(self):
        mount("-o", "remount,rw,size=8m,nr_inodes=10000", self.path)


@cases(("state full", "state", "full", ROOM, ("old", "new")),
       ("state without inodes", "state", "few_inodes", ROOM, ("old", "new")),
       ("state read-only", "state", "read_only", (0,), ("old",)),
       ("run full", "run", "full", (0, 1), ()),
       ("run read-only", "run", "read_only", (0,), ()))
def test_disk(word, fault, values, must):
    tally = Tally()
    disk = Disk(tally.stage, word)
    run = behind(tally.stage)

    def with_fault(argv, value):
        getattr(disk, fault)(value)
        return run(argv)
    try:
        for row in CHOSEN:
            for value in values:
                tally.attempt(row, lambda argv, value=value: with_fault(
                    argv, value), "%s %d" % (fault, value), disk.well)
    finally:
        subprocess.run(["umount", "-l", disk.path], check=False)
    tally.end("%s %s" % (word, fault), *must)


@cases(("run", "run"), ("state", "state"))
def test_missing(word):
    """A directory that is no more, and one that cannot be made anew."""
    tally = Tally()
    path = getattr(tally.stage, word + "_dir")
    run = behind(tally.stage)

    def away(argv, instead):
        os.rename(path, path + ".away")
        instead(path)
        return run(argv)

    def back():
        if os.path.isdir(path):
            for top, names, files in os.walk(path, topdown=False):
                for name in files:
                    os.unlink(os.path.join(top, name))
                for name in names:
                    os.rmdir(os.path.join(top, name))
            os.rmdir(path)
        elif os.path.lexists(path):
            os.unlink(path)
        os.rename(path + ".away", path)
    for row in CHOSEN if word == "run" else [ROWS["trial"], ROWS["open"]]:
        for about, instead in (
                ("gone", lambda path: None),
                ("a link to nothing", lambda path: os.symlink("/none/x", path)),
                ("a file", lambda path: os.close(os.open(
                    path, os.O_CREAT | os.O_WRONLY, 0o600)))):
            tally.attempt(row, lambda argv, instead=instead: away(
                argv, instead), about, back)
    tally.end(word + " missing")


def test_policy_on_read_only():
    """Is as good as any."""
    tally = Tally()
    place = tally.stage.host.tmp.name
    mount("--bind", place, place)
    inner = [tally.stage.run_dir, tally.stage.state_dir]
    for path in inner:
        mount("--bind", path, path)
    try:
        mount("-o", "remount,bind,ro", place)
        for name in ("apply", "trial"):
            tally.attempt(ROWS[name], behind(tally.stage), "read-only")
    finally:
        for path in (*inner, place):
            subprocess.run(["umount", "-l", path], check=False)
    tally.end("policy read-only", "new")
