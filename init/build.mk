# SPDX-License-Identifier: MIT
# Objects of init/; see the Makefile.
obj-y += init/supervise.o init/table.o init/launcher.o init/output.o init/order.o
obj-y += init/reap.o init/console.o
obj-$(CONFIG_NETNS_POOL) += init/pool.o
obj-$(CONFIG_STATE) += init/records.o init/adopt.o
obj-$(CONFIG_RESETS) += init/resets.o
obj-$(CONFIG_WATCHDOG) += init/watchdog.o
obj-$(CONFIG_LADDER) += init/ladder.o
obj-$(CONFIG_HEALTH) += init/health.o init/health_probe.o
obj-$(CONFIG_NET_NFT) += init/guard.o
obj-$(CONFIG_NET_FORWARD) += init/ports.o init/forward.o init/forward_tcp.o init/forward_udp.o init/fair.o core/lib/addr.o
obj-$(CONFIG_REEXEC) += init/reexec.o
obj-$(CONFIG_FACTORY) += init/factory.o
obj-$(CONFIG_HOST_AB) += init/slots.o
obj-$(CONFIG_UPDATE) += init/update.o
obj-$(CONFIG_CONTROL) += init/control.o init/sweep.o
obj-$(CONFIG_LOG_DEV) += init/devlog.o
obj-$(CONFIG_LOG_BUDGET) += init/budget.o
obj-$(CONFIG_LOG_CRASH) += init/crash.o
obj-$(CONFIG_INIT) += init/boot.o init/shutdown.o init/init.o
obj-$(CONFIG_CLOCK) += init/clock.o
obj-$(CONFIG_SEED) += init/seed.o
obj-$(CONFIG_PLUG_USERNS) += init/plug_bind.o
obj-$(CONFIG_UEVENT) += init/uevent.o init/node.o init/plug.o core/lib/uevent.o
obj-$(and $(CONFIG_UEVENT),$(CONFIG_IMAGE_VERITY)) += init/damage.o
obj-$(CONFIG_CONSOLES) += init/consoles.o core/cmd/prompt.o
obj-$(CONFIG_BOOTCHART) += init/chart.o core/cmd/bootchart.o
obj-$(CONFIG_BOOT_MODULE) += init/module.o
obj-$(CONFIG_WHEN) += init/when.o
obj-$(CONFIG_MARKS) += init/marks.o
obj-$(CONFIG_BOOT_TEMPLATE) += init/hostname.o
obj-$(CONFIG_BOOT_MOUNT) += init/mounts.o
obj-$(CONFIG_INTERFACE) += init/interface.o
obj-$(CONFIG_CLI) += init/daemon.o
obj-$(CONFIG_DNS) += init/dns.o init/dns_names.o init/dns_hosts.o init/dns_ask.o init/dns_tcp.o init/fair.o core/lib/dns.o core/lib/addr.o
# earlier than this the clock never is
$(O)/init/clock.o: CPPFLAGS += $(if $(SOURCE_DATE_EPOCH),-DCLOCK_BUILD=$(SOURCE_DATE_EPOCH))
