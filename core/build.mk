# SPDX-License-Identifier: MIT
# Objects of core/; see the Makefile.
obj-y += core/main.o core/paths.o core/spec.o core/spec_entry.o core/spec_value.o
obj-y += core/manifest.o core/manifest_bin.o core/manifest_order.o core/system.o
obj-$(CONFIG_MANIFEST_TEXT) += core/manifest_text.o core/manifest_read.o
obj-$(CONFIG_CMD_MANIFEST) += core/manifest_print.o
obj-$(if $(CONFIG_MANIFEST),y) += core/manifest_builtin.o
obj-y += core/encode.o core/cmd.o core/cmd_spec.o core/cmd_help.o
obj-y += core/cap.o
obj-y += core/ids.o
obj-y += core/rlimit.o
obj-y += core/sysctl.o
obj-y += core/codec.o
obj-y += core/state.o
obj-y += core/log.o
obj-y += core/cgroup.o
obj-y += core/image.o
obj-y += core/state_live.o core/watch.o
obj-y += core/launch.o core/spawn.o core/self.o core/spec_store.o
obj-y += core/child.o core/child_mount.o core/child_dev.o core/child_exec.o
obj-$(CONFIG_CONTROL) += core/ctl.o
obj-$(CONFIG_CLI) += core/direct.o core/demand.o
obj-$(CONFIG_FOREGROUND) += core/relay.o
obj-$(CONFIG_CMD_EXEC) += core/join.o
