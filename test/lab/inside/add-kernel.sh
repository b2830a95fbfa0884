#!/bin/sh
# Runs in the new root file system while the image is built (mmdebstrap still has its package lists there).
# Adds the suite's kernel without installing it: an installed kernel package would bring initramfs-tools and build
# an initramfs that nobody boots. Leaves /boot/kernel, /boot/initramfs and /boot/release.
set -eu

# Debian 12 and 13 have one package a kernel; testing has it in linux-binary-* and linux-modules-*.
packages=$(apt-cache depends --recurse --important linux-image-amd64 |
  grep -E '^linux-(base|image|binary|modules)-[0-9]')
mkdir /kernel-packages
cd /kernel-packages
# shellcheck disable=SC2086  # one word a package
apt-get -qq -o APT::Sandbox::User=root download $packages
for package in *.deb; do dpkg-deb -x "$package" tree; done

# Packages have lib/ or usr/lib/, boot/vmlinuz-* or vmlinuz beside the modules. /lib is a link in the image, so the
# content is moved there rather than unpacked over it.
release=$(find tree -path '*lib/modules/*' -prune | sed 's|.*/||' | head -n 1)
mv "$(find tree -name 'vmlinuz*' | head -n 1)" /boot/kernel
config=$(find tree -name 'config-*' -o -name config -path '*/modules/*' | head -n 1)
[ -z "$config" ] || cp "$config" "/boot/config-$release"
printf '%s\n' "$release" > /boot/release
mkdir -p /usr/lib/modules
find tree -path '*lib/modules/*' -prune | while read -r modules; do cp -al "$modules" /usr/lib/modules/; done
cd /
rm -r /kernel-packages
depmod "$release"

# The initramfs knows just enough to mount the real root: busybox, five modules and what they depend on, in order.
mkdir -p /initramfs/bin /initramfs/modules
cp /bin/busybox /initramfs/bin/busybox
mv /boot/initramfs-init.sh /initramfs/init
chmod 755 /initramfs/init
for name in virtio_pci virtio_console 9pnet_virtio 9p overlay; do
  modprobe -S "$release" --show-depends "$name" | sed -n 's/^insmod //p'
done | awk '!seen[$1]++ { print $1 }' | while read -r file; do
  plain=$(basename "$file" | sed 's/\.ko.*/.ko/')
  case $file in
    *.xz) xz -dc "$file" ;;
    *.zst) zstd -dc "$file" ;;
    *) cat "$file" ;;
  esac > "/initramfs/modules/$plain"
  echo "$plain" >> /initramfs/modules/order
done
cd /initramfs
find . | busybox cpio -o -H newc 2> /dev/null | gzip -1 > /boot/initramfs
cd /
rm -r /initramfs
