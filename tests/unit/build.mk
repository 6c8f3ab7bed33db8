# SPDX-License-Identifier: MIT
# Unit tests: unit-NAME := sources; the test is tests/unit/NAME_test.c. See tools/tests.mk.
unit-core/lib/config :=
unit-core/lib/path := core/lib/path.c core/lib/fd.c
unit-core/lib/sha256 := core/lib/sha256.c core/lib/sha256_hw.c
unit-drivers/codec/lz4 := drivers/codec/lz4.c drivers/codec/xxh32.c core/codec.c core/lib/fd.c core/lib/err.c
unit_libs-drivers/codec/lz4 := -llz4
unit-core/lib/crc32c := core/lib/crc32c.c core/lib/crc32c_hw.c
unit-core/lib/crc32c_small := core/lib/crc32c_small.c core/lib/crc32c_hw.c
unit-core/state := core/state.c core/record.c core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c
unit-drivers/log/syslog := drivers/log/syslog.c drivers/log/lines.c core/lib/addr.c core/lib/err.c core/lib/fd.c core/lib/stamp.c core/lib/str.c \
	core/lib/str_escape.c core/lib/arena.c
unit-drivers/log/ring := drivers/log/ring.c core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c core/lib/path.c
unit-core/cap := core/cap.c core/lib/capname.c core/lib/err.c core/lib/str.c core/lib/arena.c
unit_libs-core/cap := -lcap
unit-core/ids := core/ids.c core/lib/err.c core/lib/fd.c core/lib/path.c core/lib/sys.c core/lib/str.c core/lib/arena.c
ifeq ($(CONFIG_SECCOMP),y)
unit-drivers/seccomp/default := drivers/seccomp/default.c core/lib/err.c core/lib/arena.c
unit_libs-drivers/seccomp/default := -lseccomp
endif
ifeq ($(CONFIG_CGROUP_V2),y)
unit-drivers/cgroup/v2 := drivers/cgroup/v2.c drivers/cgroup/v2_limits.c core/cgroup.c core/lib/err.c core/lib/fd.c core/lib/capname.c \
	core/lib/path.c core/lib/sys.c core/lib/str.c core/lib/arena.c \
	$(if $(filter y,$(CONFIG_CGROUP_DEVICES)),drivers/cgroup/devices_bpf.c core/lib/plug.c)
unit_ldflags-drivers/cgroup/v2 := -Wl,--wrap=fd_write_text
endif
tar-reader := drivers/image/tar_read.c drivers/image/tar_header.c drivers/image/tar_pax.c drivers/image/tar_sparse.c
tar-make := tests/unit/drivers/image/tar_make.c
unit-drivers/image/tar_read := $(tar-reader) $(tar-make) core/lib/err.c
unit-drivers/image/tar_unpack := $(tar-reader) drivers/image/tar_unpack.c drivers/image/tar_layer.c $(tar-make) tests/unit/drivers/image/tar_box.c core/lib/err.c core/lib/fd.c core/lib/path.c core/lib/str.c core/lib/str_escape.c core/lib/arena.c
unit-drivers/image/tar_layer := $(tar-reader) drivers/image/tar_unpack.c drivers/image/tar_layer.c $(tar-make) tests/unit/drivers/image/tar_box.c core/lib/err.c core/lib/fd.c core/lib/path.c core/lib/str.c core/lib/str_escape.c core/lib/arena.c core/lib/sys.c
unit-drivers/image/tar_exact := $(tar-reader) drivers/image/tar_unpack.c drivers/image/tar_layer.c $(tar-make) tests/unit/drivers/image/tar_box.c core/lib/err.c core/lib/fd.c core/lib/path.c core/lib/str.c core/lib/str_escape.c core/lib/arena.c
unit-core/cmd/ps := core/cmd/ps.c $(if $(CONFIG_NETWORK),core/marks.c core/cmd/ps_net.c core/lease.c core/network.c core/machine.c core/lib/path.c core/lib/addr.c) core/state.c core/record.c core/state_live.c core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c \
	core/lib/sys.c core/lib/out.c core/lib/str.c core/lib/str_escape.c core/lib/stamp.c core/lib/event.c \
	core/lib/arena.c
unit-core/lib/sha256_plain := core/lib/sha256_hw.c
unit-drivers/log/file := drivers/log/file.c drivers/log/file_read.c drivers/codec/lz4.c drivers/codec/xxh32.c core/codec.c \
	core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c core/lib/path.c core/lib/stamp.c core/lib/sys.c
