# SPDX-License-Identifier: MIT
# Objects of core/; see the Makefile.
obj-y += core/main.o core/paths.o core/cmd_set.o
# specs from anywhere, or those alone which the build machine has made of the manifest
spec-objects := core/spec.o core/spec_signal.o core/spec_value.o core/spec_finish.o core/encode.o core/lib/capname.o \
	core/manifest.o core/manifest_bin.o core/manifest_order.o core/manifest_print.o core/system.o \
	$(if $(CONFIG_MANIFEST),core/manifest_builtin.o)
obj-$(CONFIG_SPEC_FOREIGN) += $(spec-objects)
obj-$(if $(CONFIG_SPEC_FOREIGN),,y) += core/manifest_static.o
obj-y += core/spec_entry.o
obj-$(CONFIG_MANIFEST_TEXT) += core/manifest_text.o core/manifest_read.o
obj-$(CONFIG_USERNS) += core/idmap.o core/userns.o
obj-$(CONFIG_ROOTLESS) += core/rootless.o $(if $(CONFIG_CMD_CHECK),core/rootless_check.o)
obj-$(CONFIG_KEEP_MOUNTS) += core/keep.o
obj-$(CONFIG_STATE) += core/spec_store.o
obj-$(CONFIG_NAMES) += core/names.o core/child_names.o core/lib/addr.o
obj-$(CONFIG_CLI) += core/cmd.o core/cmd_spec.o core/cmd_help.o core/watch.o
obj-$(CONFIG_NET_PORTS) += core/port.o core/port_owner.o core/publish.o
obj-$(CONFIG_NET_NFT) += core/rules.o core/rules_table.o core/rules_probe.o
obj-$(CONFIG_NET_STRICT) += core/strict.o
obj-$(CONFIG_NET_CONNTRACK) += core/conntrack.o
obj-$(CONFIG_NETWORK) += core/network.o core/lease.o core/net.o
obj-$(CONFIG_HELPERS) += core/serve.o
obj-$(CONFIG_MACHINE) += core/machine.o
obj-$(CONFIG_BOOT_TEMPLATE) += core/template.o
obj-$(CONFIG_WHEN) += core/when.o
obj-$(CONFIG_PLUG) += core/lib/plug.o
obj-$(CONFIG_MARKS) += core/marks.o
obj-$(if $(CONFIG_NETWORK),,y) += core/net_none.o
obj-y += core/cap.o
obj-y += core/ids.o
obj-y += core/rlimit.o
obj-$(CONFIG_SYSCTL) += core/sysctl.o
obj-$(if $(CONFIG_SYSCTL),,y) += core/sysctl_none.o
obj-y += core/codec.o
obj-$(CONFIG_HOST_AB) += core/slots.o
obj-$(CONFIG_SLOTS_DOCTOR) += core/slots_doctor.o
obj-$(CONFIG_UPDATE) += core/update.o core/boot_id.o
obj-$(CONFIG_FACTORY) += core/factory.o core/boot_id.o
obj-$(CONFIG_STATE) += core/record.o core/state.o core/state_live.o
obj-$(CONFIG_IMAGE_STORE) += core/store.o core/store_add.o core/store_drop.o core/store_rescue.o
obj-$(CONFIG_IMAGE_CONFIG) += core/image_config.o
obj-$(CONFIG_SIGNATURES) += core/signature.o core/signature_text.o
lib-$(CONFIG_SIGNATURES) += libsodium
obj-$(CONFIG_PACK) += core/pack.o
obj-$(CONFIG_IMPORT_OCI) += core/import.o
obj-y += core/log.o
obj-y += core/cgroup.o
obj-y += core/image.o
obj-y += core/launch.o core/spawn.o core/self.o core/trash.o
obj-y += core/child.o core/child_mount.o core/child_dev.o core/child_exec.o
obj-$(CONFIG_READY_DEV) += core/child_ready.o
obj-$(CONFIG_CONTROL) += core/ctl.o
obj-$(CONFIG_CLI) += core/direct.o core/demand.o
obj-$(CONFIG_FOREGROUND) += core/relay.o
obj-$(CONFIG_CMD_EXEC) += core/join.o
obj-$(CONFIG_RESETS) += core/device.o
obj-$(CONFIG_LOG_DEV) += core/devlog.o
obj-$(CONFIG_HEALTH) += core/health.o core/notify.o core/child_notify.o core/join.o

# What reads and writes specs and manifests, for tools and tests of the build machine.
spec-sources := core/spec.c core/spec_signal.c core/spec_value.c core/spec_finish.c \
	$(if $(CONFIG_SYSCTL),core/sysctl.c,core/sysctl_none.c) core/spec_entry.c $(if $(CONFIG_HEALTH),core/health.c) core/encode.c core/port.c core/names.c core/lib/addr.c core/cap.c core/ids.c core/idmap.c $(if $(CONFIG_ROOTLESS),core/rootless.c) core/lib/arena.c \
	core/lib/str.c core/lib/str_escape.c core/lib/str_nearest.c core/lib/err.c core/lib/fd.c core/lib/path.c \
	core/lib/out.c core/lib/crc32c.c core/lib/crc32c_hw.c core/lib/words.c core/lib/capname.c core/lib/addr.c $(if $(CONFIG_WHEN),core/when.c)
manifest-sources := $(spec-sources) core/manifest.c core/manifest_text.c core/manifest_read.c core/manifest_bin.c \
	core/manifest_order.c core/manifest_print.c core/system.c core/paths.c core/network.c \
	core/machine.c core/template.c

# The manifest of CONFIG_MANIFEST becomes data here, checked by the device's own parser.
ifneq ($(CONFIG_MANIFEST)$(if $(CONFIG_SPEC_FOREIGN),,y),)
gen-y += $(O)/include/generated/manifest_data.h
endif
$(O)/tools/manifest: tools/manifest/compile.c $(manifest-sources) $(autoconf)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOST_CC) -std=gnu11 -O1 -Wall -Wextra -D_GNU_SOURCE -I. -I$(O)/include -include $(autoconf) \
		-UCONFIG_MANIFEST_TEXT -DCONFIG_MANIFEST_TEXT=1 $(if $(CONFIG_SPEC_FOREIGN),,-DCONFIG_SPEC_FOREIGN=1 -DMANIFEST_STRUCTS=1) \
		-DSPEC_MEMBERS $(HOSTCFLAGS) -o $@ $(filter %.c,$^)
$(O)/include/generated/manifest_data.h: $(O)/tools/manifest $(CONFIG_MANIFEST) $(wildcard $(CONFIG_MANIFEST).d/*)
	$(Q)mkdir -p $(@D)
	$(Q)$< $(CONFIG_MANIFEST) >$@
