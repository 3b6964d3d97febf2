# SPDX-License-Identifier: GPL-2.0-or-later
"""What a test expects."""


class Failure(Exception):
    """What was expected and did not come."""


def need(condition, text):
    """Fail with @text unless @condition holds."""
    if not condition:
        raise Failure(text)
