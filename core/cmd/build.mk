# SPDX-License-Identifier: MIT
# Objects of core/cmd/; see the Makefile.
obj-$(CONFIG_HELP) += core/cmd/help.o core/cmd/version.o
obj-$(CONFIG_CMD_PS) += core/cmd/ps.o
obj-$(CONFIG_CMD_FEATURES) += core/cmd/features.o
