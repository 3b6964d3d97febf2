# SPDX-License-Identifier: GPL-2.0-or-later
"""What is counted elsewhere can be other than 0."""
import subprocess

from netns.lib.runner import cases

from environ.tally import NEVER, ROWS, Tally
from netns.lib.need import need


def flush(stage):
    stage.host.netns.nft("flush chain inet portwall input")
    return 3, ""


def nothing(_):
    return 0, ""


def deny(stage):
    stage.host.apply(1)
    return 3, "portwall: nothing was changed\n"


def hang(_):
    raise subprocess.TimeoutExpired("portwall", 1)


@cases(("half made", flush, "half"), ("nothing done", nothing, "lied"),
       ("done, and denied", deny, "lied"), ("no end", hang, "stuck"))
def test_control(act, word):
    tally = Tally()
    try:
        tally.attempt(ROWS["apply"], lambda argv: act(tally.stage), "control")
        need([name for name in NEVER if tally.count[name]] == [word],
             str(tally.count))
    finally:
        tally.stage.close()
