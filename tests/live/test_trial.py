# SPDX-License-Identifier: GPL-2.0-or-later
"""A trial ends by itself, by a command, or stays."""

import json
import re
import signal
import subprocess

from lib.runner import cases
from live.host import A, B, C, Live, Transfer, policy, start


def test_expires_without_any_process():
    """The command is killed as soon as the rules are switched"""
    with Live() as w:
        w.put(A)
        w.try_out(B, "1s")
        w.await_closed(443)
        w.need(A)
        assert w.host.run(["pgrep", "-f", w.state_dir],
                          check=False).returncode == 1, "somebody lives on"


def test_expires_after_a_first_apply():
    """Nothing was in force before, so everything is open again"""
    with Live() as w:
        w.try_out(A, "2s")
        w.need(A)
        while not w.lets_in(443):
            pass
        w.need()
        w.go("confirm", want=3)
        assert "inet portwall" not in w.host.nft_list("tables"), "left over"


def test_says_what_is_tried():
    with Live() as w:
        w.put(A)
        said = w.try_out(B, "60s").stdout
        assert re.search(r"^trying .*p\.ini for 60 s;\nthen the kernel returns "
                         r"to the rules of \d{4}-\d\d-\d\d \d\d:\d\d$",
                         said, re.M), said
        assert "open a NEW connection to this host now; if it works:   " \
            "portwall confirm\n" in said, said
        w.clear()
        said = w.try_out(B, "5m").stdout
        assert "for 5 min;\nthen every port is open again" in said, said
        doc = json.loads(w.try_out(A, "90s", "--json").stdout)
        assert doc["trial"] == {"seconds": 90, "returns_to": None}, doc
        assert doc["remembered"] is False and doc["exit"] == 0, doc


def test_says_that_nothing_was_in_force():
    with Live() as w:
        w.try_out(A, "1s")
        while not w.lets_in(443):
            pass
        said = w.put(B, "--dry-run").stdout
        assert "not known" not in said and "everything else" in said, said
        w.put(A)
        w.host.nft("flush table inet portwall")
        said = w.put(B).stdout
        assert "not known" not in said and "everything else" in said, said


def test_confirm():
    with Live() as w:
        w.put(A)
        w.try_out(B)
        w.need(B)
        said = w.go("confirm").stdout
        assert re.search(r"confirmed: .*p\.ini of .* stays in force, also over "
                        r"the next boot\n", said), said
        w.need(B)
        w.boots_to(B)


def test_confirm_of_a_first_apply():
    with Live() as w:
        w.try_out(A)
        w.go("confirm")
        w.need(A)
        assert "policy drop" in w.host.nft_list("chain inet portwall input")
        w.boots_to(A)


def test_status_tells_in_lines_that_fit():
    with Live() as w:
        w.put(A)
        w.try_out(B, "600s")
        said = w.go("status").stdout
        assert re.search("^on trial for .*\n.*portwall confirm.*portwall "
                         "rollback$", said, re.M), said
        assert all(len(line) <= 80 for line in said.splitlines()
                   if w.dir.name not in line), said
        w.try_out(B, "1s")
        w.await_closed(443)
        said = w.go("status").stdout
        assert "p.ini is over: what was before it is in force" in said, said
        assert all(len(line) <= 80 for line in said.splitlines()
                   if w.dir.name not in line), said


def test_verbose_as_any_apply():
    with Live() as w:
        w.put(A)
        done = w.put(B, "--trial", "600s", "--verbose")
        assert re.search("^generation 2, [0-9]+ rules$", done.stdout,
                         re.M), done.stdout


def test_confirm_too_late():
    with Live() as w:
        w.put(A)
        w.try_out(B, "1s")
        w.await_closed(443)
        done = w.go("confirm", want=3)
        assert "the trial is over" in done.stderr, done.stderr
        w.need(A)
        w.boots_to(A)


@cases(("nothing in force", None), ("a policy in force", A))
def test_confirm_without_a_trial(before):
    with Live() as w:
        if before:
            w.put(before)
        rules = w.host.nft_list()
        done = w.go("confirm", want=3)
        assert "there is no trial to confirm" in done.stderr, done.stderr
        assert "--trial" in done.stderr, "it does not say what to do"
        assert w.host.nft_list() == rules


def test_nothing_of_a_trial_is_remembered():
    with Live() as w:
        w.put(A)
        w.try_out(B)
        w.boots_to(A)
        w.try_out(B)
        w.try_out(C)
        w.boots_to(A)


def test_nothing_of_a_first_trial_is_remembered():
    with Live() as w:
        w.try_out(A)
        w.boots_to()


def test_another_trial_replaces_the_candidate():
    """The base stays, and the time starts afresh"""
    with Live() as w:
        w.put(A)
        w.try_out(B)
        w.try_out(C, "1s")
        w.await_closed(8080)
        w.need(A)


def test_another_trial_has_its_own_time():
    with Live() as w:
        w.put(A)
        w.try_out(B, "1s")
        w.try_out(C, "600s")
        assert w.status()["trial"]["seconds_left"] > 500, w.status()
        w.go("confirm")
        w.need(C)
        w.boots_to(C)


def test_trial_after_one_that_is_over():
    with Live() as w:
        w.put(A)
        w.try_out(B, "1s")
        w.await_closed(443)
        w.try_out(C)
        w.need(C)
        w.go("rollback")
        w.need(A)


