# SPDX-License-Identifier: MIT
# Objects of drivers/; see the Makefile.
obj-$(CONFIG_CODEC_LZ4) += drivers/codec/lz4.o drivers/codec/xxh32.o
lib-$(CONFIG_CODEC_LZ4) += liblz4
obj-$(CONFIG_CODEC_GZIP) += drivers/codec/gzip.o
lib-$(CONFIG_CODEC_GZIP) += zlib
obj-$(CONFIG_CODEC_ZSTD) += drivers/codec/zstd.o
lib-$(CONFIG_CODEC_ZSTD) += libzstd
obj-$(CONFIG_LOG_NONE) += drivers/log/none.o
obj-$(CONFIG_LOG_KMSG) += drivers/log/kmsg.o drivers/log/lines.o
obj-$(CONFIG_LOG_SYSLOG) += drivers/log/syslog.o drivers/log/lines.o
obj-$(CONFIG_LOG_RING) += drivers/log/ring.o

obj-$(CONFIG_CGROUP_V2) += drivers/cgroup/v2.o drivers/cgroup/v2_limits.o
obj-$(CONFIG_CGROUP_DEVICES) += drivers/cgroup/devices_bpf.o
obj-$(CONFIG_SECCOMP) += drivers/seccomp/default.o
obj-$(CONFIG_SECCOMP_LIBSECCOMP) += drivers/seccomp/profile.o drivers/seccomp/profile_json.o
lib-$(CONFIG_SECCOMP_LIBSECCOMP) += libseccomp

# The profile becomes BPF here: system call numbers by the build machine's libseccomp. A release has it made ready for
# each processor, which is taken unless the list is newer.
ifeq ($(CONFIG_SECCOMP),y)
gen-y += $(O)/include/generated/seccomp_default.h
endif
seccomp-made := drivers/seccomp/made/$(arch)-$(or $(CONFIG_SECCOMP_COMPAT),no).h
ifeq ($(shell [ -f $(seccomp-made) ] && [ ! drivers/seccomp/default.list -nt $(seccomp-made) ] && echo y),y)
$(O)/include/generated/seccomp_default.h: $(seccomp-made) $(autoconf)
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@
else
$(O)/tools/seccomp: $(addprefix tools/seccomp/,compile.c plan.c arch.c plan.h arch.h)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) -std=gnu11 -O1 -Wall -Wextra $(HOST_SECCOMP_CFLAGS) $(HOSTCFLAGS) -I. -o $@ $(filter %.c,$^) $(HOST_SECCOMP_LIBS)
$(O)/include/generated/seccomp_default.h: $(O)/tools/seccomp drivers/seccomp/default.list $(autoconf)
	$(Q)mkdir -p $(@D)
	$(Q)$< $(arch) drivers/seccomp/default.list $(or $(CONFIG_SECCOMP_COMPAT),no) >$@
endif
obj-$(CONFIG_IMAGE_SQUASHFS) += drivers/image/squashfs.o drivers/image/loop.o
obj-$(CONFIG_SQUASHFS_USER) += drivers/image/squashfs_user.o
obj-$(CONFIG_IMAGE_VERITY) += drivers/image/verity.o
obj-$(CONFIG_IMAGE_EROFS) += drivers/image/erofs.o $(if $(CONFIG_IMAGE_SQUASHFS),,drivers/image/loop.o)
obj-$(CONFIG_IMAGE_TAR) += drivers/image/tar.o drivers/image/trees.o
obj-$(CONFIG_IMAGE_TAR) += drivers/image/tar_read.o drivers/image/tar_header.o drivers/image/tar_pax.o
obj-$(CONFIG_IMAGE_TAR) += drivers/image/tar_sparse.o drivers/image/tar_unpack.o drivers/image/tar_layer.o drivers/image/tar_check.o
obj-$(CONFIG_IMPORT_OCI) += drivers/image/oci_source.o drivers/image/oci_manifest.o drivers/image/oci_config.o
obj-$(CONFIG_IMPORT_OCI) += drivers/image/oci_load.o
obj-$(CONFIG_EXPORT_OCI) += drivers/image/oci_save.o drivers/image/oci_save_json.o
obj-$(or $(CONFIG_IMPORT_OCI),$(CONFIG_EXPORT_OCI)) += drivers/image/oci_platform.o
obj-$(CONFIG_PACK_TAR) += drivers/image/tar_pack.o drivers/image/tar_write.o
obj-$(CONFIG_PACK_SQUASHFS) += drivers/image/squashfs_pack.o
obj-$(CONFIG_IMAGE_DIR) += drivers/image/dir.o
obj-$(CONFIG_STORAGE_OVERLAY) += drivers/storage/overlay.o
obj-$(CONFIG_STORAGE_USER) += drivers/storage/overlay_user.o drivers/storage/copy.o
obj-$(CONFIG_STORAGE_TMPFS) += drivers/storage/tmpfs.o
obj-$(CONFIG_STORAGE_READ_ONLY) += drivers/storage/readonly.o
obj-$(CONFIG_STORAGE_BIND) += drivers/storage/bind.o
obj-$(CONFIG_NET_NONE) += drivers/net/none.o
obj-$(CONFIG_NET_HOST) += drivers/net/host.o
obj-$(or $(CONFIG_NET_BRIDGE),$(CONFIG_NET_MACVLAN),$(CONFIG_NET_PHYS)) += drivers/net/link.o
obj-$(CONFIG_NET_BRIDGE) += drivers/net/bridge.o
obj-$(CONFIG_NET_MACVLAN) += drivers/net/macvlan.o
obj-$(CONFIG_NET_SLIRP) += drivers/net/slirp.o
obj-$(CONFIG_NET_PASTA) += drivers/net/pasta.o
obj-$(CONFIG_NET_PHYS) += drivers/net/phys.o
obj-$(CONFIG_LOG_FILE) += drivers/log/file.o drivers/log/file_read.o
