// SPDX-License-Identifier: MIT
/*
 * RFC 3339 moments. Runs for each line that a log stores or shows; must stay cheap and allocate nothing.
 * The calendar is counted in years that begin in March, so that the leap day is the last of its year.
 */
#include "core/lib/stamp.h"

#include <time.h>

#include "core/lib/util.h"

#define STAMP_DAY_MS 86400000ULL
#define STAMP_LAST 253402300799999ULL /* 9999-12-31T23:59:59.999Z */
#define STAMP_EPOCH 719468	      /* days from 0000-03-01 to 1970-01-01 */

uint64_t stamp_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void stamp_digits(char *at, unsigned int width, unsigned int value)
{
	while (width--) {
		at[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* Days since 0000-03-01 before the year y that begins in March. */
static unsigned int stamp_days_to_year(unsigned int y)
{
	return y * 365 + y / 4 - y / 100 + y / 400;
}

const char *stamp_format(uint64_t ms, char buf[STAMP_LEN + 1])
{
	static const char form[STAMP_LEN + 1] = "0000-00-00T00:00:00.000Z";
	unsigned int days, y, month, of_day;

	ms = min_u64(ms, STAMP_LAST);
	days = (unsigned int)(ms / STAMP_DAY_MS) + STAMP_EPOCH;
	of_day = (unsigned int)(ms % STAMP_DAY_MS);
	y = (unsigned int)((uint64_t)days * 400 / 146097);
	while (stamp_days_to_year(y + 1) <= days)
		y++;
	while (stamp_days_to_year(y) > days)
		y--;
	days -= stamp_days_to_year(y);
	month = (5 * days + 2) / 153; /* 0 is March; five months have 153 days */
	days -= (153 * month + 2) / 5;

	for (unsigned int i = 0; i <= STAMP_LEN; i++)
		buf[i] = form[i];
	stamp_digits(buf, 4, y + (month >= 10));
	stamp_digits(buf + 5, 2, (month + 2) % 12 + 1);
	stamp_digits(buf + 8, 2, days + 1);
	stamp_digits(buf + 11, 2, of_day / 3600000);
	stamp_digits(buf + 14, 2, of_day / 60000 % 60);
	stamp_digits(buf + 17, 2, of_day / 1000 % 60);
	stamp_digits(buf + 20, 3, of_day % 1000);
	return buf;
}

static unsigned int stamp_number(const char *at, unsigned int width)
{
	unsigned int v = 0;

	while (width--)
		v = v * 10 + (unsigned int)(*at++ - '0');
	return v;
}

static bool stamp_has_form(const char *text)
{
	static const char form[STAMP_LEN + 1] = "dddd-dd-ddTdd:dd:dd.dddZ";

	for (unsigned int i = 0; i < STAMP_LEN; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return true;
}

bool stamp_parse(const char *text, uint64_t *ms)
{
	unsigned int y, month, day, hour, minute, second;

	if (!stamp_has_form(text))
		return false;
	y = stamp_number(text, 4);
	month = stamp_number(text + 5, 2);
	day = stamp_number(text + 8, 2);
	hour = stamp_number(text + 11, 2);
	minute = stamp_number(text + 14, 2);
	second = stamp_number(text + 17, 2);
	if (y < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
	    minute > 59 || second > 59)
		return false;
	y -= month < 3;
	day += stamp_days_to_year(y) + (153 * ((month + 9) % 12) + 2) / 5 - 1 - STAMP_EPOCH;
	*ms = day * STAMP_DAY_MS + hour * 3600000ULL + minute * 60000ULL + second * 1000ULL +
	      stamp_number(text + 20, 3);
	return true;
}
