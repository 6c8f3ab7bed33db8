// SPDX-License-Identifier: MIT
/*
 * Build machine: the manual pages and the bash completion, from the command set and the field tables that the
 * program itself uses. The rows of the commands are linked, what they call is not: nothing here runs a
 * command. usage: manpage myctr.8|myctr-manifest.5|myctr.bash
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cmd.h"
#include "core/lib/config.h"
#include "core/spec.h"
#include "core/system.h"
#include "generated/version.h"

/* Text for troff: a leading dot or a backslash would be a request, a hyphen would become a dash. */
static void man_text(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
	}
}

static void man_line(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	man_text(s);
	putchar('\n');
}

static void man_head(const char *name, int section, const char *about)
{
	printf(".\\\" SPDX-License-Identifier: MIT\n.\\\" Made by tools/manpage from the program's own tables.\n");
	printf(".TH %s %d \"\" \"myctr %s\"\n.SH NAME\n%s \\- %s\n", name, section, MYCTR_VERSION,
	       name, about);
}

static const struct command *man_next(const struct command *last)
{
	const struct command *best = NULL;

	for (CMD_EACH(c)) {
		if ((!last || strcmp((*c)->name, last->name) > 0) &&
		    (!best || strcmp((*c)->name, best->name) < 0))
			best = *c;
	}
	return best;
}

/* ---- myctr.8 ------------------------------------------------------------------------------------- */

