// SPDX-License-Identifier: MIT
/*
 * The host program behind the configuration goals of the Makefile, called the way kconfig-conf is:
 *   conf --olddefconfig Kconfig        (also --oldconfig --alldefconfig --allnoconfig --allyesconfig
 *                                       --randconfig --listnewconfig)
 *   conf --defconfig=FILE Kconfig      conf --savedefconfig=FILE Kconfig
 * Reads and writes $KCONFIG_CONFIG (.config). KCONFIG_SEED makes randconfig repeatable. It must never
 * write anything when the input has a mistake.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kconfig.h"

static const struct where from_option = { .file = "(chosen)" };

static const char *config_path(void)
{
	const char *path = getenv("KCONFIG_CONFIG");

	return path && *path ? path : ".config";
}

static void read_config(void)
{
	if (access(config_path(), F_OK) == 0)
		conf_read(config_path());
	conf_check_ranges();
}

static void write_config(void)
{
	conf_check_ranges();
	conf_write(config_path());
}

static void run_olddefconfig(const char *file)
{
	(void)file;
	read_config();
	write_config();
}

static void run_defconfig(const char *file)
{
	conf_read(file);
	conf_check_ranges();
	conf_warn_lost();
	write_config();
}

static void run_alldefconfig(const char *file)
{
	(void)file;
	write_config();
}

static void run_savedefconfig(const char *file)
{
	conf_read(config_path());
	conf_check_ranges();
	conf_write_minimal(file);
}

static void set_all_bools(const char *value)
{
	struct symbol *symbol;

	for (symbol = symbols; symbol; symbol = symbol->next)
		if (!symbol->constant && symbol->type == TYPE_BOOL && symbol->name &&
		    !symbol->choice)
			conf_set(symbol, value, &from_option);
	calc_clear();
}

static void run_allnoconfig(const char *file)
{
	(void)file;
	set_all_bools("n");
	write_config();
}

static void run_allyesconfig(const char *file)
{
	(void)file;
	set_all_bools("y");
	write_config();
}

static void randomize_choice(struct symbol *choice)
{
	struct symbol *candidates[256];
	size_t i, n = 0;

	for (i = 0; i < choice->member_count && n < 256; i++) {
		calc_value(choice->members[i]);
		if (choice->members[i]->visible)
			candidates[n++] = choice->members[i];
	}
	if (n)
		conf_set(candidates[(size_t)rand() % n], "y", &from_option);
}

/* Numbers with a range take any value of it half of the time; other numbers keep their default. */
static void randomize_number(struct symbol *symbol)
{
	long long min, max;
	char text[32];

	if (!calc_range(symbol, &min, &max) || min > max || rand() % 2)
		return;
	snprintf(text, sizeof(text), symbol->type == TYPE_HEX ? "0x%llx" : "%lld",
		 min + (long long)((unsigned long long)rand() %
				   ((unsigned long long)max - (unsigned long long)min + 1)));
	conf_set(symbol, text, &from_option);
}

static void run_randconfig(const char *file)
{
	const char *given = getenv("KCONFIG_SEED");
	unsigned int seed = (unsigned int)time(NULL) ^ ((unsigned int)getpid() << 16);
	struct symbol *symbol;

	(void)file;
	if (given && *given)
		seed = (unsigned int)strtoul(given, NULL, 0);
	printf("KCONFIG_SEED=0x%X\n", seed);
	srand(seed);
	for (symbol = symbols; symbol; symbol = symbol->next)
		if (!symbol->constant && symbol->type == TYPE_BOOL && symbol->name)
			conf_set(symbol, !symbol->choice && rand() % 2 ? "y" : "n", &from_option);
	for (symbol = symbols; symbol; symbol = symbol->next) {
		calc_clear();
		if (symbol->members)
			randomize_choice(symbol);
		else if (symbol->type == TYPE_INT || symbol->type == TYPE_HEX)
			randomize_number(symbol);
	}
	calc_clear();
	/* a range may have moved with the values after it: let the default step in */
	for (symbol = symbols; symbol; symbol = symbol->next)
		if (symbol->type == TYPE_INT || symbol->type == TYPE_HEX) {
			long long min, max, value;

			if (symbol->user_value && calc_range(symbol, &min, &max) &&
			    calc_number(symbol->type, symbol->user_value, &value) &&
			    (value < min || value > max))
				symbol->user_value = NULL;
		}
	write_config();
}

/* A symbol or choice whose prompt is shown and that the user has not decided. */
static bool is_new(const struct node *node)
{
	struct symbol *symbol = node->symbol;

	if (!symbol || symbol->node != node || !calc_changeable(symbol))
		return false;
	if (symbol->members)
		return symbol->pick && (!symbol->user_pick || !symbol->user_pick->visible);
	return !symbol->choice && !symbol->user_value;
}

static void run_listnewconfig(const char *file)
{
	struct node *node;

	(void)file;
	read_config();
	for (node = root.child; node; node = node_next(node)) {
		if (!is_new(node))
			continue;
		if (node->symbol->members)
			calc_value(node->symbol->pick);
		conf_print_symbol(stdout,
				  node->symbol->members ? node->symbol->pick : node->symbol);
	}
}

