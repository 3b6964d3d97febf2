# SPDX-License-Identifier: GPL-2.0-or-later
"""Our own table: each change by hand is named exactly, and no other one."""
from netns.lib.runner import cases

from drift.host import SSH_WEB, host
from netns.lib.need import need

T = "table inet portwall, "


@cases(
    ("a rule in front", "insert rule inet portwall input tcp dport 23 accept",
     [("added", T + "chain input: a rule was put in, handle ")]),
    ("a rule at the end", "add rule inet portwall {g}.local accept",
     [("added", T + "chain {g}.local: a rule was put in, handle ")]),
    ("two rules", "insert rule inet portwall input tcp dport 23 accept\n"
     "add rule inet portwall {g}.end accept",
     [("added", T + "chain {g}.end: a rule was put in, handle "),
      ("added", T + "chain input: a rule was put in, handle ")]),
    ("a rule not understood", "add rule inet portwall input counter accept",
     [("added", T + "chain input, rule handle ")]),
    ("a chain", "add chain inet portwall extra",
     [("added", T + "chain extra was put in, with 0 rules")]),
    ("a chain and a rule to it", "add chain inet portwall extra\n"
     "add rule inet portwall extra accept\n"
     "insert rule inet portwall input jump extra",
     [("added", T + "chain extra was put in, with 1 rule"),
      ("added", T + "chain input: a rule was put in, handle ")]),
    ("a chain flushed", "flush chain inet portwall {g}.end",
     [("flushed", T + "chain {g}.end was flushed: nothing is left of ")]),
    ("a base chain flushed", "flush chain inet portwall prerouting",
     [("flushed", T + "chain prerouting was flushed: nothing is left of 1 rule")]),
    ("a base chain removed", "delete chain inet portwall forward",
     [("gone", T + "chain forward is gone")]),
    ("another policy", "add chain inet portwall input { policy accept; }",
     [("changed", T + "chain input has the other policy")]),
    ("everything flushed", "flush table inet portwall",
     [("flushed", "table inet portwall was flushed")]),
    ("asleep", "add table inet portwall { flags dormant; }",
     [("asleep", "table inet portwall was put to sleep")]),
    ("table gone", "flush ruleset",
     [("table-gone", "table inet portwall is gone")]),
)
def test_names(change, expected):
    with host() as one:
        one.apply()
        need(one.drift() == [], repr(one.drift()))
        expected = [(kind, text.replace(
            "{g}", "g%d" % one.status()["generation"]))
            for kind, text in expected]
        one.nft(change)
        found = one.drift()
        need(len(found) == len(expected), repr(found))
        for (kind, text), (want_kind, want_text) in zip(sorted(found),
                                                        sorted(expected)):
            need(kind == want_kind and text.startswith(want_text),
                 "%s, not %s" % ((kind, text), (want_kind, want_text)))
        need(one.status()["exit"] == 1, "exit")
        one.apply()
        need(one.drift() == [], "not mended: %r" % one.drift())


STRANGE = {
    "a rule": ("add rule inet portwall input counter accept", "1 rule "),
    "rules": ("add rule inet portwall input counter accept\n"
              "add rule inet portwall {g}.local meta mark 7 counter accept",
              "2 rules "),
    "a rule with a set of its own":
        ("add rule inet portwall input tcp dport { 1, 9 } counter accept",
         "1 rule "),
    "a rule to a chain": ("add chain inet portwall extra\n"
                          "add rule inet portwall extra accept\n"
                          "add rule inet portwall input counter jump extra",
                          "1 rule "),
    "a set": ("add set inet portwall mine "
              "{ type ipv4_addr . inet_service; }\n"
              "add rule inet portwall input "
              "ip saddr . tcp dport @mine accept", "2 things "),
    "a base chain": ("add chain inet portwall mine "
                     "{ type nat hook prerouting priority -100; }\n"
                     "add rule inet portwall mine accept", "2 things "),
    "an object": ("add quota inet portwall mine { over 10 mbytes }\n"
                  "add rule inet portwall input quota name mine drop",
                  "2 things "),
}


@cases(*[(what + ", " + command, *case, command) for what, case in STRANGE.items()
         for command in ("apply", "boot", "rollback")])
def test_what_is_not_understood_is_taken_out(change, said, command):
    with host() as one:
        one.apply("[allow web]\ntcp = 443\n")
        one.apply()
        one.nft(change)
        need(one.drift(), "no drift")
        options = ["--insecure-permissions", one.path("t.ini")]
        done = one.portwall(command, *(options if command == "apply" else []))
        need(done.returncode == 0, done.stderr)
        need("took out " + said + "that portwall did not make" in done.stderr,
             done.stderr)
        need(one.drift() == [], repr(one.drift()))
        need("mine" not in one.rules() and "extra" not in one.rules(),
             one.rules())


@cases(("confirm", "confirm"), ("rollback", "rollback"))
def test_what_is_not_understood_does_not_hold_a_trial(command):
    with host() as one:
        one.apply("[allow web]\ntcp = 443\n")
        one.apply(SSH_WEB, "--trial=600s")
        one.nft("add rule inet portwall input counter accept")
        done = one.portwall(command)
        need(done.returncode == 0 and "took out 1 rule " in done.stderr,
             done.stderr)
        need(one.drift() == [], repr(one.drift()))


