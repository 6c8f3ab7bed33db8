# SPDX-License-Identifier: MIT
SUMMARY = "Container runtime that is also PID 1"
DESCRIPTION = "One small binary that boots a device and runs its containers, or supervises them under another init."
SECTION = "base"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=7253c4823560920e9064b54764da3eb7"

# MYCTR_SITE = "https://..." or "file:///...": the folder of the release tarball, whose checksum is MYCTR_SHA256.
# When empty, what is built is the source tree that this layer is a part of.
MYCTR_SHA256 ?= ""
SRC_URI = "${@'${MYCTR_SITE}/myctr-${PV}.tar.gz' if d.getVar('MYCTR_SITE') else ''} \
           file://manifest \
           file://myctr.service \
           file://myctr.init \
           file://run-ptest \
           "
SRC_URI[sha256sum] = "${MYCTR_SHA256}"
EXTERNALSRC = "${@'' if d.getVar('MYCTR_SITE') else d.getVar('MYCTR_TREE')}"
EXTERNALSRC_BUILD = "${WORKDIR}/build"
EXTERNALSRC_SYMLINKS = ""
B = "${WORKDIR}/build"
# where files of this layer are: releases before 5.1 have no UNPACKDIR
MYCTR_FILES = "${@d.getVar('UNPACKDIR') or d.getVar('WORKDIR')}"

inherit cml1 externalsrc pkgconfig systemd update-rc.d ptest

DEPENDS += "kern-tools-native libseccomp-native jsmn"

# ---- what is built: MYCTR_DEFCONFIG, or a file `defconfig` in SRC_URI; then PACKAGECONFIG; then *.cfg in SRC_URI ----

MYCTR_DEFCONFIG ?= "full"

# libseccomp: seccomp profiles from files. static: one file that needs no libraries.
PACKAGECONFIG ??= "gzip libseccomp lz4"
PACKAGECONFIG:class-native = "gzip lz4 zstd"
PACKAGECONFIG[gzip] = ",,zlib"
PACKAGECONFIG[libseccomp] = ",,libseccomp"
PACKAGECONFIG[lz4] = ",,lz4"
PACKAGECONFIG[signatures] = ",,libsodium"
PACKAGECONFIG[static] = ""
PACKAGECONFIG[zstd] = ",,zstd"

MYCTR_SYMBOL[gzip] = "CONFIG_CODEC_GZIP"
MYCTR_SYMBOL[libseccomp] = "CONFIG_SECCOMP_LIBSECCOMP"
MYCTR_SYMBOL[lz4] = "CONFIG_CODEC_LZ4"
MYCTR_SYMBOL[signatures] = "CONFIG_SIGNATURES"
MYCTR_SYMBOL[zstd] = "CONFIG_CODEC_ZSTD"

# The lines of a fragment that say what PACKAGECONFIG does, each a word of the shell.
def myctr_symbols(d):
    chosen = (d.getVar('PACKAGECONFIG') or '').split()
    lines = []
    for name, symbol in sorted((d.getVarFlags('MYCTR_SYMBOL') or {}).items()):
        lines.append("'%s=y'" % symbol if name in chosen else "'# %s is not set'" % symbol)
    return ' '.join(lines)

# What the makefile calls the processor: the first word of the triplet is not always what libseccomp knows.
MYCTR_ARCH = "${HOST_ARCH}"
MYCTR_STATIC = "${@bb.utils.contains('PACKAGECONFIG', 'static', 'y', 'n', d)}"

EXTRA_OEMAKE = "-C ${S} O=${B} KCONFIG_CONFIG=${B}/.config LIBC=system ARCH=${MYCTR_ARCH} STATIC=${MYCTR_STATIC} \
	'CROSS_COMPILE=${TARGET_PREFIX}' 'CC=${CC}' 'CFLAGS=${CFLAGS}' 'LDFLAGS=${LDFLAGS}' 'PKG_CONFIG=pkg-config' \
	'HOSTCC=${BUILD_CC}' 'HOSTCFLAGS=${BUILD_CFLAGS}' 'HOSTLDFLAGS=${BUILD_LDFLAGS}' \
	'HOST_SECCOMP_CFLAGS=' 'HOST_SECCOMP_LIBS=${BUILD_LDFLAGS} -lseccomp' \
	PREFIX=${prefix} BINDIR=${bindir} MANDIR=${mandir}"
