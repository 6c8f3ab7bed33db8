# SPDX-License-Identifier: MIT
# Who may include whom (README, folder map). Includes of the project are written from the top in quotes.
#   core/lib     itself
#   core         core, core/lib
#   core/cmd     core, core/cmd, core/lib
#   drivers/X    core/driver.h core/spec.h core/network.h, core/lib, its own class drivers/X
#   init         core, core/lib, init
#   tools/manifest, tools/manpage, tools/image    core: they are the device's own parser, tables, formats
#   tools        core/lib, its own folder         tests   anything
FNR == 1 {
	layer = FILENAME
	own = FILENAME
	sub(/[^\/]*$/, "", own)
	if (layer ~ /^core\/lib\//)
		allowed = "^core/lib/"
	else if (layer ~ /^core\/cmd\//)
		allowed = "^core/(lib/|cmd/)?[^/]*$"
	else if (layer ~ /^core\//)
		allowed = "^core/(lib/)?[^/]*$"
	else if (layer ~ /^drivers\//)
		allowed = "^(core/(driver|spec|network)\\.h$|core/lib/|" own ")"
	else if (layer ~ /^init\//)
		allowed = "^(core/(lib/)?[^/]*$|init/)"
	else if (layer ~ /^tools\/(manifest|manpage|image)\//)
		allowed = "^core/(lib/)?[^/]*$"
	else if (layer ~ /^tools\//)
		allowed = "^(core/lib/|" own "|[^/]*$)"
	else
		allowed = "."
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
	name = $0
	sub(/^[^"]*"/, "", name)
	sub(/".*/, "", name)
	if (name !~ /^generated\// && name !~ allowed) {
		print FILENAME ":" FNR ": may not include \"" name "\""
		bad = 1
	}
}
END { exit bad }
