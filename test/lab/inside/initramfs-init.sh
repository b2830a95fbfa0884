#!/bin/busybox sh
# First program of a guest: mounts the image (a folder of the host, read-only) with a tmpfs on top, and hands over.
export PATH=/bin
/bin/busybox --install -s /bin

give_up() {
  echo "lab: $*" > /dev/console
  poweroff -f
}

mkdir -p /proc /sys /dev /image /written /newroot
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
mount -t sysfs sysfs /sys
while read -r module; do
  insmod "/modules/$module" || give_up "module $module did not load"
done < /modules/order

share="trans=virtio,version=9p2000.L,msize=512000"
# The image does not change while a guest runs, so everything may be cached.
mount -t 9p -o "$share,ro,cache=loose" image /image || give_up "the image did not mount"
mount -t tmpfs -o size=75% tmpfs /written
mkdir /written/upper /written/work
mount -t overlay -o lowerdir=/image,upperdir=/written/upper,workdir=/written/work overlay /newroot ||
  give_up "the overlay on the image did not mount"
mkdir -p /newroot/lab
mount -t 9p -o "$share,ro" job /newroot/lab || give_up "the job folder did not mount"
umount /proc /sys
mount --move /dev /newroot/dev
exec switch_root /newroot /bin/sh /lab/guest-init.sh
