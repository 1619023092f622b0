"""A guest for the KVM host, made of Debian's kernel and busybox: up in seconds, without a disk to boot from.

It takes its address by DHCP, says on its console what it got, and answers pings.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

from polyvisor.sandbox import packages
from polyvisor.sandbox.settings import Settings

KERNEL_PACKAGE = "linux-image-cloud-amd64"
#: Each after those that it needs.
MODULES = (
    *("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"),
    *("failover", "net_failover", "virtio_net"),
)
FOLDERS = ("bin", "dev", "proc", "sys", "etc", "modules", "tmp")
BUILD_SECONDS = 120
#: QEMU without KVM delivers timer ticks late on a busy host. The kernel, which counts them while it starts,
#: takes the timer for broken then, and panics. Nova says this too, where an image has no line of its own.
COMMAND_LINE = "console=ttyS0 quiet no_timer_check"
#: The switch forwards in user space and computes no checksums: the guest has to.
INIT = """\
#!/bin/sh
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for module in {modules}; do insmod /modules/$module.ko $([ $module = virtio_net ] && echo csum=0 gso=0); done
ip link set lo up
ip link set eth0 up
while ! udhcpc -i eth0 -n -q -t 5 -T 2 -O 121 -s /bin/lease >/dev/null 2>&1; do sleep 1; done
echo "Polyvisor guest: address $(cat /tmp/address)"
echo "Polyvisor guest: metadata says I am $(metadata hostname)"
while :; do sleep 3600; done
"""
#: What udhcpc runs; its variables are in the environment. ``staticroutes``: "DESTINATION ROUTER ...".
LEASE = """\
#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip addr flush dev $interface
ip addr add $ip/$mask dev $interface
[ -n "$mtu" ] && ip link set dev $interface mtu $mtu
if [ -n "$staticroutes" ]; then
  set -- $staticroutes
  while [ $# -ge 2 ]; do
    if [ $2 = 0.0.0.0 ]; then ip route add $1 dev $interface; else ip route add $1 via $2; fi
    shift 2
  done
elif [ -n "$router" ]; then
  ip route add default via $router
fi
echo $ip > ${ADDRESS_FILE:-/tmp/address}
"""
#: busybox's own wget looks names up, which in a static program ends in a crash. A busy host answers late.
METADATA = """\
#!/bin/sh
for attempt in 1 2 3 4 5 6 7 8; do
  answer=$(printf 'GET /latest/meta-data/%s HTTP/1.0\\r\\n\\r\\n' "$1" | nc -w 30 169.254.169.254 80)
  case "$answer" in *" 200 "*) echo "$answer" | tail -n 1; exit 0 ;; esac
  sleep 2
done
exit 1
"""


def kernel(settings: Settings) -> Path:
    """The kernel, as Glance and Nova take it."""
    return _folder(settings) / "kernel"


def ramdisk(settings: Settings) -> Path:
    """Everything that runs in the guest."""
    return _folder(settings) / "ramdisk"


def programs(settings: Settings) -> Path:
    """The guest's own programs: they run outside of it just as well, being one static busybox and scripts."""
    return _folder(settings) / "root" / "bin"


def _folder(settings: Settings) -> Path:
    return settings.kvm_parts / "guest"


def build(settings: Settings) -> None:
    """Make kernel and ramdisk, unless they are there. Raises PackagesError if a package cannot be had."""
    if ramdisk(settings).exists():
        return
    folder = _folder(settings)
    shutil.rmtree(folder, ignore_errors=True)
    debian, root = folder / "debian", folder / "root"
    packages.unpack([packages.depends(KERNEL_PACKAGE, "linux-image-"), "busybox-static"], debian)
    (image,) = (debian / "boot").glob("vmlinuz-*")
    image.rename(kernel(settings))
    _fill(root, debian)
    shutil.rmtree(debian)
    partial = folder / "ramdisk.partial"
    partial.write_bytes(gzip.compress(_archive(root)))
    partial.rename(ramdisk(settings))


def _fill(root: Path, debian: Path) -> None:
    for name in FOLDERS:
        (root / name).mkdir(parents=True)
    busybox = root / "bin" / "busybox"
    shutil.copy(debian / "bin" / "busybox", busybox)
    applets = subprocess.run(
        [busybox, "--list"], capture_output=True, text=True, check=True, timeout=BUILD_SECONDS
    )
    for applet in set(applets.stdout.split()) - {"busybox"}:
        (root / "bin" / applet).symlink_to("busybox")
    for module in MODULES:
        (file,) = (debian / "lib" / "modules").rglob(f"{module}.ko")
        shutil.copy(file, root / "modules")
    scripts = {
        "init": INIT.format(modules=" ".join(MODULES)),
        "bin/lease": LEASE,
        "bin/metadata": METADATA,
    }
    for path, text in scripts.items():
        (root / path).write_text(text)
        (root / path).chmod(0o755)


def _archive(root: Path) -> bytes:
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    command = [str(root / "bin" / "busybox"), "cpio", "-o", "-H", "newc"]
    done = subprocess.run(
        command, input=names.encode(), cwd=root, capture_output=True, check=True, timeout=BUILD_SECONDS
    )
    return done.stdout
