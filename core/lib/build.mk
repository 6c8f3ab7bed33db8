# SPDX-License-Identifier: MIT
# Objects of core/lib/; see the Makefile.
obj-y += core/lib/err.o
obj-y += core/lib/fd.o
obj-y += core/lib/sys.o
obj-$(CONFIG_HELPERS) += core/lib/helper.o
obj-y += core/lib/event.o
obj-y += core/lib/path.o
obj-y += core/lib/sha256.o
obj-$(CONFIG_HASH_HW) += core/lib/sha256_hw.o
obj-$(if $(CONFIG_SMALL),,y) += core/lib/crc32c.o
obj-$(CONFIG_SMALL) += core/lib/crc32c_small.o
obj-$(CONFIG_CRC_HW) += core/lib/crc32c_hw.o
obj-y += core/lib/stamp.o
obj-y += core/lib/arena.o
obj-y += core/lib/str.o
obj-y += core/lib/str_escape.o
obj-y += core/lib/str_nearest.o
obj-y += core/lib/out.o
obj-y += core/lib/words.o
# other C libraries may be shared and call snprintf with what ours leaves out
ifeq ($(LIBC),musl)
obj-$(packed) += core/lib/start.o
# nothing may be used that relocations or libc make ready
$(O)/core/lib/start.o: private my-cflags += -fno-lto -fno-stack-protector -O2
obj-$(CONFIG_SMALL_MALLOC) += core/lib/small_malloc.o
# else the compiler makes calloc() out of our calloc()'s own malloc() and memset()
$(O)/core/lib/small_malloc.o: private my-cflags += -fno-builtin -fno-lto
obj-$(CONFIG_SMALL_STRING) += core/lib/small_string.o core/lib/small_clock.o core/lib/small_strerror.o core/lib/small_inet.o
$(O)/core/lib/small_string.o: private my-cflags += -ffreestanding -fno-lto
obj-$(CONFIG_SMALL_PRINTF) += core/lib/printf.o core/lib/small_libc.o core/lib/small_sys.o core/lib/small_errno.o core/lib/small_assert.o
endif
obj-$(or $(CONFIG_SECCOMP_LIBSECCOMP),$(CONFIG_IMPORT_OCI)) += core/lib/json.o
obj-y += core/lib/addr.o
obj-$(CONFIG_NETLINK) += core/lib/netlink.o core/lib/link.o
obj-$(CONFIG_NET_NFT) += core/lib/nft.o
