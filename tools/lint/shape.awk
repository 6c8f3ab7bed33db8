# SPDX-License-Identifier: MIT
# The shape of C files: SPDX line and opening comment, no #if inside a function body, no function over
# 100 lines, no file over 600 (tests: 1000). Relies on the formatter: a body begins and ends with a brace in column 1.
function complain(text)
{
	print FILENAME ":" FNR ": " text
	bad = 1
}

function check_length()
{
	if (previous > (file ~ /^tests\// ? 1000 : 600)) {
		print file ": " previous " lines; split it"
		bad = 1
	}
}

FNR == 1 {
	check_length()
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
	check_length()
	exit bad
}
