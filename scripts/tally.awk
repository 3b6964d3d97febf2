# SPDX-License-Identifier: GPL-2.0-or-later
# What a test program said: prints "passed failed skipped", and appends to the
# file `skips` what was skipped and why. `status` is its exit status, `suite`
# its name.
#
# It reads TAP as cmocka writes it, or a closing line "N passed, N failed, N
# skipped". A line "# reason: TEXT" tells why the next test of TAP is skipped;
# tests with one reason are listed together. A program that fails without saying so, says less than its plan, or
# says nothing at all, has failed once more.

/^1\.\.[0-9]+$/			{ plan += substr($0, 4) }
/^# reason: /			{ reason = substr($0, 11); next }
/^(not )?ok [0-9]+ .*# SKIP/ {
	skipped++
	seen++
	if (reason)
		because[reason]++
	else
		skip($0)
	reason = ""
	next
}
/^ok [0-9]+/			{ passed++; seen++; next }
/^not ok [0-9]+/		{ failed++; seen++; next }
/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
	summed = 1
	passed_sum = $1
	failed_sum = $3
	skipped_sum = $5
	next
}
/^(SKIP|skip)/			{ skip($0) }

function skip(line) {
	sub(/^(not )?ok [0-9]+ (- )?(# )?/, "", line)
	sub(/^(SKIP|skip)(ped)?:? */, "", line)
	print "  " suite ": " line >>skips
}

END {
	for (reason in because)
		print "  " suite ": " reason " (" because[reason] \
			(because[reason] > 1 ? " tests)" : " test)") >>skips
	if (summed) {
		passed = passed_sum
		failed = failed_sum
		skipped = skipped_sum
		seen = plan
	}
	if (seen < plan)
		failed += plan - seen
	if (status && !failed || !passed && !failed && !skipped)
		failed++
	print passed + 0, failed + 0, skipped + 0
}
