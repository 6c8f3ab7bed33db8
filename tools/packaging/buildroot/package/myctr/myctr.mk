################################################################################
#
# myctr
#
################################################################################

# SPDX-License-Identifier: MIT

MYCTR_VERSION = 0.1.0
MYCTR_LICENSE = MIT
MYCTR_LICENSE_FILES = LICENSE

MYCTR_SITE = $(call qstrip,$(BR2_PACKAGE_MYCTR_SITE))
ifeq ($(MYCTR_SITE),)
MYCTR_SITE = $(realpath $(BR2_EXTERNAL_MYCTR_PATH)/../../..)
MYCTR_SITE_METHOD = local
MYCTR_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = \
	--exclude=/build --exclude=/.config --exclude=/.config.old
endif

MYCTR_DEPENDENCIES = host-libseccomp host-pkgconf jsmn lz4

ifeq ($(BR2_PACKAGE_MYCTR_USE_DEFCONFIG),y)
MYCTR_KCONFIG_DEFCONFIG = $(call qstrip,$(BR2_PACKAGE_MYCTR_DEFCONFIG))_defconfig
else
MYCTR_KCONFIG_FILE = $(call qstrip,$(BR2_PACKAGE_MYCTR_CUSTOM_CONFIG_FILE))
endif
MYCTR_KCONFIG_FRAGMENT_FILES = $(call qstrip,$(BR2_PACKAGE_MYCTR_CONFIG_FRAGMENT_FILES))

# O: Buildroot has one, too. MCONF: Buildroot's menu program, which would
# write Buildroot's configuration if it were not told otherwise.
MYCTR_KCONFIG_OPTS = \
	O=$(MYCTR_DIR)/build \
	KCONFIG_CONFIG=$(MYCTR_DIR)/.config \
	DEFCONFIG_OUT=$(MYCTR_DIR)/defconfig \
	MCONF="env BR2_CONFIG=$(MYCTR_DIR)/.config $(BUILD_DIR)/buildroot-config/mconf"

# How much it is optimized says myctr's own configuration (SMALL).
MYCTR_MAKE_OPTS = \
	$(MYCTR_KCONFIG_OPTS) \
	LIBC=system \
	ARCH=$(ARCH) \
	CC="$(TARGET_CC)" \
	CROSS_COMPILE="$(TARGET_CROSS)" \
	CFLAGS="$(filter-out -O%,$(TARGET_CFLAGS))" \
	LDFLAGS="$(TARGET_LDFLAGS)" \
	STATIC=$(if $(BR2_STATIC_LIBS),y,n) \
	PKG_CONFIG="$(PKG_CONFIG_HOST_BINARY)" \
	HOSTCC="$(HOSTCC)" \
	HOSTCFLAGS="$(HOST_CFLAGS)" \
	HOST_SECCOMP_CFLAGS="-I$(HOST_DIR)/include" \
	HOST_SECCOMP_LIBS="$(HOST_LDFLAGS) -lseccomp" \
	PREFIX=/usr \
	DESTDIR="$(TARGET_DIR)"

# What needs a library is as Buildroot's configuration says, since that has
# selected the library.
ifeq ($(BR2_PACKAGE_MYCTR_LIBSECCOMP),y)
MYCTR_DEPENDENCIES += libseccomp
MYCTR_SYMBOLS_ON += CONFIG_SECCOMP_LIBSECCOMP
else
MYCTR_SYMBOLS_OFF += CONFIG_SECCOMP_LIBSECCOMP
endif

ifeq ($(BR2_PACKAGE_MYCTR_GZIP),y)
MYCTR_DEPENDENCIES += zlib
MYCTR_SYMBOLS_ON += CONFIG_CODEC_GZIP
else
MYCTR_SYMBOLS_OFF += CONFIG_CODEC_GZIP
endif

ifeq ($(BR2_PACKAGE_MYCTR_ZSTD),y)
MYCTR_DEPENDENCIES += zstd
MYCTR_SYMBOLS_ON += CONFIG_CODEC_ZSTD
else
MYCTR_SYMBOLS_OFF += CONFIG_CODEC_ZSTD
endif