unit_libs-drivers/log/file := -llz4
unit-core/cmd/logs_text := core/cmd/logs_text.c core/lib/err.c core/lib/fd.c core/lib/out.c core/lib/stamp.c core/lib/str.c \
	core/lib/str_escape.c core/lib/arena.c
unit-core/lib/stamp := core/lib/stamp.c
unit-core/lib/printf := core/lib/printf.c
unit_cflags-core/lib/printf := -Dsnprintf=small_snprintf -Dvsnprintf=small_vsnprintf -Wno-missing-prototypes -Wno-format
unit-core/lib/str := core/lib/arena.c core/lib/str.c core/lib/str_escape.c core/lib/str_nearest.c
unit-core/lib/words := core/lib/words.c core/lib/out.c core/lib/fd.c core/lib/sys.c core/lib/str.c core/lib/arena.c \
	core/lib/str_escape.c
unit-core/lib/out := core/lib/out.c core/lib/fd.c core/lib/sys.c core/lib/str.c core/lib/arena.c core/lib/str_escape.c
image-lib := core/lib/err.c core/lib/fd.c core/lib/path.c core/lib/str.c core/lib/str_escape.c core/lib/arena.c core/lib/sys.c
image-tar := $(tar-reader) drivers/image/tar_check.c drivers/image/tar_unpack.c drivers/image/tar_layer.c drivers/image/tar.c drivers/image/trees.c core/lib/sha256.c core/lib/sha256_hw.c
image-squashfs := $(if $(filter y,$(CONFIG_IMAGE_VERITY)),drivers/image/verity.c) drivers/image/squashfs.c drivers/image/loop.c $(if $(CONFIG_SQUASHFS_USER),drivers/image/squashfs_user.c core/lib/helper.c core/lib/event.c drivers/image/trees.c)
image-core := core/image.c core/image_config.c core/store.c core/record.c $(manifest-sources) core/codec.c drivers/codec/lz4.c drivers/codec/xxh32.c
unit-core/image := $(image-core) $(image-tar) $(image-squashfs) drivers/image/dir.c $(tar-make) $(image-lib)
unit_libs-core/image := -llz4
unit-drivers/image/tar := $(image-core) $(image-tar) $(tar-make) $(image-lib)
unit_libs-drivers/image/tar := -llz4
unit-drivers/image/squashfs := $(image-core) core/lib/sha256.c core/lib/sha256_hw.c $(image-squashfs) $(image-lib)
unit_libs-drivers/image/squashfs := -llz4
unit-drivers/storage/storage := drivers/storage/overlay.c $(if $(CONFIG_STORAGE_USER),drivers/storage/overlay_user.c drivers/storage/copy.c core/lib/helper.c core/lib/event.c) drivers/storage/tmpfs.c drivers/storage/readonly.c drivers/storage/bind.c $(image-lib)
unit-core/manifest := $(manifest-sources)
ifeq ($(CONFIG_SECCOMP_LIBSECCOMP),y)
unit-drivers/seccomp/profile := drivers/seccomp/profile.c drivers/seccomp/profile_json.c core/lib/json.c core/lib/err.c core/lib/fd.c \
	core/lib/sys.c core/lib/str.c core/lib/arena.c core/lib/capname.c
unit_libs-drivers/seccomp/profile := -lseccomp
endif
unit-core/sysctl := core/sysctl.c $(spec-sources)
unit-core/feature := $(if $(CONFIG_NETLINK),core/feature_link.c core/lib/netlink.c) core/feature.c core/feature_probe.c core/cgroup.c core/lib/err.c core/lib/fd.c core/lib/sys.c \
	core/lib/str.c core/lib/arena.c $(if $(CONFIG_NET_NFT),core/rules_probe.c core/lib/nft.c)
