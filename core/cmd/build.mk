# SPDX-License-Identifier: MIT
# Objects of core/cmd/; see the Makefile.
obj-$(CONFIG_CLI) += core/cmd/help.o core/cmd/version.o
obj-$(CONFIG_CMD_PS) += core/cmd/ps.o
obj-$(and $(CONFIG_CMD_PS),$(CONFIG_NETWORK)) += core/cmd/ps_net.o
obj-$(CONFIG_CMD_NETWORK) += core/cmd/network.o
obj-$(CONFIG_CMD_FEATURES) += core/cmd/features.o
obj-$(CONFIG_CMD_LOGS) += core/cmd/logs.o core/cmd/logs_text.o
obj-$(CONFIG_CMD_WAIT) += core/cmd/wait.o
obj-$(CONFIG_CMD_RUN) += core/cmd/run.o
obj-$(CONFIG_CMD_EXEC) += core/cmd/exec.o
obj-$(CONFIG_CLI) += core/cmd/start.o core/cmd/stop.o core/cmd/restart.o
obj-$(CONFIG_CLI) += core/cmd/kill.o core/cmd/rm.o core/cmd/reload.o
obj-$(CONFIG_CMD_DOWN) += core/cmd/down.o
obj-$(CONFIG_CMD_STATUS) += core/cmd/status.o
obj-$(CONFIG_CMD_INSPECT) += core/cmd/inspect.o
obj-$(CONFIG_CMD_IMAGE) += core/cmd/image.o core/cmd/image_inspect.o core/cmd/image_load.o core/cmd/image_ls.o
obj-$(CONFIG_CMD_IMAGE) += core/cmd/image_prune.o core/cmd/image_rm.o core/cmd/image_save.o core/cmd/image_tag.o
obj-$(CONFIG_CMD_IMAGE) += core/cmd/image_verify.o
obj-$(CONFIG_REEXEC) += core/cmd/reexec.o
obj-$(CONFIG_FACTORY) += core/cmd/factory.o
obj-$(CONFIG_HOST_AB) += core/cmd/slot.o
obj-$(CONFIG_UPDATE) += core/cmd/update.o core/cmd/update_status.o core/cmd/rollback.o
obj-$(CONFIG_CMD_IMAGE_IMPORT) += core/cmd/image_import.o
obj-$(CONFIG_CMD_MANIFEST) += core/cmd/manifest.o
obj-$(CONFIG_CMD_BUILD) += core/cmd/build.o core/build.o core/build_step.o core/build_config.o core/build_arg.o core/build_finish.o core/build_run.o core/build_copy.o \
	core/build_unpack.o core/build_walk.o core/build_match.o core/build_layers.o core/cfile.o core/cfile_exec.o core/cfile_words.o
obj-$(CONFIG_CMD_CHECK) += core/cmd/check.o core/feature.o core/feature_probe.o $(if $(CONFIG_NETLINK),core/feature_link.o)
