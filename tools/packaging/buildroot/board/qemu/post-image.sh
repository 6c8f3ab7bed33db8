#!/bin/sh
# SPDX-License-Identifier: MIT
# A script beside the images that boots them; called by Buildroot with the folder of images.
set -eu

images=$1
case $2 in
*aarch64*) qemu="qemu-system-aarch64 -M virt -cpu cortex-a53" kernel=Image console=ttyAMA0 ;;
*x86_64*) qemu="qemu-system-x86_64 -M q35" kernel=bzImage console=ttyS0 ;;
*) echo "post-image: $2: no machine known for it" >&2; exit 1 ;;
esac

cat >"$images/start-qemu.sh" <<END
#!/bin/sh
# Boots the images of this folder; the machine's port 8080 is this machine's. Ctrl-a x ends.
cd "\$(dirname "\$0")" || exit 1
exec $qemu -m 128 -smp 2 -nographic -no-reboot -kernel "\${KERNEL:-$kernel}" \\
	-append "root=/dev/vda rootfstype=squashfs ro console=$console" \\
	-drive file=rootfs.squashfs,format=raw,if=none,id=d0,readonly=on -device virtio-blk-pci,drive=d0 \\
	-netdev "user,id=n0,hostfwd=tcp:127.0.0.1:\${PORT:-8080}-:8080" -device virtio-net-pci,netdev=n0,romfile= "\$@"
END
chmod +x "$images/start-qemu.sh"
