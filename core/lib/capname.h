/* SPDX-License-Identifier: MIT */
/* Names of capabilities, as libcap and capabilities(7) have them. */
#ifndef CORE_LIB_CAPNAME_H
#define CORE_LIB_CAPNAME_H

#include <stddef.h>

#define CAPNAME_SIZE 32 /* of capname_text()'s buffer */

/* Number of NET_ADMIN, cap_net_admin (any case) or a number within 0..63; -EINVAL for anything else. */
int capname_number(const char *word);

/* "net_admin", or the number of one newer than this program. Returns buf. */
const char *capname_text(unsigned int cap, char buf[CAPNAME_SIZE]);

#endif
