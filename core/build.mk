# SPDX-License-Identifier: MIT
# Objects of core/; see the Makefile.
obj-y += core/main.o
