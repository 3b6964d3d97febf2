# SPDX-License-Identifier: GPL-2.0-or-later
"""rollback outside a trial: the policy applied before, and the one before."""

import os
import re

from live.host import A, B, C, Live


def test_returns_to_the_one_before():
    with Live() as w:
        w.put(A)
        w.put(B)
        said = w.go("rollback").stdout
        assert re.search(r"^returned to .*p\.ini as applied \d{4}-", said, re.M), said
        w.need(A)
        w.boots_to(A)


def test_says_what_changes():
    """As apply does, and so does confirm"""
    def need(said, opens, closes):
        assert "tcp/%d" % opens in said, said
        assert "tcp/%d" % closes in said, said
    with Live() as w:
        w.put(A)
        w.put(B)
        need(w.go("rollback").stdout, 80, 443)
        w.try_out(C)
        need(w.go("rollback").stdout, 80, 8080)
        w.try_out(C)
        need(w.go("confirm").stdout, 8080, 80)
        w.try_out(A)
        assert w.go("rollback", "--json").stdout.count('"changes"') == 1


def test_twice_goes_two_back():
    with Live() as w:
        for text in (A, B, C):
            w.put(text)
        w.go("rollback")
        w.need(B)
        w.go("rollback")
        w.need(A)
        done = w.go("rollback", want=3)
        assert "nothing else was applied before" in done.stderr, done.stderr
        w.need(A)
        w.boots_to(A)


def test_after_another_apply_it_starts_anew():
    """What was given up is not what anybody wants back"""
    with Live() as w:
        w.put(A)
        w.put(B)
        w.go("rollback")
        w.put(C)
        w.go("rollback")
        w.need(A)
        w.go("rollback", want=3)
        w.need(A)


def test_a_policy_applied_twice_counts_once():
    with Live() as w:
        w.put(A)
        w.put(B)
        w.put(B)
        w.put(B)
        w.go("rollback")
        w.need(A)


def test_returns_over_a_confirmed_trial():
    with Live() as w:
        w.put(A)
        w.try_out(B)
        w.go("confirm")
        w.go("rollback")
        w.need(A)


def test_reads_nothing_but_the_history():
    """Neither the policy's file nor its includes have to be there"""
    with Live() as w:
        w.file("more.ini", A)
        w.put("[policy]\ninclude = more.ini\n")
        w.need(A)
        w.put(B)
        os.unlink(w.ini(B))
        os.unlink(os.path.join(w.dir.name, "more.ini"))
        w.go("rollback")
        w.need(A)
        w.boots_to(A)


def test_nothing_in_force():
    with Live() as w:
        done = w.go("rollback", want=3)
        assert "nothing is in force" in done.stderr, done.stderr
        w.put(A)
        w.clear()
        w.go("rollback", want=3)
        w.need()


def damage(w, entry):
    with open(os.path.join(w.state_dir, "history", entry), "r+b") as file:
        file.write(b"!!!!")


def test_passes_over_a_damaged_entry():
    with Live() as w:
        for text in (A, B, C):
            w.put(text)
        first, second, _ = sorted(
            os.listdir(os.path.join(w.state_dir, "history")), key=int)
        damage(w, second)
        done = w.go("rollback")
        assert "passed over: " in done.stderr, done.stderr
        assert "history/" + second in done.stderr, done.stderr
        w.need(A)
        w.boots_to(A)
        damage(w, first)
        w.go("rollback", want=3)
        w.need(A)


def test_passes_over_what_has_lost_its_files():
    with Live() as w:
        w.put(A)
        before = set(os.listdir(os.path.join(w.state_dir, "objects")))
        w.put(B)
        lost = set(os.listdir(os.path.join(w.state_dir, "objects"))) - before
        w.put(C)
        for name in lost:
            os.unlink(os.path.join(w.state_dir, "objects", name))
        done = w.go("rollback")
        assert "passed over: " in done.stderr, done.stderr
        w.need(A)


def test_damaged_history_is_refused():
    with Live() as w:
        w.put(A)
        w.put(B)
        first = min(os.listdir(os.path.join(w.state_dir, "history")), key=int)
        damage(w, first)
        done = w.go("rollback", want=3)
        assert "history/" + first in done.stderr, done.stderr
        assert "applied before is damaged" in done.stderr, done.stderr
        assert "nothing was changed" in done.stderr, done.stderr
        w.need(B)
