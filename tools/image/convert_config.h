/* SPDX-License-Identifier: MIT */
/* What the device's sources need to know of their configuration, where the device's has left them out. */
#ifndef TOOLS_IMAGE_CONVERT_CONFIG_H
#define TOOLS_IMAGE_CONVERT_CONFIG_H

#ifndef CONFIG_IMAGE_TAR_MAX_MIB
#define CONFIG_IMAGE_TAR_MAX_ENTRIES 1000000
#define CONFIG_IMAGE_TAR_MAX_DEPTH 4096
#define CONFIG_IMAGE_TAR_MAX_MIB 4096
#define CONFIG_IMAGE_TAR_MAX_RATIO 1000
#endif
#ifndef CONFIG_PACK_SQUASHFS_TOOL
#define CONFIG_PACK_SQUASHFS_TOOL "/usr/bin/mksquashfs"
#define CONFIG_PACK_SQUASHFS_COMP "lz4"
#endif
#undef CONFIG_HASH_HW
#define CONFIG_HASH_HW 1

#endif
