################################################################################
#
# libseccomp
#
################################################################################

# SPDX-License-Identifier: MIT

# Buildroot has it for the target only. On the build machine it gives myctr's
# build the numbers of system calls, from which it makes the default profile.
HOST_LIBSECCOMP_DEPENDENCIES = host-gperf

ifeq ($(HOST_LIBSECCOMP_PKGDIR),)
$(eval $(host-autotools-package))

# the checksums are Buildroot's, as the version is
HOST_LIBSECCOMP_PKGDIR = $(LIBSECCOMP_PKGDIR)
endif
