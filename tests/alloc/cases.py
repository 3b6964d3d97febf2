# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands whose allocations fail."""

from netns.faults.stage import CHANGING, POLICY, Row

# They change nothing: what is printed is all there is to get wrong
READING = tuple(Row(name, args, before, (before,)) for name, args, before in (
    ("check", ("check", POLICY), "before"),
    ("check json", ("check", "--json", POLICY), "before"),
    ("show", ("show", POLICY), "before"),
    ("show nft", ("show", "--as=nft", POLICY), "before"),
    ("show json", ("show", "--json", POLICY), "before"),
    ("show applied", ("show", "--applied"), "before"),
    ("plan", ("plan", POLICY), "before"),
    ("plan json", ("plan", "--json", POLICY), "before"),
    ("status", ("status",), "on trial"),
    ("status json", ("status", "--json"), "on trial"),
    ("status prometheus", ("status", "--format=prometheus"), "opened"),
    ("history", ("history",), "before"),
    ("history json", ("history", "--json"), "before"),
    ("dry run", ("apply", "--dry-run", POLICY), "before"),
))
JSON = tuple(Row(row.name + " json", (row.args[0], "--json", *row.args[1:]),
                 row.before, row.after) for row in CHANGING
             if row.name in ("apply", "trial", "confirm", "open", "clear"))
# They take seconds: only at one allocation of each place
SLOW = tuple(Row(name, args, "before", ("before",)) for name, args in (
    ("computed", ("test", "--computed", POLICY)),
    ("test", ("test", POLICY)),
    ("verify", ("verify", POLICY)),
    ("verify json", ("verify", "--json", POLICY)),
))
ROWS = CHANGING + JSON + READING + SLOW
# Options that a command takes
WITHOUT_RUN_DIR = ("check", "show", "plan", "history", "test", "verify")
WITHOUT_STATE_DIR = ("check", "test")