unit-core/spec := $(spec-sources)
ifeq ($(CONFIG_HOST_AB),y)
unit-core/slots := core/slots.c $(spec-sources)
endif
ifeq ($(CONFIG_UPDATE),y)
unit-core/update := core/update.c core/state.c core/record.c core/paths.c $(spec-sources)
endif
ifeq ($(CONFIG_NET_CONNTRACK),y)
unit-core/conntrack := core/conntrack.c core/lib/netlink.c core/lib/fd.c core/port.c core/lib/arena.c core/lib/err.c core/lib/str.c
endif
unit-core/port := core/port.c core/lib/arena.c core/lib/err.c core/lib/str.c
unit-core/encode := $(spec-sources)
unit-core/cmd := $(spec-sources) core/paths.c core/cmd.c core/cmd_set.c core/cmd_spec.c core/cmd_help.c
unit-core/lib/small_libc := core/lib/small_libc.c
unit_cflags-core/lib/small_libc := $(foreach f,strtol strtoll strtoul strtoull strtoimax strtoumax atoi strstr qsort faccessat realpath,-D$f=small_$f) -Wno-missing-prototypes
unit-tools/vm/writelog := tools/vm/writelog.c core/lib/err.c core/lib/fd.c
unit-core/lib/small_string := core/lib/small_string.c
unit_cflags-core/lib/small_string := $(foreach f,memset memchr strnlen strlen strchr strrchr strncmp strcmp strspn strcspn memmem,-D$f=small_$f) \
	-Wno-missing-prototypes -fno-builtin
unit-core/lib/small_inet := core/lib/small_inet.c
unit_cflags-core/lib/small_inet := -Dinet_pton=small_inet_pton -Dinet_ntop=small_inet_ntop -Wno-missing-prototypes
unit-core/lib/small_strerror := core/lib/small_strerror.c
unit_cflags-core/lib/small_strerror := -Dstrerror=small_strerror -Wno-missing-prototypes
unit-core/lib/small_sys := core/lib/small_sys.c
unit_cflags-core/lib/small_sys := -U_FILE_OFFSET_BITS -Wno-missing-prototypes \
	$(foreach f,openat open fcntl fchdir dup3 fchown fchmodat fexecve fork usleep sleep fstatat fstat statfs fstatfs,-D$f=small_$f) \
	$(foreach f,socket socketpair sendmsg recvmsg epoll_create1 epoll_ctl epoll_wait signalfd,-D$f=small_$f)
unit-core/lib/small_malloc := core/lib/small_malloc.c
unit_cflags-core/lib/small_malloc := $(foreach f,malloc calloc realloc free,-D$f=small_$f) -Wno-missing-prototypes
unit-core/lib/addr := core/lib/addr.c core/lib/str.c core/lib/arena.c
ifeq ($(CONFIG_NETWORK),y)
unit-core/network := $(manifest-sources)
unit-core/lease := core/lease.c core/record.c core/network.c core/machine.c core/paths.c $(spec-sources)
endif
unit-core/lib/nft := core/lib/nft.c core/lib/netlink.c core/lib/err.c core/lib/fd.c core/lib/str.c core/lib/arena.c
ifeq ($(CONFIG_INTERFACE),y)
unit-init/interface := init/interface.c core/lib/link.c core/lib/netlink.c core/lib/event.c $(manifest-sources)
endif
unit-core/lib/netlink := core/lib/netlink.c core/lib/err.c core/lib/fd.c core/lib/str.c core/lib/arena.c
image-pack := core/pack.c drivers/image/tar_pack.c drivers/image/tar_write.c drivers/image/squashfs_pack.c
unit-drivers/image/oci_config := drivers/image/oci_source.c drivers/image/oci_platform.c drivers/image/oci_config.c \
	drivers/image/oci_save_json.c $(tar-reader) core/codec.c core/lib/json.c core/lib/sha256.c core/lib/sha256_hw.c \
	$(sort $(image-lib) $(spec-sources))
unit-drivers/image/tar_pack := $(image-pack) $(tar-reader) drivers/image/tar_unpack.c drivers/image/tar_layer.c core/codec.c drivers/codec/lz4.c \
	drivers/codec/xxh32.c $(image-lib)
unit_libs-drivers/image/tar_pack := -llz4
unit-drivers/codec/gzip := drivers/codec/gzip.c core/codec.c core/lib/err.c $(tar-make)
unit_libs-drivers/codec/gzip := -lz
unit-drivers/codec/zstd := drivers/codec/zstd.c core/codec.c core/lib/err.c $(tar-make)
unit_libs-drivers/codec/zstd := -lzstd
unit-core/lib/json := core/lib/json.c core/lib/str.c core/lib/arena.c
ifeq ($(CONFIG_STATE),y)
unit-core/devlog := core/devlog.c core/lib/str.c core/lib/str_escape.c core/lib/arena.c
ifeq ($(CONFIG_LOG_BUDGET),y)
unit-init/budget := init/budget.c core/log.c core/paths.c $(if $(CONFIG_ROOTLESS),core/rootless.c core/idmap.c) core/state.c core/record.c drivers/log/file.c drivers/log/file_read.c drivers/log/ring.c \
	core/codec.c core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c core/lib/path.c core/lib/stamp.c core/lib/sys.c \
	core/lib/str.c core/lib/str_escape.c core/lib/arena.c