static const char *prompt_text(const struct symbol *symbol)
{
	const struct prop *prop;

	for (prop = symbol->props; prop; prop = prop->next)
		if (prop->kind == PROP_PROMPT)
			return prop->text;
	return symbol->name;
}

/* One answer without its newline; false at the end of the input. */
static bool read_answer(char *answer, size_t size)
{
	fflush(stdout);
	if (!fgets(answer, (int)size, stdin)) {
		putchar('\n');
		return false;
	}
	answer[strcspn(answer, "\r\n")] = '\0';
	return true;
}

static void show_help(const struct node *node)
{
	printf("\n%s\n", node->help ? node->help : "There is no help for this option.\n");
}

/* Take the answer; false when it must be asked again. */
static bool accept_answer(struct node *node, const char *answer)
{
	struct symbol *symbol = node->symbol;
	long long min, max, value;

	if (strcmp(answer, "?") == 0 && symbol->type != TYPE_STRING) {
		show_help(node);
		return false;
	}
	if (!*answer)
		answer = symbol->value;
	if (!conf_valid(symbol, answer) && answer != symbol->value)
		return false;
	if (calc_range(symbol, &min, &max) && calc_number(symbol->type, answer, &value) &&
	    (value < min || value > max)) {
		printf("allowed are %lld to %lld\n", min, max);
		return false;
	}
	conf_set(symbol, answer, &from_option);
	return true;
}

static void ask_symbol(struct node *node)
{
	struct symbol *symbol = node->symbol;
	char answer[1024];

	do {
		if (symbol->type == TYPE_BOOL)
			printf("%s (%s) [%s] (NEW) ", prompt_text(symbol), symbol->name,
			       *symbol->value == 'y' ? "Y/n/?" : "N/y/?");
		else
			printf("%s (%s) [%s] (NEW) ", prompt_text(symbol), symbol->name,
			       symbol->value);
		if (!read_answer(answer, sizeof(answer)))
			answer[0] = '\0';
	} while (!accept_answer(node, answer));
}

static void ask_choice(struct node *node)
{
	struct symbol *choice = node->symbol, *member;
	char answer[64];
	size_t i, number;

	for (;;) {
		printf("%s\n", prompt_text(choice));
		for (i = 0; i < choice->member_count; i++) {
			member = choice->members[i];
			calc_value(member);
			if (member->visible)
				printf("%c %zu. %s (%s)\n", member == choice->pick ? '>' : ' ',
				       i + 1, prompt_text(member), member->name);
		}
		printf("choice[1-%zu?]: (NEW) ", choice->member_count);
		if (!read_answer(answer, sizeof(answer)) || !*answer) {
			conf_set(choice->pick, "y", &from_option);
			return;
		}
		if (strcmp(answer, "?") == 0)
			show_help(node);
		number = strtoul(answer, NULL, 10);
		if (number && number <= choice->member_count &&
		    choice->members[number - 1]->visible) {
			conf_set(choice->members[number - 1], "y", &from_option);
			return;
		}
	}
}

/* Answers change what is visible, so walk until a whole walk asks nothing. */
static void run_oldconfig(const char *file)
{
	struct node *node;
	bool asked = true;

	(void)file;
	read_config();
	while (asked) {
		asked = false;
		for (node = root.child; node; node = node_next(node)) {
			calc_clear();
			if (!is_new(node))
				continue;
			if (node->symbol->members)
				ask_choice(node);
			else
				ask_symbol(node);
			asked = true;
		}
	}
	calc_clear();
	write_config();
}

static const struct mode {
	const char *option;
	bool takes_file;
	void (*run)(const char *file);
} modes[] = {
	{ "--oldconfig", false, run_oldconfig },
	{ "--oldaskconfig", false, run_oldconfig },
	{ "--olddefconfig", false, run_olddefconfig },
	{ "--defconfig", true, run_defconfig },
	{ "--savedefconfig", true, run_savedefconfig },
	{ "--alldefconfig", false, run_alldefconfig },
	{ "--allnoconfig", false, run_allnoconfig },
	{ "--allyesconfig", false, run_allyesconfig },
	{ "--listnewconfig", false, run_listnewconfig },
	{ "--randconfig", false, run_randconfig },
};

static const struct mode *find_mode(const char *argument, const char **file)
{
	size_t i, length = strcspn(argument, "=");

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strncmp(argument, modes[i].option, length) != 0 || modes[i].option[length])
			continue;
		if (argument[length] && !modes[i].takes_file)
			break;
		*file = argument[length] ? argument + length + 1 : NULL;
		return &modes[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct mode *mode = NULL;
	const char *file = NULL;
	int i = 1;

	if (argc > i)
		mode = find_mode(argv[i++], &file);
	if (mode && mode->takes_file && !file && argc > i)
		file = argv[i++];
	if (!mode || i + 1 != argc || (mode->takes_file && !file)) {
		fputs("usage: conf --MODE[=FILE] KCONFIG; see the Makefile's help\n", stderr);
		return 2;
	}
	parse_file(argv[i]);
	mode->run(file);
	if (fflush(stdout) || ferror(stdout))
		die(NULL, "output could not be written");
	return 0;
}
