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

/* In the order of the texts below, which are the words of the C library. */
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
	"Operation not permitted\0No such file or directory\0No such process\0Interrupted system call\0"
	"I/O error\0No such device or address\0Argument list too long\0Exec format error\0"
	"Bad file descriptor\0No child process\0Resource temporarily unavailable\0Out of memory\0"
	"Permission denied\0Bad address\0Block device required\0Resource busy\0File exists\0"
	"Cross-device link\0No such device\0Not a directory\0Is a directory\0Invalid argument\0"
	"Too many open files in system\0No file descriptors available\0Not a tty\0Text file busy\0"
	"File too large\0No space left on device\0Invalid seek\0Read-only file system\0Too many links\0"
	"Broken pipe\0Result not representable\0Filename too long\0Function not implemented\0"
	"Directory not empty\0Symbolic link loop\0Protocol error\0Bad message\0"
	"Value too large for data type\0Too many users\0Not a socket\0Message too large\0"
	"Not supported\0Address family not supported by protocol\0Address in use\0"
	"Address not available\0Network is down\0Network unreachable\0Connection reset by peer\0"
	"No buffer space available\0Operation timed out\0Connection refused\0Host is unreachable\0"
	"Stale file handle\0Quota exceeded\0Operation canceled\0";

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
