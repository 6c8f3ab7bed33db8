/* SPDX-License-Identifier: MIT */
/*
 * The program vm puts in front of the guest's init.
 */
#ifndef TOOLS_VM_GUEST_H
#define TOOLS_VM_GUEST_H

/* Serves requests from the host until the machine ends; returns an exit status only on failure. */
int agent_run(void);

#endif