def test_what_is_not_understood_stays_if_nothing_is_applied():
    with host() as one:
        one.apply()
        one.nft("add rule inet portwall input counter accept")
        before = one.rules()
        options = ["--insecure-permissions", one.path("t.ini")]
        done = one.portwall("apply", "--dry-run", *options)
        need(done.returncode == 0, done.stderr)
        with open(one.path("t.ini"), "a", encoding="ascii") as file:
            file.write("nonsense\n")
        need(one.portwall("apply", *options).returncode == 2, "wrong policy")
        need(one.rules() == before, one.rules())


def test_openings_by_hand_that_are_none():
    """Everything is open by them, so status has to say something"""
    with host() as one:
        one.apply()
        one.nft("add element inet portwall s.open4 "
                "{ 0-65535 . 0-255 . 0.0.0.0/0 timeout 1d }")
        need(one.drift() == [("added", T + "a set of temporary openings "
                              "(s.open*) holds what no portwall puts there")],
             repr(one.drift()))
        need(one.status()["exit"] == 1, "exit")
        one.nft("flush set inet portwall s.open4")
        need(one.drift() == [], repr(one.drift()))


def test_rule_is_told_with_its_handle_and_text():
    with host() as one:
        one.apply()
        one.nft("insert rule inet portwall input tcp dport 23 accept")
        handle = one.handle("input", "tcp dport 23 accept")
        need(one.drift() == [(
            "added", T + "chain input: a rule was put in, handle %d: tcp "
            "dport 23 accept" % handle)], repr(one.drift()))


def test_rule_gone_is_told_with_its_text():
    with host() as one:
        one.apply()
        handle = one.handle("{g}.local".replace(
            "{g}", "g%d" % one.status()["generation"]), "ct state invalid")
        one.nft("delete rule inet portwall {g}.local handle %d" % handle)
        (kind, text), = one.drift()
        need(kind == "gone" and "ct state invalid" in text, text)


def test_rule_changed_is_told_with_both_texts():
    with host() as one:
        one.apply()
        chain = "g%d.local" % one.status()["generation"]
        handle = one.handle(chain, "ct state invalid")
        one.nft("replace rule inet portwall %s handle %d ct state new accept"
                % (chain, handle))
        (kind, text), = one.drift()
        need(kind == "changed" and "ct state new accept; it was: ct state "
             "invalid" in text, text)


def test_text_says_what_to_do_once():
    with host() as one:
        one.apply()
        one.nft("insert rule inet portwall input tcp dport 23 accept\n"
                "insert rule inet portwall input tcp dport 24 accept")
        done = one.portwall("status")
        need(done.stdout.count("\n       put it back: portwall boot\n") == 1 and
             done.stdout.count("\nDRIFT  ") == 2, done.stdout)


HARMS = ("insert rule inet portwall input tcp dport 23 accept",
         "add rule inet portwall input counter accept",
         "flush table inet portwall",
         "add table inet portwall { flags dormant; }")


@cases(*HARMS)
def test_what_to_do_brings_it_back(change):
    """Also where the policy's file says something else by now"""
    with host() as one:
        one.apply()
        with open(one.path("t.ini"), "w", encoding="ascii") as file:
            file.write("[allow other]\ntcp = 9\n")
        one.nft(change)
        hints = {d["hint"] for d in one.status()["drift"] if not d["note"]}
        need(hints == {"put it back: portwall boot"}, repr(hints))
        done = one.portwall("boot")
        need(done.returncode == 0, done.stderr)
        need(one.drift() == [], repr(one.drift()))


@cases(*HARMS[:2])
def test_what_to_do_without_memory(change):
    with host(remembers=False) as one:
        one.apply()
        one.nft(change)
        hints = {d["hint"] for d in one.status()["drift"]}
        need(hints == {"put it back: portwall apply " + one.path("t.ini")},
             repr(hints))


def test_what_to_do_in_a_trial():
    with host() as one:
        one.apply("[allow web]\ntcp = 443\n")
        one.apply(SSH_WEB, "--trial=600s")
        one.nft(HARMS[0])
        need("       try it again, or end the trial: portwall rollback\n" in
             one.portwall("status").stdout, "hint")


def test_file_that_differs_is_a_note():
    with host() as one:
        one.apply()
        with open(one.path("t.ini"), "a", encoding="ascii") as file:
            file.write("; changed\n")
        status = one.status()
        need(status["exit"] == 0 and
             [(d["kind"], d["note"]) for d in status["drift"]] ==
             [("file", True)], repr(status["drift"]))


def test_forgotten_policy_is_drift():
    with host() as one:
        one.apply()
        one.netns.run(["rm", one.path("state/applied")])
        (kind, _), = one.drift()
        need(kind == "not-remembered" and one.status()["exit"] == 1, kind)


def test_many_rules_are_counted():
    with host() as one:
        one.apply()
        one.nft("".join("insert rule inet portwall input tcp dport %d accept\n"
                        % port for port in range(1000, 3000)))
        need(len(one.drift()) == 2000, "%d" % len(one.drift()))
        out = one.portwall("status").stdout
        need("and 1980 more" in out, out)
