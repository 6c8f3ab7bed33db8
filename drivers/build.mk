# SPDX-License-Identifier: MIT
# Objects of drivers/; see the Makefile.
