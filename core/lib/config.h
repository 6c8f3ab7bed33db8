/* SPDX-License-Identifier: MIT */
/*
 * IS_ENABLED(): a Kconfig symbol as a C expression. The symbols themselves come from autoconf.h, which
 * the build includes before every file.
 */
#ifndef CORE_LIB_CONFIG_H
#define CORE_LIB_CONFIG_H

/* 1 when the bool symbol CONFIG_X is y, 0 when it is n or unknown; a constant, so dead code goes away. */
#define IS_ENABLED(symbol) CONFIG_H_PROBE_(symbol)

#define CONFIG_H_MARK_1 0,
#define CONFIG_H_SECOND_(ignored, value, ...) value
#define CONFIG_H_PROBE_(value) CONFIG_H_PICK_(CONFIG_H_MARK_##value)
#define CONFIG_H_PICK_(...) CONFIG_H_SECOND_(__VA_ARGS__ 1, 0, 0)

#endif
