# SPDX-License-Identifier: MIT
SUMMARY = "A device whose init is myctr"
DESCRIPTION = "A read-only squashfs root of BusyBox and myctr, with the containers that MYCTR_CONTAINERS names."
LICENSE = "MIT"

# Recipes that inherit myctr-container.
MYCTR_CONTAINERS ?= "myctr-hello"

inherit core-image

IMAGE_INSTALL = "packagegroup-core-boot myctr myctr-init ${MYCTR_CONTAINERS}"
IMAGE_FEATURES = "read-only-rootfs"
IMAGE_LINGUAS = ""
IMAGE_FSTYPES ?= "squashfs-lz4"
BAD_RECOMMENDATIONS += "busybox-syslog udev-hwdb"

python () {
    if d.getVar('VIRTUAL-RUNTIME_init_manager') != 'myctr-init':
        raise bb.parse.SkipRecipe('set INIT_MANAGER = "myctr"')
}