ifeq ($(BR2_PACKAGE_MYCTR_SIGNATURES),y)
MYCTR_DEPENDENCIES += libsodium
MYCTR_SYMBOLS_ON += CONFIG_SIGNATURES
else
MYCTR_SYMBOLS_OFF += CONFIG_SIGNATURES
endif

# How programs are built is Buildroot's choice, too.
ifeq ($(BR2_PIC_PIE),y)
MYCTR_SYMBOLS_ON += CONFIG_PIE
else
MYCTR_SYMBOLS_OFF += CONFIG_PIE
endif

ifneq ($(BR2_TOOLCHAIN_HAS_SSP),y)
MYCTR_SYMBOLS_OFF += CONFIG_HARDEN
endif

define MYCTR_KCONFIG_FIXUP_CMDS
	$(foreach symbol,$(MYCTR_SYMBOLS_ON),
		$(call KCONFIG_ENABLE_OPT,$(symbol)))
	$(foreach symbol,$(MYCTR_SYMBOLS_OFF),
		$(call KCONFIG_DISABLE_OPT,$(symbol)))
endef

# Without these there are no containers; board/common/linux.config has all
# that myctr can use, and why.
MYCTR_LINUX_SYMBOLS = \
	NAMESPACES UTS_NS IPC_NS PID_NS NET_NS USER_NS \
	CGROUPS MEMCG CGROUP_PIDS CGROUP_SCHED FAIR_GROUP_SCHED \
	CFS_BANDWIDTH CGROUP_FREEZER CGROUP_BPF BPF_SYSCALL \
	SECCOMP SECCOMP_FILTER \
	EPOLL SIGNALFD TIMERFD EVENTFD FHANDLE \
	DEVTMPFS TMPFS TMPFS_XATTR UNIX98_PTYS POSIX_MQUEUE SYSVIPC \
	BLOCK BLK_DEV BLK_DEV_LOOP MISC_FILESYSTEMS SQUASHFS \
	SQUASHFS_XATTR SQUASHFS_LZ4 OVERLAY_FS \
	NET UNIX INET NETDEVICES NET_CORE VETH BRIDGE \
	NETFILTER NETFILTER_ADVANCED NF_CONNTRACK NF_NAT NF_TABLES \
	NF_TABLES_INET NFT_CT NFT_NAT NFT_MASQ NFT_FIB_INET

define MYCTR_LINUX_CONFIG_FIXUPS
	$(foreach symbol,$(MYCTR_LINUX_SYMBOLS),
		$(call KCONFIG_ENABLE_OPT,CONFIG_$(symbol)))
endef

define MYCTR_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(MYCTR_MAKE_OPTS) all
endef

MYCTR_MANIFEST = $(call qstrip,$(BR2_PACKAGE_MYCTR_MANIFEST))

ifeq ($(MYCTR_MANIFEST),)
define MYCTR_INSTALL_MANIFEST
	[ -e $(TARGET_DIR)/etc/myctr/manifest ] || \
		$(INSTALL) -D -m 0644 $(MYCTR_PKGDIR)/manifest \
			$(TARGET_DIR)/etc/myctr/manifest
endef
else
define MYCTR_INSTALL_MANIFEST
	$(INSTALL) -D -m 0644 $(MYCTR_MANIFEST) \
		$(TARGET_DIR)/etc/myctr/manifest
endef
endif

ifeq ($(BR2_INIT_MYCTR),y)
define MYCTR_INSTALL_INIT
	mkdir -p $(TARGET_DIR)/sbin $(TARGET_DIR)/var/log
	ln -sf ../usr/bin/myctr $(TARGET_DIR)/sbin/init
endef
endif

define MYCTR_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) $(MYCTR_MAKE_OPTS) install
	mkdir -p $(TARGET_DIR)/var/lib/myctr/images
	$(MYCTR_INSTALL_MANIFEST)
	$(MYCTR_INSTALL_INIT)
endef

define MYCTR_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(MYCTR_PKGDIR)/S90myctr \
		$(TARGET_DIR)/etc/init.d/S90myctr
endef

define MYCTR_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(MYCTR_PKGDIR)/myctr.service \
		$(TARGET_DIR)/usr/lib/systemd/system/myctr.service
endef

$(eval $(kconfig-package))

$(MYCTR_DIR)/.kconfig_editor_menuconfig: $(BUILD_DIR)/buildroot-config/mconf