def test_rollback_ends_it():
    with Live() as w:
        w.put(A)
        w.try_out(B)
        said = w.go("rollback").stdout
        assert re.search(r"^the trial has ended: in force is .*p\.ini of ",
                         said, re.M), said
        w.need(A)
        w.go("confirm", want=3)
        w.boots_to(A)


def test_rollback_of_a_first_trial():
    with Live() as w:
        w.try_out(A)
        said = w.go("rollback").stdout
        assert "in force is nothing" in said, said
        w.need()


def test_rollback_when_it_is_over():
    """It ends what was meant: nothing goes further back"""
    with Live() as w:
        w.put(C)
        w.put(A)
        w.try_out(B, "1s")
        w.await_closed(443)
        said = w.go("rollback").stdout
        assert "the trial was over already" in said, said
        w.need(A)


def test_apply_ends_it():
    with Live() as w:
        w.put(A)
        w.try_out(B, "1s")
        w.put(C)
        w.need(C)
        w.go("confirm", want=3)
        w.boots_to(C)


def test_apply_of_the_candidate_keeps_it():
    with Live() as w:
        w.put(A)
        w.try_out(B)
        w.put(B)
        w.need(B)
        w.boots_to(B)


def test_clear_ends_it():
    with Live() as w:
        w.put(A)
        w.try_out(B)
        w.clear()
        w.need()
        w.boots_to()


def test_dry_run_leaves_it():
    with Live() as w:
        w.put(A)
        w.try_out(B)
        rules = w.host.nft_list()
        w.put(C, "--dry-run")
        w.try_out(C, "60s", "--dry-run")
        # the time that is left is listed, too
        def timeless(text):
            return re.sub(r"expires \w+", "", text)
        assert timeless(w.host.nft_list()) == timeless(rules)
        w.go("confirm")
        w.need(B)


def test_failed_apply_leaves_it():
    with Live() as w:
        w.put(A)
        w.try_out(B)
        w.put("[allow p]\ntcp = 99999\n", want=2)
        w.need(B)
        w.go("confirm")
        w.boots_to(B)


@cases(("too short", "0s"), ("too long", "25h"), ("no time", "soon"),
       ("no unit", "60"))
def test_wrong_time(text):
    with Live() as w:
        w.try_out(A, text, want=2)
        w.need()


def test_cut_waits_for_confirm():
    with Live() as w:
        done = w.try_out(A, "60s", "--cut", want=2)
        assert "confirm --cut" in done.stderr, done.stderr


def test_without_a_state_directory():
    """Everything but the next boot"""
    with Live(remember=False) as w:
        done = w.put(A)
        assert "nothing is remembered here" in done.stderr, done.stderr
        w.try_out(B)
        said = w.go("confirm").stdout
        assert "boot" not in said, said
        w.need(B)
        w.try_out(A)
        w.go("rollback")
        w.need(B)
        done = w.go("rollback", want=3)
        assert "--state-dir" in done.stderr, done.stderr
        w.need(B)


def test_a_transfer_survives_it_all():
    with Live() as w:
        w.put(A)
        transfer = Transfer(w, 80)
        both = policy(80, 443)
        w.try_out(both)
        w.go("confirm")
        w.try_out(B)
        w.go("rollback")
        w.try_out(C, "1s")
        w.await_closed(8080)
        w.put(A)
        w.go("rollback")
        w.put(B)
        w.put(A)
        w.reboot()
        transfer.end()


def test_killed_at_once():
    """SIGKILL at any moment leaves one of both, and the next command works"""
    with Live() as w:
        w.put(A)
        for delay in range(1, 12):
            run = start(w, "apply", "--insecure-permissions", "--trial",
                        "600s", w.ini(B), stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL)
            try:
                run.wait(delay / 200)
            except subprocess.TimeoutExpired:
                run.send_signal(signal.SIGKILL)
                run.wait()
            opened = [port for port in (80, 443) if w.lets_in(port)]
            assert opened in ([80], [443]), opened
            w.go("rollback" if opened == [443] else "status")
            w.need(A)
        w.boots_to(A)


@cases(("its rules", "flush chain inet portwall g2.in"),
       ("a rule put in", "insert rule inet portwall g2.local accept"))
def test_confirm_of_changed_rules(change):
    """What stays is not what was tried, and confirm says so"""
    with Live() as w:
        w.put(A)
        w.try_out(B)
        w.host.nft(change)
        done = w.go("confirm", want=3)
        assert "somebody changed them" in done.stderr, done.stderr
        assert "portwall boot" in done.stderr, done.stderr
        w.go("boot")
        w.need(B)


@cases(("its rules", "flush chain inet portwall g1.in"),
       ("a rule put in", "insert rule inet portwall g1.local accept"))
def test_rollback_to_changed_rules(change):
    with Live() as w:
        w.put(A)
        w.try_out(B)
        w.host.nft(change)
        status = w.status()
        assert status["exit"] == 1, status
        assert [d["kind"] for d in status["drift"] if not d["note"]] == \
            ["fallback"], status["drift"]
        done = w.go("rollback", want=3)
        assert "somebody changed them" in done.stderr, done.stderr
        assert "remembered for" not in done.stderr, done.stderr
        w.go("confirm", want=3)
        w.go("boot")
        w.need(A)


def test_rollback_too_late_to_changed_rules():
    with Live() as w:
        w.put(A)
        w.try_out(B, "1s")
        w.await_closed(443)
        w.host.nft("insert rule inet portwall g1.local accept")
        done = w.go("rollback", want=3)
        assert "somebody changed them" in done.stderr, done.stderr
