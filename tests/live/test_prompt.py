# SPDX-License-Identifier: GPL-2.0-or-later
"""apply --trial on a terminal: the countdown, the question, and its ends."""

import contextlib
import os
import pty
import re
import select
import signal
import time

from lib.runner import cases
from live.host import LONGEST, A, B, C, Live


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, w, *args):
        argv = w.argv(*args)
        with w.host.entered():
            self.pid, self.fd = pty.fork()
            if self.pid == 0:
                os.execv(argv[0], argv)
        self.said = ""
        self.status = None

    def read(self, seconds=LONGEST):
        """What comes next; False at the end"""
        if self.fd is None or \
                not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.fd, 4096)
        except OSError:         # the other end is closed
            got = b""
        self.said += got.decode()
        return bool(got)

    def until(self, pattern, seen=0):
        """Wait for words, after the first @seen characters"""
        while not re.search(pattern, self.said[seen:]):
            assert self.read(), "no %r in %r" % (pattern, self.said)

    def answer(self, text):
        os.write(self.fd, text.encode())

    def hang_up(self):
        os.close(self.fd)
        self.fd = None

    def wait(self):
        """The exit status"""
        while self.read():
            pass
        end = time.monotonic() + LONGEST
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            assert time.monotonic() < end, "it does not end: " + self.said
            time.sleep(0.01)
        return self.status

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
        if self.status is None:
            with contextlib.suppress(OSError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)


@contextlib.contextmanager
def asked(w, text, seconds="600s"):
    terminal = Terminal(w, "apply", "--insecure-permissions",
                        "--trial=" + seconds, w.ini(text))
    try:
        terminal.until(r"does a NEW connection work\?")
        yield terminal
    finally:
        terminal.close()


def test_yes_keeps_it():
    with Live() as w:
        w.put(A)
        with asked(w, B) as terminal:
            w.need(B)
            terminal.answer("y\n")
            assert terminal.wait() == 0, terminal.said
            assert "confirmed: " in terminal.said, terminal.said
        w.need(B)
        w.boots_to(B)


def test_no_ends_it_at_once():
    with Live() as w:
        w.put(A)
        with asked(w, B) as terminal:
            terminal.answer("n\n")
            assert terminal.wait() == 1, terminal.said
            assert "the trial has ended" in terminal.said, terminal.said
        w.need(A)
        w.boots_to(A)


def test_anything_else_is_no_answer():
    with Live() as w:
        w.put(A)
        with asked(w, B) as terminal:
            terminal.answer("\n")
            seen = len(terminal.said)
            terminal.until("NEW connection", seen)
            w.need(B)
            terminal.answer("n\n")
            assert terminal.wait() == 1


def test_counts_down():
    with Live() as w:
        w.put(A)
        with asked(w, B, "100s") as terminal:
            terminal.until(r"\b(100|99) s left")
            terminal.until(r"\b9[0-8] s left")


def test_time_is_over():
    with Live() as w:
        w.put(A)
        with asked(w, B, "2s") as terminal:
            assert terminal.wait() == 1, terminal.said
            assert "the kernel has returned to " in terminal.said
        w.need(A)
        assert w.status()["trial"] is None, "not tidied"


@cases(("interrupt", signal.SIGINT), ("terminate", signal.SIGTERM))
def test_signal_leaves_it_running(number):
    with Live() as w:
        w.put(A)
        with asked(w, B) as terminal:
            os.kill(terminal.pid, number)
            assert terminal.wait() == 0, terminal.said
            assert "the trial goes on" in terminal.said, terminal.said
        w.need(B)
        w.go("confirm")
        w.boots_to(B)


def test_ctrl_c():
    with Live() as w:
        w.put(A)
        with asked(w, B) as terminal:
            terminal.answer("\x03")
            assert terminal.wait() == 0, terminal.said
        w.need(B)


def test_end_of_input():
    with Live() as w:
        w.put(A)
        with asked(w, B) as terminal:
            terminal.answer("\x04")
            assert terminal.wait() == 0, terminal.said
        w.need(B)


def test_terminal_closed():
    """SIGHUP and no terminal any more: the trial ends by itself in time"""
    with Live() as w:
        w.put(A)
        with asked(w, B, "3s") as terminal:
            terminal.hang_up()
            assert terminal.wait() == 0
            w.need(B)
        w.await_closed(443)
        w.need(A)
        w.boots_to(A)


def test_killed():
    with Live() as w:
        w.put(A)
        with asked(w, B, "2s") as terminal:
            os.kill(terminal.pid, signal.SIGKILL)
            terminal.wait()
        w.await_closed(443)
        w.need(A)


@cases(("confirm", ("confirm",), 0, "confirmed by another command"),
       ("rollback", ("rollback",), 1, "ended by another command"),
       ("clear", ("clear", "--yes"), 1, "ended by another command"))
def test_another_terminal(command, status, text):
    with Live() as w:
        w.put(A)
        with asked(w, B) as terminal:
            w.go(*command)
            assert terminal.wait() == status, terminal.said
            assert text in terminal.said, terminal.said


def test_another_trial():
    with Live() as w:
        w.put(A)
        with asked(w, B) as terminal:
            w.try_out(C)
            assert terminal.wait() == 1, terminal.said
        w.need(C)


@cases("--yes", "--quiet", "--json")
def test_does_not_ask(option):
    with Live() as w:
        w.put(A)
        terminal = Terminal(w, "apply", "--insecure-permissions",
                            "--trial=600s", option, w.ini(B))
        try:
            assert terminal.wait() == 0, terminal.said
            assert "does a NEW connection work" not in terminal.said
        finally:
            terminal.close()
        w.need(B)
