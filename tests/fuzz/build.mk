# SPDX-License-Identifier: MIT
# Fuzz targets: fuzz-NAME := sources; the target is tests/fuzz/NAME_fuzz.c. See tools/tests.mk.
fuzz-state := core/state.c core/record.c core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c
fuzz-ring := drivers/log/ring.c core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c core/lib/path.c
fuzz-idmap := core/idmap.c core/lib/str.c core/lib/arena.c core/lib/err.c
fuzz-ids := core/ids.c core/lib/err.c core/lib/fd.c core/lib/path.c core/lib/sys.c core/lib/str.c core/lib/arena.c
fuzz-log_file := drivers/log/file.c drivers/log/file_read.c drivers/codec/lz4.c drivers/codec/xxh32.c core/codec.c \
	core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/err.c core/lib/fd.c core/lib/path.c core/lib/stamp.c core/lib/sys.c
fuzz_libs-log_file := -llz4
ifeq ($(CONFIG_SECCOMP_LIBSECCOMP),y)
fuzz-seccomp := drivers/seccomp/profile.c drivers/seccomp/profile_json.c core/lib/json.c core/lib/err.c core/lib/fd.c core/lib/sys.c \
	core/lib/str.c core/lib/arena.c core/lib/capname.c
fuzz_libs-seccomp := -lseccomp
endif
fuzz-lz4 := drivers/codec/lz4.c drivers/codec/xxh32.c core/codec.c core/lib/fd.c core/lib/err.c tests/unit/drivers/image/tar_make.c
fuzz_libs-lz4 := -llz4
fuzz-tar := $(tar-reader) $(tar-make) core/lib/err.c
fuzz-layer := $(tar-reader) drivers/image/tar_unpack.c drivers/image/tar_layer.c $(tar-make) $(image-lib)
fuzz-oci := drivers/image/oci_source.c drivers/image/oci_manifest.c drivers/image/oci_platform.c drivers/image/oci_config.c \
	drivers/image/oci_load.c $(tar-reader) drivers/image/tar_unpack.c drivers/image/tar_layer.c $(tar-make) core/codec.c \
	drivers/codec/gzip.c core/lib/json.c core/lib/sha256.c core/lib/sha256_hw.c $(sort $(image-lib) $(spec-sources))
fuzz_libs-oci := -lz
fuzz-unpack := $(tar-reader) drivers/image/tar_unpack.c drivers/image/tar_layer.c $(tar-make) $(image-lib)
fuzz-manifest := $(manifest-sources)
fuzz-port := core/port.c core/lib/arena.c core/lib/err.c core/lib/str.c
fuzz-spec := $(manifest-sources)
fuzz-cmdline := $(spec-sources) core/paths.c core/cmd.c core/cmd_set.c core/cmd_spec.c core/cmd_help.c
fuzz-nft := $(if $(CONFIG_NET_CONNTRACK),core/conntrack.c core/port.c) core/lib/nft.c core/lib/netlink.c core/lib/err.c core/lib/fd.c core/lib/str.c core/lib/arena.c
fuzz-netlink := core/lib/netlink.c core/lib/err.c core/lib/fd.c core/lib/str.c core/lib/arena.c
fuzz-gzip := drivers/codec/gzip.c core/codec.c core/lib/err.c $(tar-make)
fuzz_libs-gzip := -lz
fuzz-cfile := $(cfile-sources)
ifeq ($(CONFIG_IMAGE_STORE),y)
fuzz-store := $(store-sources) $(image-lib) core/lib/sha256.c core/lib/sha256_hw.c
fuzz_libs-store := -llz4
endif
fuzz-signature := $(signature-sources)
ifeq ($(CONFIG_HEALTH),y)
fuzz-devlog := core/devlog.c core/lib/str.c core/lib/str_escape.c core/lib/arena.c
fuzz-notify := core/notify.c
endif
fuzz-dns := core/lib/dns.c core/lib/addr.c core/lib/str.c core/lib/arena.c
fuzz-uevent := core/lib/uevent.c
