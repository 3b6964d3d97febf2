# SPDX-License-Identifier: GPL-2.0-or-later
"""Private networks, packets and verdicts for tests; standard library only."""
