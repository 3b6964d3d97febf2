# SPDX-License-Identifier: GPL-2.0-or-later
"""policies.py SEED FIRST COUNT DIR: random policies, a NUL byte after each.

Those of the second reader's tests, but from other sources: 198.18.0.0/15 is
where a private host has its own addresses. What they name is in files of DIR.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, "reader"))
import random_policies  # pylint: disable=wrong-import-position

seed, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random_policies.V4 = ["192.0.2.%d" % n for n in range(16)]
for number in range(first, first + count):
    text = random_policies.generate("%s/%d" % (seed, number), sys.argv[4])
    sys.stdout.write(text + "\0")
