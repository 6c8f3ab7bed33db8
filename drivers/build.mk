# SPDX-License-Identifier: MIT
# Objects of drivers/; see the Makefile.
obj-$(CONFIG_CODEC_LZ4) += drivers/codec/lz4.o drivers/codec/xxh32.o
lib-$(CONFIG_CODEC_LZ4) += liblz4
obj-$(CONFIG_LOG_NONE) += drivers/log/none.o
obj-$(CONFIG_LOG_RING) += drivers/log/ring.o
