# SPDX-License-Identifier: MIT
# The shape of C files: SPDX line and opening comment, no #if inside a function body, no function over
# 100 lines, no file over 600. Relies on the formatter: a body begins and ends with a brace in column 1.
function complain(text)
{
	print FILENAME ":" FNR ": " text
	bad = 1
}

FNR == 1 {
	if (previous > 600) {
		print file ": " previous " lines; split it (at most 600)"
		bad = 1
	}
	file = FILENAME
	body = 0
	if ($0 !~ /SPDX-License-Identifier: MIT/)
		complain("the first line must be the SPDX line")
}
FNR == 2 && $0 !~ /^\/\*/ { complain("a comment that says what the file is for must follow the SPDX line") }
/^\{/ { body = FNR }
/^\}/ {
	if (body && FNR - body > 101)
		complain("function of " FNR - body - 1 " lines (at most 100)")
	body = 0
}
body && /^[ \t]*#[ \t]*if/ { complain("#if inside a function body; use IS_ENABLED() or another object") }
{ previous = FNR }
END {
	if (previous > 600) {
		print file ": " previous " lines; split it (at most 600)"
		bad = 1
	}
	exit bad
}
