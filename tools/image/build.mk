# SPDX-License-Identifier: MIT
# Appends hash trees to images; see verity.c.
.PHONY: verity
verity: $(O)/tools/verity
$(O)/tools/verity: tools/image/verity.c core/lib/sha256.c core/lib/sha256_hw.c $(autoconf)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) -std=gnu11 -O1 -Wall -Wextra -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -I$(O)/include \
		-include $(autoconf) $(HOSTCFLAGS) -o $@ $(filter %.c,$^)

# The converter of Docker and OCI images for the build machine: the device's sources, all codecs, glibc.
convert-sources := tools/image/convert.c core/import.c core/pack.c core/codec.c drivers/codec/lz4.c drivers/codec/xxh32.c \
	drivers/codec/gzip.c drivers/codec/zstd.c drivers/image/oci_source.c drivers/image/oci_platform.c drivers/image/oci_save.c drivers/image/oci_save_json.c drivers/image/oci_manifest.c \
	drivers/image/oci_config.c drivers/image/oci_load.c drivers/image/tar_read.c drivers/image/tar_header.c \
	drivers/image/tar_pax.c drivers/image/tar_sparse.c drivers/image/tar_unpack.c drivers/image/tar_layer.c \
	drivers/image/tar_pack.c drivers/image/tar_write.c drivers/image/squashfs_pack.c core/lib/json.c \
	core/lib/sha256.c core/lib/sha256_hw.c core/lib/sys.c $(spec-sources)
convert-cflags := -std=gnu11 -O1 -Wall -Wextra -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -I$(O)/include -include $(autoconf) \
	-include tools/image/convert_config.h

.PHONY: convert
convert: $(O)/tools/convert
$(O)/tools/convert: $(sort $(convert-sources)) tools/image/convert_config.h $(autoconf)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) $(convert-cflags) $(HOSTCFLAGS) -o $@ $(filter %.c,$^) $(HOSTLDFLAGS) -llz4 -lz -lzstd
