# SPDX-License-Identifier: GPL-2.0-or-later
"""boot: what is remembered, or what closes; nothing of /etc."""

import json
import os
import re
import shutil
import subprocess

from lib.runner import cases
from live.host import A, B, Live, start

BOOTED = "the remembered policy could not be loaded"


def damage(path):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(b"\0\0")


def path_of(w, *names):
    return os.path.join(w.state_dir, *names)


def damage_objects(w):
    for name in os.listdir(path_of(w, "objects")):
        damage(path_of(w, "objects", name))


def handles(w):
    """The rules with their handles, but without what time changes"""
    return re.sub(r"expires \w+", "", w.host.run(
        ["nft", "-a", "-s", "list", "ruleset"]).stdout)


def test_loads_what_was_applied():
    with Live() as w:
        w.put(A)
        w.put(B)
        os.unlink(os.path.join(w.dir.name, "p.ini"))
        done = w.reboot()
        assert done.returncode == 0 and done.stdout.startswith("loaded "), \
            done.stdout + done.stderr
        w.need(B)
        status = w.status()
        assert status["in_force"] and not status["changed"], status


def test_status_tells_who_applied_it():
    """Not who booted"""
    with Live() as w:
        w.host.run(["env", "SUDO_UID=4242", *w.argv(
            "apply", "--insecure-permissions", w.ini(A))])
        before = w.status()
        w.reboot()
        after = w.status()
        for key in ("applied", "user", "sudo_user", "digest"):
            assert before[key] == after[key], key


def test_twice_changes_nothing():
    with Live() as w:
        w.put(A)
        w.reboot()
        rules = handles(w)
        done = w.go("boot")
        assert done.stdout.startswith("in force already: "), done.stdout
        assert handles(w) == rules
        doc = json.loads(w.go("boot", "--json").stdout)
        assert doc["loaded"] == "policy" and doc["changed"] is False, doc


def test_mends_what_was_changed():
    with Live() as w:
        w.put(A)
        w.host.nft("flush chain inet portwall input\n")
        w.go("boot")
        w.need(A)
        assert w.go("status").returncode == 0


def test_whole_rules_are_kept():
    """What is remembered is lost, but not what is in force: it stays"""
    with Live() as w:
        w.put(A)
        rules = handles(w)
        damage_objects(w)
        done = w.go("boot", want=3)
        assert "the one in force stays" in done.stderr, done.stderr
        assert handles(w) == rules
        doc = json.loads(w.go("boot", "--json", want=3).stdout)
        assert doc["loaded"] == "kept" and doc["changed"] is False, doc
        w.host.nft("flush chain inet portwall input\n")
        w.go("boot", want=3)
        assert "emergency.ini" in w.go("status", "--json", want=1).stdout


@cases(("no directory", False), ("an empty directory", True))
def test_never_applied(made):
    """It succeeds and loads nothing, and makes nothing either"""
    with Live() as w:
        if made:
            os.mkdir(w.state_dir, 0o700)
        done = w.go("boot")
        assert "nothing is remembered" in done.stdout, done.stdout
        w.need()
        assert made or not os.path.exists(w.state_dir)


def test_cleared():
    with Live() as w:
        w.put(A)
        w.clear()
        w.boots_to()


def test_a_trial_is_left_alone():
    with Live() as w:
        w.put(A)
        w.try_out(B)
        done = w.go("boot", want=3)
        assert "a trial is running" in done.stderr, done.stderr
        w.need(B)


def test_bundle_damaged():
    """The ways in of who administers the host, and nothing else"""
    with Live() as w:
        w.put("[policy]\nguard = 80\n" + A.replace("80", "80, 443"))
        damage(path_of(w, "applied"))
        done = w.reboot()
        assert done.returncode == 3, done
        assert BOOTED in done.stderr and "applied" in done.stderr, done.stderr
        w.need(A)
        w.host.nft("delete table inet portwall\n")
        doc = json.loads(w.go("boot", "--json", want=3).stdout)
        assert doc["loaded"] == "emergency" and doc["exit"] == 3, doc


def test_objects_damaged():
    with Live() as w:
        w.put("[policy]\nguard = 80\n" + A.replace("80", "80, 443"))
        damage_objects(w)
        assert w.reboot().returncode == 3
        w.need(A)
        w.put(A)
        w.boots_to(A)


def closed(w):
    assert not any(w.lets_in(port) for port in (22, 80, 443, 8080))


def lose_emergency(w):
    os.unlink(path_of(w, "emergency.ini"))


def damage_emergency(w):
    damage(path_of(w, "emergency.ini"))


def forbid(w):
    os.chmod(w.state_dir, 0o777)


def replace_with_file(w):
    shutil.rmtree(w.state_dir)
    w.file("state", "")


@cases(("no emergency policy", lose_emergency),
       ("emergency policy damaged", damage_emergency),
       ("anybody may write there", forbid),
       ("no directory, but a file", replace_with_file))
def test_everything_lost(harm):
    """Closed, whatever else; and the status says so"""
    with Live() as w:
        w.put(A)
        damage(path_of(w, "applied"))
        harm(w)
        done = w.reboot()
        assert done.returncode == 3, done
        assert "everything is closed" in done.stderr, done.stderr
        closed(w)


def test_without_a_lock():
    """Where no lock can be had, rules are loaded all the same"""
    with Live() as w:
        w.put(A)
        w.host.run(["nft", "delete", "table", "inet", "portwall"])
        run = os.path.join(w.dir.name, "run")
        shutil.rmtree(run)
        with open(run, "w", encoding="ascii"):
            pass
        w.go("boot", want=3)
        w.need(A)


def test_needs_nothing_but_proc_and_sys():
    """Neither interfaces nor /etc nor /run: as early as it can be"""
    with Live() as w:
        w.put(A)
        w.host.run(["nft", "delete", "table", "inet", "portwall"])
        inside = w.argv("boot")
        script = "mount -t tmpfs t /etc && mount -t tmpfs t /run && " \
            "mount -t tmpfs t /home && ip link set eth0 down && " \
            "ip link set lo down && exec \"$@\""
        done = w.host.run(["unshare", "-m", "sh", "-c", script, "sh",
                           *inside])
        assert done.stdout.startswith("loaded ") and not done.stderr, \
            done.stderr
        w.host.ip("link set lo up", "link set eth0 up")
        rules = w.host.nft_list("chain inet portwall input")
        assert "policy drop" in rules, rules


def test_waits_for_another_run():
    """A boot beside an apply ends in what is remembered"""
    with Live() as w:
        w.put(A)
        runs = [start(w, "apply", "--insecure-permissions", w.ini(B),
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
        runs += [start(w, "boot", stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL) for _ in range(4)]
        assert [run.wait() for run in runs] == [0] * 5
        w.need(B)
