/* SPDX-License-Identifier: MIT */
/*
 * A supervisor on demand: for hosts where nobody has started one.
 */
#ifndef CORE_DEMAND_H
#define CORE_DEMAND_H

#include "core/ctl.h"

/*
 * As ctl_ask(), but where no supervisor answers, `myctr daemon --on-demand` is started first. It
 * ends by itself when its last container has.
 */
int demand_ask(const struct ctl_request *r, struct err *e);

#endif