endif
unit-init/launcher := init/launcher.c core/lib/event.c core/lib/err.c core/lib/fd.c core/lib/sys.c
ifeq ($(CONFIG_CONTROL),y)
unit-init/life := tests/unit/init/life_stubs.c init/supervise.c init/table.c init/order.c $(if $(CONFIG_LADDER),init/ladder.c) $(if $(CONFIG_WHEN),init/when.c core/lib/plug.c) init/control.c core/ctl.c core/lib/event.c core/lib/stamp.c $(manifest-sources)
unit_ldflags-init/life := -Wl,--wrap=manifest_load
endif
endif
unit-core/lib/uevent := core/lib/uevent.c
unit-init/clock := init/clock.c core/lib/stamp.c core/lib/fd.c core/lib/err.c core/lib/str.c core/lib/arena.c
unit-init/module := init/module.c core/lib/err.c core/lib/fd.c core/lib/str.c core/lib/arena.c
ifeq ($(CONFIG_UEVENT),y)
unit-init/node := init/node.c core/lib/plug.c core/lib/uevent.c $(manifest-sources)
endif
unit-core/lib/plug := core/lib/plug.c core/lib/err.c core/lib/fd.c core/lib/path.c core/lib/str.c core/lib/arena.c core/lib/str_escape.c core/lib/str_nearest.c
ifeq ($(CONFIG_WHEN),y)
unit-core/when := $(manifest-sources)
endif
unit-core/template := core/template.c core/lib/err.c core/lib/str.c core/lib/arena.c
ifeq ($(CONFIG_MACHINE),y)
unit-core/machine := $(manifest-sources)
endif
unit-core/names := $(spec-sources)
cfile-sources := core/build_match.c core/cfile.c core/cfile_exec.c core/cfile_words.c core/lib/arena.c core/lib/str.c core/lib/str_escape.c \
	core/lib/str_nearest.c core/lib/err.c core/lib/fd.c core/lib/sys.c
unit-core/cfile := $(cfile-sources)
build-match := core/build_match.c core/lib/arena.c core/lib/str.c core/lib/err.c core/lib/fd.c core/lib/sys.c core/lib/str_escape.c
unit-core/build_match := $(build-match)
ifeq ($(CONFIG_IMAGE_STORE),y)
unit-core/image_config := core/image_config.c $(manifest-sources)
store-sources := $(filter core/store%.c,$(patsubst %.o,%.c,$(obj-y))) $(image-core) core/spec_store.c core/lib/stamp.c
unit-core/store := $(store-sources) $(image-tar) $(tar-make) $(image-lib)
unit_libs-core/store := -llz4
endif
signature-sources := core/signature_text.c core/lib/err.c core/lib/fd.c core/lib/str.c core/lib/arena.c
ifeq ($(CONFIG_SIGNATURES),y)
unit-core/signature := core/signature.c core/paths.c $(if $(CONFIG_ROOTLESS),core/rootless.c core/idmap.c core/lib/fd.c core/lib/path.c core/lib/str.c core/lib/arena.c) core/lib/path.c $(signature-sources)
unit_libs-core/signature := -lsodium
endif
unit-drivers/image/verity := drivers/image/verity.c core/lib/path.c core/lib/err.c core/lib/fd.c core/lib/str.c core/lib/arena.c
ifeq ($(CONFIG_RESETS),y)
unit-core/device := core/device.c
endif
ifeq ($(CONFIG_HEALTH),y)
unit-core/health := core/notify.c $(spec-sources)
endif
unit-core/lib/dns := core/lib/dns.c core/lib/addr.c core/lib/str.c core/lib/arena.c
unit-init/fair := init/fair.c core/lib/addr.c core/lib/str.c core/lib/arena.c
unit-init/dns_names := init/dns_names.c core/lib/dns.c core/lib/addr.c core/lib/str.c core/lib/arena.c
unit-core/idmap := core/idmap.c core/lib/str.c core/lib/arena.c core/lib/err.c
