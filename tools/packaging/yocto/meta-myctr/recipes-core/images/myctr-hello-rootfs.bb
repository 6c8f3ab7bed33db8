# SPDX-License-Identifier: MIT
SUMMARY = "The root of an example container: BusyBox"
LICENSE = "MIT"

inherit image

IMAGE_INSTALL = "busybox"
IMAGE_FEATURES = ""
IMAGE_LINGUAS = ""
IMAGE_FSTYPES = "squashfs-lz4"
NO_RECOMMENDATIONS = "1"
FORCE_RO_REMOVE = "1"
# no kernel, no init, no users of its own
IMAGE_CONTAINER_NO_DUMMY = "1"
PACKAGE_EXCLUDE = "kernel-image-*"
