# SPDX-License-Identifier: MIT
# Objects of init/; see the Makefile.
