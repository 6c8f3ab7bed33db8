// SPDX-License-Identifier: MIT
/*
 * strerror(3) for what the kernel answers to this program, instead of the C library's text for everything a
 * kernel could ever answer. Linked into static programs only, where size comes before all else.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* In the order of the texts below. */
static const uint8_t small_codes[] = {
	EPERM,	    ENOENT,  ESRCH,	   EINTR,	 EIO,		ENXIO,	      E2BIG,
	ENOEXEC,    EBADF,   ECHILD,	   EAGAIN,	 ENOMEM,	EACCES,	      EFAULT,
	ENOTBLK,    EBUSY,   EEXIST,	   EXDEV,	 ENODEV,	ENOTDIR,      EISDIR,
	EINVAL,	    ENFILE,  EMFILE,	   ENOTTY,	 ETXTBSY,	EFBIG,	      ENOSPC,
	ESPIPE,	    EROFS,   EMLINK,	   EPIPE,	 ERANGE,	ENAMETOOLONG, ENOSYS,
	ENOTEMPTY,  ELOOP,   EPROTO,	   EBADMSG,	 EOVERFLOW,	EUSERS,	      ENOTSOCK,
	EMSGSIZE,   ENOTSUP, EAFNOSUPPORT, EADDRINUSE,	 EADDRNOTAVAIL, ENETDOWN,     ENETUNREACH,
	ECONNRESET, ENOBUFS, ETIMEDOUT,	   ECONNREFUSED, EHOSTUNREACH,	ESTALE,	      EDQUOT,
	ECANCELED,
};

static const char small_texts[] =
	"Operation not permitted\0No such file or directory\0No such process\0Interrupted\0I/O error\0"
	"No such device or address\0Argument list too long\0Not a program\0Bad descriptor\0"
	"No child process\0Try again\0Out of memory\0Permission denied\0Bad address\0"
	"Not a block device\0Busy\0It exists\0Link to another file system\0No such device\0"
	"Not a folder\0Is a folder\0Invalid argument\0Too many open files in the system\0"
	"Too many open files\0Not a terminal\0The program is running\0File too large\0No space left\0"
	"Cannot seek\0Read-only file system\0Too many links\0Broken pipe\0Out of range\0Name too long\0"
	"Not in this kernel\0Folder not empty\0Too many links to follow\0Protocol error\0Bad message\0"
	"Value too large\0Too many users\0Not a socket\0Message too long\0Not supported\0"
	"Address family not supported\0Address in use\0Address not available\0Network is down\0"
	"Network unreachable\0Connection reset\0No buffer space\0Timed out\0Connection refused\0"
	"Host unreachable\0Stale handle\0Quota exceeded\0Cancelled\0";

char *strerror(int code)
{
	static char number[24];
	const char *text = small_texts;

	for (size_t i = 0; i < sizeof(small_codes); i++, text += strlen(text) + 1)
		if (small_codes[i] == code)
			return (char *)text;
	snprintf(number, sizeof(number), "Error %d", code);
	return number;
}