static void man_option(char letter, const char *name, const char *arg, const char *help)
{
	fputs(".TP\n\\fB", stdout);
	if (letter)
		printf("\\-%c", letter);
	if (letter && name)
		fputs("\\fR, \\fB", stdout);
	if (name) {
		fputs("\\-\\-", stdout);
		man_text(name);
	}
	fputs("\\fR", stdout);
	if (arg) {
		fputs(" \\fI", stdout);
		man_text(arg);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	man_line(help ? help : "");
}

static void man_aliases(void)
{
	char help[64];

	for (unsigned int i = 0; i < cmd_n_spec_aliases; i++) {
		const struct cmd_spec_alias *a = &cmd_spec_aliases[i];
		const struct spec_field *f = spec_field(a->key);

		snprintf(help, sizeof(help), "The same as --%s%s%s.", a->key, *a->value ? "=" : "",
			 a->value);
		man_option(a->letter, *a->name ? a->name : NULL,
			   *a->value ? NULL : spec_field_arg(f), help);
	}
}

static void man_command(const struct command *c)
{
	fputs(".SS \"myctr ", stdout);
	man_text(c->name);
	putchar(' ');
	man_text(c->args ? c->args : "");
	fputs("\"\n", stdout);
	man_text(c->about ? c->about : "");
	puts(".");
	if (c->alias)
		printf("Also called \\fB%s\\fR.\n", c->alias);
	for (unsigned int i = 0; i < c->n_options; i++)
		man_option(c->options[i].letter, c->options[i].name, c->options[i].arg,
			   c->options[i].help);
	if (!c->spec_options)
		return;
	printf(".PP\nEvery key of\n.BR myctr-manifest (5)\nis an option, too:\n.BI \\-\\- KEY = VALUE .\n"
	       "Keys that are yes or no need no value. Other names, for those who know docker:\n");
	man_aliases();
}

/* What goes on behind the commands of one line each. */
static void man_updates(void)
{
	if (IS_ENABLED(CONFIG_UPDATE))
		puts(".SH UPDATES\nA container has two image slots, a and b. \\fBupdate\\fR fills the one that does not run, "
		     "switches, and keeps it\nwhen the container and its \\fIupdate-group\\fR have been up and healthy for "
		     "\\fItrial\\fR; else it goes\nback by itself, also after a reset. \\fBupdate status\\fR lists the slots, "
		     "\\fBrollback\\fR goes back by hand, with all\nthat was updated together.");
	if (IS_ENABLED(CONFIG_HOST_AB))
		puts(".PP\nA system that the boot loader tries (\\fIboot-slots\\fR) is good once every critical container "
		     "has been up and\nhealthy for \\fIboot-trial\\fR. Its variables are slot, try, upgrade_available, "
		     "bootcount and bootlimit.");
	if (IS_ENABLED(CONFIG_FACTORY))
		puts(".PP\nWith \\fImode\\fR = factory the tasks are tests: TAP 14 on the console, and lines that begin "
		     "with # FACTORY.\n\\fBfactory-reset\\fR empties the data folder at the next boot, but for "
		     "\\fIfactory-keep\\fR.");
}

static void man_commands(void)
{
	man_head("myctr", 8, "run containers on a small device");
	puts(".SH SYNOPSIS\n.B myctr\n.I COMMAND\n[options] [arguments]\n.br\n.B myctr \\-\\-version");
	puts(".SH DESCRIPTION\nOne program boots a device as PID 1 and is the command line to it. Options may stand "
	     "anywhere before\nthe first argument of commands that take a container's own command; "
	     "\\fB\\-\\-\\fR ends them.\n.SH COMMANDS");
	for (const struct command *c = man_next(NULL); c; c = man_next(c))
		man_command(c);
	puts(".SH EXIT STATUS\nThe container's own status; 2 wrong use; 125 myctr failed; 126 the program cannot be "
	     "executed; 127 it\nis not there; 128+n it was ended by signal n.");
	puts(".SH ENVIRONMENT\n.TP\n.B MYCTR_RUN, MYCTR_DATA, MYCTR_LOG, MYCTR_ETC\nFolders to use instead of the ones "
	     "that were built in.\n.TP\n.B MYCTR_CGROUP\nThe cgroup that holds those of the containers.\n.TP\n.B "
	     "MYCTR_NETWORK\nNetwork of \\fBrun\\fR where none is asked for (default: bridge for root, where it was "
	     "built in).");
	man_updates();
	printf(".SH FILES\n.nf\n%s/manifest\n%s/state\n%s/images\n%s\n.fi\n", CONFIG_ETC_DIR,
	       CONFIG_RUN_DIR, CONFIG_DATA_DIR, CONFIG_LOG_DIR);
	puts(".SH SEE ALSO\n.BR myctr-manifest (5)");
}

/* ---- myctr-manifest.5 ---------------------------------------------------------------------------- */

static void man_field(const struct spec_field *f, const struct spec *defaults)
{
	char value[128] = "";

	fputs(".TP\n\\fB", stdout);
	man_text(f->name);
	fputs("\\fR = \\fI", stdout);
	if (f->type == SPEC_BOOL)
		man_text("yes|no");
	else if (f->type != SPEC_ENUM)
		man_text(spec_field_arg(f) ? spec_field_arg(f) : "VALUE");
	for (unsigned int i = 0; f->type == SPEC_ENUM && f->words[i]; i++) {
		fputs(i ? "|" : "", stdout);
		man_text(f->words[i]);
	}
	fputs("\\fR\n", stdout);
	man_line(spec_field_help(f));
	if (f->type == SPEC_LIST || f->type == SPEC_NAMES)
		puts("May be given more than once; an empty value clears what was given before.");
	if (defaults && spec_get(defaults, f, 0, value, sizeof(value)) && *value &&
	    strcmp(value, "0") != 0) {
		fputs("Default: ", stdout);
		man_text(value);
		puts(".");
	}
}

static void man_section(enum section_kind kind)
{
	for (unsigned int i = 0; i < section_tables[kind].n; i++)
		man_field(&section_tables[kind].rows[i], NULL);
}

static void man_networks(void)
{
	puts(".SH \"[network NAME]\"\nA network that containers name with the key network. Of kind bridge it is made with "
	     "its first container\nand goes with its last: a bridge with the gateway's address, and a link for each "
	     "container, eth0, eth1 and so on inside in the order\nof its networks. The first network with a way out "
	     "gives the default route. A container has the address of its key ip that is in the\nsubnet, else one "
	     "found from its name, which stays the same over restarts and reboots until it is removed. A bridge "
	     "that exists\nalready is joined and left as it is. With strict a container on a bridge sends\nunder its own MAC and addresses only, which "
	     "stops false answers to ARP and neighbour discovery, route advertisements and DHCP servers; it needs "
	     "NF_TABLES_BRIDGE of the kernel and\nis not for containers that route for others. Networks of kind macvlan and "
	     "ipvlan cannot share a parent. With kind = phys the interface comes back when the "
	     "container ends; a virtual one is refused.");
	man_section(SECTION_NETWORK);
	puts(".SH \"[interface NAME]\"\nAn interface of the device, set up as it boots (PID 1 only); those without a "
	     "section are left alone. With parent and vlan it is a\nVLAN, which is made.");
	man_section(SECTION_INTERFACE);
}

static void man_machine(void)
{
	if (!IS_ENABLED(CONFIG_MACHINE))
		return;
	puts(".SH \"[mount PATH]\"\nA file system of the device, mounted as it boots (PID 1 only) in the order written. "
	     "The section whose path is the data folder is mounted first;\nit may leave device and type to data = of "
	     "[system]. A device is waited for; blank (only zeros, or only ones), it is made\nby format; then fsck looks at it, "
	     "whose status 4 and above means that it could not mend it; after the mount grow\nmakes it larger where it is "
	     "an eighth smaller than the device. Each is a program with its words; the device is added.\nWhere it cannot be "
	     "mounted, fallback = read\\-only tries that, and tmpfs that and then memory; what it became is said on the "
	     "console\nand under every \\fBmyctr ps\\fR.");
	man_section(SECTION_MOUNT);
	puts(".SH \"[device PATTERN]\"\nWhat PID 1 does with device nodes whose name below /dev matches (* and ? stand for "
	     "anything but a slash), as they come and for\nthose that are there at boot. The kernel makes the nodes; USB serial "
	     "lines also get their name in /dev/serial/by\\-id. The key device of a\ncontainer may be such a pattern or a name by "
	     "id: the container runs without it, and gets the node and the right to use it when it comes.");
	man_section(SECTION_DEVICE);
	puts(".SH \"[console TTY]\"\nA command on the terminal /dev/TTY, as the device has booted and again whenever it ends. "
	     "A terminal that is not there yet is waited for.");
	man_section(SECTION_CONSOLE);
}

static void man_health(void)
{
	if (!IS_ENABLED(CONFIG_HEALTH))
		return;
	puts(".SH HEALTH\nhealth = exec COMMAND... | tcp PORT | http PORT PATH | file PATH | notify | none, with "
	     "every TIME (30s),\ntimeout TIME (10s), retries N (3) and start-period TIME (0s) before or behind it. exec "
	     "runs with the rights of the container\nand is well when it exits with 0; tcp and http connect to its loopback, and "
	     "http wants a status of 2xx or 3xx;\nfile wants that PATH is there. Until it has been healthy once, a container "
	     "has the start period and then as long as the\nretries take; looks are closer together meanwhile. With notify the "
	     "service sends what sd_notify(3) describes to\n$NOTIFY_SOCKET: READY=1 within start-period (90s), and WATCHDOG=1 "
	     "within every, where that is written or it has sent\nWATCHDOG_USEC itself. What is not healthy is restarted where "
	     "restart allows it, and counts as a failure.\nafter = NAME healthy (and requires) waits until NAME is healthy; "
	     "one without the key is as soon as it runs.");
	if (IS_ENABLED(CONFIG_WATCHDOG))
		puts(".PP\n[system] watchdog is fed while the supervisor's loop turns and no critical container is unwell (not "
		     "running, or not\nhealthy) for longer than its critical\\-timeout; one that a person stopped does not "
		     "count.");
	if (IS_ENABLED(CONFIG_LADDER))
		puts(".PP\nrestart\\-then = escalate, which is the default of critical containers: past restart\\-limit it is "
		     "started anew together\nwith those that wait for it; past it again the device reboots; when the reboot "
		     "before was because of it, too, the device\nboots its other slot where it has one.");
}

static void man_manifest(void)
{
	struct spec *defaults = spec_new();

	man_head("myctr-manifest", 5, "what a device runs");
	puts(".SH DESCRIPTION\nLines of text: a section in brackets, then \\fIKEY\\fR = \\fIVALUE\\fR. A # at the start "
	     "of a word begins\na comment. Sizes are 123, 64K, 32M, 1G or max; times 500ms, 10s, 5m, 2h, 1d. Quotes "
	     "are those of the\nshell: 'as it is', \"with \\e\\(dq\", $'with \\en'; nothing is ever expanded. A key that is "
	     "unknown, or set twice, is an error\nwith its place. Files in manifest.d are read after the "
	     "manifest, in the order of their names.");
	puts(".PP\n.nf\n[system]\nhostname = gw\n\n[container web]\nimage   = web.sqfs\n"
	     "command = /usr/sbin/httpd \\-f \\-p 80\nmemory  = 32M\nrestart = on\\-failure\nafter   = mqtt\n.fi");
	puts(".SH \"[system]\"\nThe device itself.");
	for (unsigned int i = 0; i < system_n_fields; i++)
		man_field(&system_fields[i], NULL);
	puts(".SH \"[container NAME]\"\nOne container. The same keys are options of\n.BR \"myctr run\" .");
	for (unsigned int i = 0; defaults && i < spec_n_fields; i++)
		man_field(&spec_fields[i], defaults);
	if (IS_ENABLED(CONFIG_NETWORK))
		man_networks();
	man_machine();
	man_health();
	puts(".SH NAMES\nA container with a network gets /etc/hosts, /etc/hostname and /etc/resolv.conf of its own at "
	     "each start: written beneath its root, or bound over where that is read-only or the user's own "
	     "folder; a file that an image lacks there is left out, unless a key asks for what is in it. What is "
	     "mounted over them wins. A container without a network keeps what its image has; with network = host "
	     "it asks whom the device asks.\n.PP\nOn a bridge the supervisor answers, at the gateway's address, "
	     "for names and network-alias of running containers of the asker's networks, also as "
	     "NAME.NETWORK, and for their addresses; with isolate only for itself. Other questions go to the "
	     "container's dns, its network's, or the device's name servers, never out of an internal network. "
	     "dns = no in a network switches it off. A container that is started without a supervisor asks the "
	     "device's servers itself. With dhcp = yes its DHCP client writes resolv.conf.");
	puts(".SH SEE ALSO\n.BR myctr (8)");
	spec_free(defaults);
}

/* ---- bash completion ----------------------------------------------------------------------------- */

static void bash_options(const struct command *c)
{
	for (unsigned int i = 0; i < c->n_options; i++) {
		if (c->options[i].name)
			printf(" --%s", c->options[i].name);
	}
	for (unsigned int i = 0; c->spec_options && i < spec_n_fields; i++)
		printf(" --%s", spec_fields[i].name);
	for (unsigned int i = 0; c->spec_options && i < cmd_n_spec_aliases; i++) {
		if (*cmd_spec_aliases[i].name)
			printf(" --%s", cmd_spec_aliases[i].name);
	}
}

/* The length of a name's first word, 0 when it has only one. */
static size_t bash_first(const struct command *c)
{
	const char *blank = strchr(c->name, ' ');

	return blank ? (size_t)(blank - c->name) : 0;
}

/* A name with the same first word stood before this one: they are in order. */
static bool bash_is_again(const struct command *c, const struct command *last)
{
	size_t n = bash_first(c);

	return last && n && n == bash_first(last) && strncmp(c->name, last->name, n) == 0;
}

static void bash_verbs(void)
{
	const struct command *last = NULL;

	for (const struct command *c = man_next(NULL); c; last = c, c = man_next(c)) {
		if (!bash_is_again(c, last))
			printf(" %.*s", (int)(bash_first(c) ? bash_first(c) : strlen(c->name)),
			       c->name);
	}
}

/* For each verb of two words: what may be the second. */
static void bash_seconds(void)
{
	const struct command *last = NULL;
	bool open = false;

	for (const struct command *c = man_next(NULL); c; last = c, c = man_next(c)) {
		size_t n = bash_first(c);

		if (open && !bash_is_again(c, last))
			puts("\" ;;");
		if (n && !bash_is_again(c, last))
			printf("\t%.*s)\n\t\tverb=\"%.*s ${COMP_WORDS[2]}\"\n\t\twords=\"", (int)n,
			       c->name, (int)n, c->name);
		if (n)
			printf("%s%s", bash_is_again(c, last) ? " " : "", c->name + n + 1);
		open = n != 0;
	}
	if (open)
		puts("\" ;;");
}

static void bash_completion(void)
{
	puts("# SPDX-License-Identifier: MIT\n# bash completion for myctr; made by tools/manpage.\n_myctr()\n{");
	puts("\tlocal cur=${COMP_WORDS[COMP_CWORD]} words='' verb=${COMP_WORDS[1]}");
	puts("\tcase $verb in");
	bash_seconds();
	puts("\tesac");
	printf("\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords=\"--help --version");
	bash_verbs();
	puts("\"\n\telif [ \"$COMP_CWORD\" -ne 2 ] || [ -z \"$words\" ]; then\n\t\twords=''\n\t\tcase $verb in");
	for (const struct command *c = man_next(NULL); c; c = man_next(c)) {
		printf("\t\t\"%s\"%s%s) words=\"--help", c->name, c->alias ? " | " : "",
		       c->alias ? c->alias : "");
		bash_options(c);
		puts("\" ;;");
	}
	puts("\t\tesac\n\t\tcase $cur in\n\t\t-*) ;;\n"
	     "\t\t*) words=\"$(myctr ps -aq 2>/dev/null) $(compgen -f -- \"$cur\")\" ;;\n\t\tesac\n\tfi");
	puts("\t# shellcheck disable=SC2207\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}");
	puts("complete -F _myctr myctr");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} pages[] = { { "myctr.8", man_commands },
		      { "myctr-manifest.5", man_manifest },
		      { "myctr.bash", bash_completion } };

	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(pages); i++) {
		if (strcmp(pages[i].name, argv[1]) != 0)
			continue;
		pages[i].print();
		return fflush(stdout) == 0 ? 0 : 1;
	}
	fprintf(stderr, "usage: manpage myctr.8|myctr-manifest.5|myctr.bash\n");
	return 2;
}
