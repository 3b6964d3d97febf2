# SPDX-License-Identifier: GPL-2.0-or-later
"""The state directory is full, read-only, missing, or somebody else's."""

import os
import shutil

from lib.runner import Skip, cases
from live.host import A, B, C, PORT, Live

LIST = "".join("10.%d.%d.%d\n" % (n >> 16, n >> 8 & 255, n & 255)
               for n in range(0, 120000, 2))


def mount(w, options):
    os.makedirs(w.state_dir, 0o700, exist_ok=True)
    done = w.host.run(["mount", "-t", "tmpfs", "-o", "mode=700," + options,
                       "tmpfs", w.state_dir], check=False)
    if done.returncode:
        raise Skip("no tmpfs can be mounted: " + done.stderr)


def unmount(w):
    w.host.run(["umount", "-l", w.state_dir], check=False)


def refused(done, w):
    """It says where and what to do, and nothing was changed"""
    assert w.state_dir in done.stderr, done.stderr
    assert "--state-dir" in done.stderr, done.stderr
    assert "nothing was changed" in done.stderr, done.stderr


def test_full():
    with Live() as w:
        mount(w, "size=256k")
        try:
            w.put(A)
            big = "[allow p]\ntcp = 443\nfrom = file:%s\n" % w.file(
                "list.txt", LIST)
            rules = w.host.nft_list()
            refused(w.put(big, want=3), w)
            refused(w.try_out(big, want=3), w)
            assert w.host.nft_list() == rules
            w.boots_to(A)
        finally:
            unmount(w)


def test_full_of_files():
    with Live() as w:
        mount(w, "nr_inodes=12")
        try:
            w.put(A)
            for n in range(20):
                try:
                    with open(os.path.join(w.state_dir, "x%d" % n), "wb"):
                        pass
                except OSError:
                    break
            rules = w.host.nft_list()
            refused(w.put(B, want=3), w)
            assert w.host.nft_list() == rules
            w.boots_to(A)
        finally:
            unmount(w)


def test_read_only():
    with Live() as w:
        mount(w, "size=1m")
        try:
            w.put(A)
            w.put(B)
            w.host.run(["mount", "-o", "remount,ro", w.state_dir])
            rules = w.host.nft_list()
            refused(w.put(A, want=3), w)
            done = w.go("rollback", want=3)
            assert "nothing was changed" in done.stderr, done.stderr
            assert w.host.nft_list() == rules
            w.boots_to(B)
            done = w.go("clear", "--yes", want=3)
            assert "the next boot may load the policy again" in done.stderr
            w.need()
        finally:
            unmount(w)


def test_rename_fails():
    """The rules are switched then: it says so, and what boot would load"""
    with Live() as w:
        w.put(A)
        applied = os.path.join(w.state_dir, "applied")
        os.unlink(applied)
        os.mkdir(applied)
        done = w.put(B, want=3)
        assert "in force, not remembered for the next boot" in done.stderr, \
            done.stderr
        assert "nothing was changed" not in done.stderr, done.stderr
        w.need(B)
        os.rmdir(applied)
        w.put(B)
        w.boots_to(B)


@cases(("as it was saved", None),
       ("something else", "table inet portwall {\n\tchain x {\n\t}\n}\n"))
def test_boot_beside_a_saved_table(text):
    """nftables.service may load a copy of our table, old or open, before us"""
    with Live() as w:
        w.put(A)
        text = text or w.host.nft_list("table inet portwall")
        w.put(B)
        w.host.nft("delete table inet portwall\n" + text)
        done = w.go("boot")
        assert "nftables.conf" in done.stderr, done.stderr
        w.need(B)
        assert w.status()["changed"] is False
        w.go("boot")


def test_boot_leaves_a_table_when_nothing_is_remembered():
    with Live() as w:
        w.put(A)
        w.clear()
        w.host.nft("add table inet portwall")
        w.go("boot")
        w.need()


def test_bundle_is_lost():
    """Not the same as never applied, or cleared: boot closes"""
    with Live() as w:
        w.put(A)
        os.unlink(os.path.join(w.state_dir, "applied"))
        drift = w.status()["drift"]
        assert [d["kind"] for d in drift] == ["not-remembered"], drift
        assert "is missing" in drift[0]["text"], drift
        done = w.reboot()
        assert done.returncode == 3, done.stdout
        assert "applied is missing" in done.stderr, done.stderr
        for port in PORT.values():
            assert not w.lets_in(port), port
        w.put(B)
        w.boots_to(B)
        w.clear()
        w.boots_to()


def test_confirm_cannot_be_kept():
    """Likewise: the trial is over, and the policy in force"""
    with Live() as w:
        w.put(A)
        w.try_out(B)
        applied = os.path.join(w.state_dir, "applied")
        os.unlink(applied)
        os.mkdir(applied)
        done = w.go("confirm", want=3)
        assert "not remembered for the next boot" in done.stderr, done.stderr
        w.need(B)
        assert w.status()["trial"] is None


def test_trial_cannot_be_kept():
    """Refused before anything changes, and the trial goes on"""
    with Live() as w:
        w.put(A)
        w.try_out(B)
        os.unlink(os.path.join(w.state_dir, "trial"))
        done = w.go("confirm", want=3)
        assert "the trial goes on" in done.stderr, done.stderr
        w.need(B)
        w.go("rollback")
        w.need(A)


def test_missing_is_made():
    with Live() as w:
        assert not os.path.exists(w.state_dir)
        w.put(A)
        assert os.stat(w.state_dir).st_mode & 0o7777 == 0o700
        shutil.rmtree(w.state_dir)
        w.put(B)
        w.boots_to(B)


def test_not_a_directory():
    with Live() as w:
        w.file("state", "")
        done = w.put(A, want=3)
        assert w.state_dir in done.stderr, done.stderr
        w.need()


@cases(("group", 0o770), ("others", 0o707))
def test_somebody_else_may_write_there(mode):
    with Live() as w:
        w.put(A)
        os.chmod(w.state_dir, mode)
        done = w.put(B, want=3)
        assert w.state_dir in done.stderr, done.stderr
        w.need(A)


def replace_with_file(w):
    shutil.rmtree(w.state_dir)
    w.file("state", "")


@cases(("others may write", lambda w: os.chmod(w.state_dir, 0o707)),
       ("no directory", replace_with_file))
def test_rollback_of_a_trial_needs_none(harm):
    with Live() as w:
        w.put(C)
        w.put(A)
        w.try_out(B)
        harm(w)
        done = w.go("rollback", want=3)
        assert w.state_dir in done.stderr, done.stderr
        assert "in force: " in done.stderr, done.stderr
        assert "not remembered for the next boot" in done.stderr, done.stderr
        w.need(A)
        assert w.status()["trial"] is None
        done = w.go("rollback", want=3)
        assert "in force" not in done.stderr, done.stderr
        w.need(A)


def test_dry_run_writes_nothing():
    with Live() as w:
        w.put(A, "--dry-run")
        assert not os.path.exists(w.state_dir)
        w.put(A)
        before = sorted(os.walk(w.state_dir))
        w.put(B, "--dry-run")
        assert sorted(os.walk(w.state_dir)) == before
        w.boots_to(A)


def test_damaged_bundle_does_not_stop_apply():
    with Live() as w:
        w.put(A)
        with open(os.path.join(w.state_dir, "applied"), "wb") as file:
            file.write(b"{}")
        w.put(B)
        w.boots_to(B)