KCONFIG_CONFIG_ROOTDIR = "${B}"
# how much it is optimized says its own configuration (SMALL)
CFLAGS:remove = "-O2"

do_configure() {
	if [ -f ${MYCTR_FILES}/defconfig ]; then
		cp ${MYCTR_FILES}/defconfig ${B}/.config
	else
		oe_runmake ${MYCTR_DEFCONFIG}_defconfig
	fi
	printf '%s\n' ${@myctr_symbols(d)} >${B}/packageconfig.cfg
	merge_config.sh -m -O ${B} ${B}/.config ${B}/packageconfig.cfg ${@' '.join(find_cfgs(d))}
	cml1_do_configure
}

# The one with its symbol table: packaging strips it.
do_compile() {
	oe_runmake ${B}/myctr.elf man
}

do_compile:class-native() {
	oe_runmake ${B}/myctr.elf convert
}

do_install() {
	install -D -m 0755 ${B}/myctr.elf ${D}${bindir}/myctr
	install -D -m 0644 ${MYCTR_FILES}/manifest ${D}${sysconfdir}/myctr/manifest
	install -D -m 0644 ${MYCTR_FILES}/myctr.service ${D}${systemd_system_unitdir}/myctr.service
	install -D -m 0755 ${MYCTR_FILES}/myctr.init ${D}${sysconfdir}/init.d/myctr
	install -d ${D}${localstatedir}/lib/myctr/images
	sed -i 's|/usr/bin/|${bindir}/|g' ${D}${systemd_system_unitdir}/myctr.service ${D}${sysconfdir}/init.d/myctr
	install -d ${D}${base_sbindir}
	ln -sr ${D}${bindir}/myctr ${D}${base_sbindir}/init
}

# For myctr-container.bbclass: the converter of images, and the checker of manifests.
do_install:class-native() {
	install -D -m 0755 ${B}/myctr.elf ${D}${bindir}/myctr
	install -D -m 0755 ${B}/tools/convert ${D}${bindir}/myctr-convert
}

do_install_ptest() {
	install -D -m 0644 ${B}/.config ${D}${PTEST_PATH}/config
	install -D -m 0644 ${S}/board/full/manifest ${D}${PTEST_PATH}/manifest
}

# myctr-init is /sbin/init (INIT_MANAGER = "myctr"); myctr-daemon starts `myctr daemon` under another one.
PACKAGES =+ "${PN}-init ${PN}-daemon"
SUMMARY:${PN}-init = "${SUMMARY}: as PID 1"
SUMMARY:${PN}-daemon = "${SUMMARY}: units for other inits"
FILES:${PN}-init = "${base_sbindir}/init"
FILES:${PN}-daemon = "${systemd_system_unitdir}/myctr.service ${sysconfdir}/init.d/myctr"
RDEPENDS:${PN}-init:class-target = "${PN}"
RDEPENDS:${PN}-daemon:class-target = "${PN}"
RCONFLICTS:${PN}-init = "${PN}-daemon"
RDEPENDS:${PN}-ptest:append:class-target = " busybox"
CONFFILES:${PN} = "${sysconfdir}/myctr/manifest"
# what the kernel must have: kernel.cfg of this layer for linux-yocto; when these are modules, they are wanted
RRECOMMENDS:${PN}:class-target = "kernel-module-loop kernel-module-overlay kernel-module-squashfs kernel-module-veth \
	kernel-module-bridge kernel-module-nf-tables kernel-module-nf-nat kernel-module-nft-nat kernel-module-nft-masq \
	kernel-module-nft-ct kernel-module-nft-fib-inet"

SYSTEMD_PACKAGES = "${PN}-daemon"
SYSTEMD_SERVICE:${PN}-daemon = "myctr.service"
INITSCRIPT_PACKAGES = "${PN}-daemon"
INITSCRIPT_NAME:${PN}-daemon = "myctr"
INITSCRIPT_PARAMS:${PN}-daemon = "defaults 90 10"

BBCLASSEXTEND = "native"
