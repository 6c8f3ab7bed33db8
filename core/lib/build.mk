# SPDX-License-Identifier: MIT
# Objects of core/lib/; see the Makefile.
