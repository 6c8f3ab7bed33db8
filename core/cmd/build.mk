# SPDX-License-Identifier: MIT
# Objects of core/cmd/; see the Makefile.
