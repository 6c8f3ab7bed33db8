/* SPDX-License-Identifier: MIT */
/*
 * What the host and the guest agent say to each other over one virtio-serial port: frames of a
 * 16-byte little-endian header (magic, session, type, length) and at most VM_FRAME_MAX bytes.
 *
 * The host opens a session with VM_RUN, sends input as VM_STDIN ended by VM_STDIN_END, and gets
 * VM_STDOUT and VM_STDERR until VM_EXIT. One session at a time; a new VM_RUN ends an older one. Frames
 * of another session are left-overs and are skipped.
 */
#ifndef TOOLS_VM_PROTO_H
#define TOOLS_VM_PROTO_H

#include <stdint.h>

#define VM_PORT_NAME "myctr.vm"
#define VM_MAGIC 0x314d564dU /* "MVM1" */
#define VM_HEADER 16
#define VM_FRAME_MAX 32768
#define VM_ARGS_MAX 256

enum vm_type {
	VM_RUN = 1,   /* payload: one byte of enum vm_op, then NUL-terminated strings */
	VM_STDIN,     /* payload: bytes */
	VM_STDIN_END, /* no payload */
	VM_PING,      /* no payload; answered by VM_PONG */
	VM_STDOUT,    /* payload: bytes */
	VM_STDERR,    /* payload: bytes */
	VM_EXIT,      /* payload: le32 exit status, 128+n for a signal; no output follows */
	VM_PONG,      /* no payload */
};

enum vm_op {
	VM_OP_EXEC = 'x',  /* argv, run in the root of PID 1 */
	VM_OP_AGENT = 'a', /* argv, run in the agent's own root (the initramfs) */
	VM_OP_PUSH = 'w',  /* path, octal mode: stdin becomes the file */
	VM_OP_PULL = 'r',  /* path: the file becomes stdout */
};

struct vm_frame {
	uint32_t session, type, len;
	uint8_t data[VM_FRAME_MAX];
};

/*
 * Writes one frame. 0 or -errno.
 */
int vm_frame_send(int fd, uint32_t session, enum vm_type type, const void *data, uint32_t len);

/*
 * Reads one frame, skipping bytes until a header that makes sense. 1 for a frame, 0 at end of file
 * before a whole one, -errno.
 */
int vm_frame_recv(int fd, struct vm_frame *f);

#endif
