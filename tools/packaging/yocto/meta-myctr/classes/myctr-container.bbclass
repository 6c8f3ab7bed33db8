# SPDX-License-Identifier: MIT
#
# A recipe that inherits this becomes a package with one container: its image as squashfs in MYCTR_IMAGES, and its
# section of the manifest, which the package's postinst appends to /etc/myctr/manifest.
#
#   MYCTR_ROOTFS = "my-rootfs"          an image recipe with IMAGE_FSTYPES = "squashfs-lz4" (or another squashfs), or
#   MYCTR_OCI = "web.tar"               in SRC_URI, with ;unpack=0: a Docker archive or OCI layout, as skopeo, podman and docker write
#   MYCTR_OCI_NAME = "web:1.2"          which image, when there are several in it
#   MYCTR_NAME = "web"                  the container's name; default: the recipe's
#   MYCTR_KEYS = "memory = 32M\n"       the keys of its section but `image`, lines end in \n
#
# A key that is wrong is an error of do_install, with the line: the section goes through `myctr manifest check`.

LICENSE ?= "CLOSED"
SECTION ?= "containers"
MYCTR_NAME ?= "${PN}"
MYCTR_KEYS ?= ""
MYCTR_ROOTFS ?= ""
MYCTR_ROOTFS_TYPE ?= "squashfs-lz4"
MYCTR_OCI ?= ""
MYCTR_OCI_NAME ?= ""
MYCTR_IMAGES ?= "${datadir}/myctr/images"
MYCTR_SECTIONS ?= "${datadir}/myctr/manifest.d"
# where do_unpack puts what is in SRC_URI: releases before 5.1 have no UNPACKDIR
MYCTR_UNPACKED = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

INHIBIT_DEFAULT_DEPS = "1"
DEPENDS += "myctr-native ${@'squashfs-tools-native' if d.getVar('MYCTR_OCI') else ''}"
PACKAGE_ARCH = "${MACHINE_ARCH}"
EXCLUDE_FROM_WORLD = "1"
S = "${MYCTR_UNPACKED}"

do_configure[noexec] = "1"
do_compile[noexec] = "1"
do_install[depends] += "${@'${MYCTR_ROOTFS}:do_image_complete' if d.getVar('MYCTR_ROOTFS') else ''}"

# The processor of an OCI image in Go's words.
def myctr_platform(d):
    arch = d.getVar('TARGET_ARCH')
    if arch == 'arm':
        return 'linux/arm/v7' if 'armv7' in (d.getVar('TUNE_FEATURES') or '') else 'linux/arm/v6'
    return 'linux/' + {'x86_64': 'amd64', 'aarch64': 'arm64', 'i586': '386', 'i686': '386', 'mipsel': 'mipsle',
                       'mips64el': 'mips64le', 'powerpc64le': 'ppc64le'}.get(arch, arch)

python () {
    if bool(d.getVar('MYCTR_ROOTFS')) == bool(d.getVar('MYCTR_OCI')):
        raise bb.parse.SkipRecipe('set one of MYCTR_ROOTFS and MYCTR_OCI')
}

myctr_image() {
	if [ -n "${MYCTR_ROOTFS}" ]; then
		install -m 0644 "${DEPLOY_DIR_IMAGE}/${MYCTR_ROOTFS}-${MACHINE}${IMAGE_NAME_SUFFIX}.${MYCTR_ROOTFS_TYPE}" "$1"
	else
		myctr-convert -f squashfs -p "${@myctr_platform(d)}" ${@'-n "${MYCTR_OCI_NAME}"' if d.getVar('MYCTR_OCI_NAME') else ''} \
			-t "${WORKDIR}" "${MYCTR_UNPACKED}/${MYCTR_OCI}" "$1"
	fi
}

myctr_section() {
	printf '\n[container %s]\nimage   = %s\n' "${MYCTR_NAME}" "${MYCTR_IMAGES}/${MYCTR_NAME}.sqfs"
	printf '${MYCTR_KEYS}' | sed 's/^[[:space:]]*//'
}

do_install() {
	install -d ${D}${MYCTR_IMAGES} ${D}${MYCTR_SECTIONS}
	myctr_image ${D}${MYCTR_IMAGES}/${MYCTR_NAME}.sqfs
	myctr_section >${D}${MYCTR_SECTIONS}/${MYCTR_NAME}
	myctr manifest check ${D}${MYCTR_SECTIONS}/${MYCTR_NAME}
}

FILES:${PN} = "${MYCTR_IMAGES} ${MYCTR_SECTIONS}"
RDEPENDS:${PN} += "myctr"
# an image has programs of its own, and for any processor
INSANE_SKIP:${PN} += "arch file-rdeps"

pkg_postinst:${PN}() {
	manifest="$D${sysconfdir}/myctr/manifest"
	grep -qs '^\[container ${MYCTR_NAME}\]' "$manifest" || cat "$D${MYCTR_SECTIONS}/${MYCTR_NAME}" >>"$manifest"
}
