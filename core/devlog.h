/* SPDX-License-Identifier: MIT */
/*
 * What programs send to /dev/log: one datagram of "<PRIORITY>Mmm dd hh:mm:ss TAG: text", as syslog(3) of the C
 * libraries writes it. It comes from inside a container, so any bytes are accepted. Source: RFC 3164, musl and
 * glibc.
 */
#ifndef CORE_DEVLOG_H
#define CORE_DEVLOG_H

#include <stddef.h>

#define DEVLOG_SOCKET "/dev/log"
#define DEVLOG_MAX 2048			  /* bytes of a message; the rest of a longer one is lost */
#define DEVLOG_LINE (4 * DEVLOG_MAX + 16) /* bytes its line may need */

/*
 * Writes the message as one printable line with its newline: without priority and time, which the log has, but
 * with the severity in front from warning on. Returns the bytes written, at most DEVLOG_LINE; 0 for an
 * empty message.
 */
size_t devlog_line(const char *text, size_t len, char line[DEVLOG_LINE]);

#endif
