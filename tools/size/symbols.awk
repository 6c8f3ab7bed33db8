# SPDX-License-Identifier: MIT
# Bytes by Kconfig symbol: the build.mk files say which symbol brings which object, the linker's map how
# much of each object is in the program. Libraries are their own rows. RAM is what is private to a process
# from the start: data, relocated constants and bss.
# usage: symbols.awk build.mk... myctr.map

function hex(text,    i, value) {
	value = 0
	for (i = 3; i <= length(text); i++)
		value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return value
}

# Which row an input file of the link belongs to.
function row_of(file,    name) {
	name = file
	if (match(name, /lib[a-z0-9_+]*\.a\(/))
		return substr(name, RSTART, RLENGTH - 1)
	if (name ~ /crt[1in]\.o$/)
		return "libc.a"
	for (object in symbol)
		if (substr(name, length(name) - length(object)) == "/" object)
			return symbol[object]
	return "(other)"
}

function add(size, file,    row, kind) {
	if (section ~ /^\.(text|init|fini|rodata|eh_frame|plt)/)
		kind = "text"
	else if (section ~ /^\.bss/)
		kind = "bss"
	else if (section ~ /^\.(data|got|init_array|fini_array|preinit|tdata|tbss)|^set_/)
		kind = "data"
	else
		return
	if (!(file in cache))
		cache[file] = row_of(file)
	row = cache[file]
	rows[row] = 1
	sum[row, kind] += size
}

FILENAME ~ /build\.mk$/ {
	if (match($0, /^obj-[^ ]*/)) {
		gate = "always"
		if (match($0, /CONFIG_[A-Z0-9_]+/))
			gate = substr($0, RSTART + 7, RLENGTH - 7)
	}
	for (i = 1; i <= NF; i++)
		if ($i ~ /\.o$/)
			symbol[$i] = gate
	next
}

/^Linker script and memory map/ { started = 1 }
!started { next }
/^[._a-z]/ { section = $1 }
# " .text.name  0xADDR 0xSIZE file" in one line or, after a long name, in two
/^ [.a-zA-Z_*]/ && NF >= 4 && $2 ~ /^0x/ && $3 ~ /^0x/ { add(hex($3), $4); next }
/^ +0x[0-9a-f]+ +0x[0-9a-f]+ [^ ]/ { add(hex($2), $3) }

END {
	printf "%-28s %8s %8s %8s %8s\n", "symbol", "text", "data", "bss", "RAM"
	order = "sort -k2,2nr"
	for (row in rows) {
		printf "%-28s %8d %8d %8d %8d\n", row, sum[row, "text"], sum[row, "data"], sum[row, "bss"], sum[row, "data"] + sum[row, "bss"] | order
		text += sum[row, "text"]
		data += sum[row, "data"]
		bss += sum[row, "bss"]
	}
	close(order)
	printf "%-28s %8d %8d %8d %8d\n", "total", text, data, bss, data + bss
}
