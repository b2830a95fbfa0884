#!/bin/sh
# Process 1 of a guest. Mounts what a Debian system has, runs /lab/command.sh, sends its output and exit status to the
# host over virtio-serial ports (kernel messages stay on the serial console), and switches the guest off.
# With systemd, that is process 1 once everything is mounted, and starts this script again, as a service: "booted".
# /lab is written by the host for this run; /lab/settings.sh gives guest_name, repository, interactive and systemd.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
. /lab/settings.sh

mount_all() {
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount -t tmpfs -o mode=1777 tmpfs /tmp
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /dev/pts /dev/shm /run/lock /run/lab/repository /run/lab/written
  mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm
  # devtmpfs has no such links; bpftrace 0.24 and later fails with an odd clang error without /dev/fd.
  ln -sfn /proc/self/fd /dev/fd
  ln -sfn fd/0 /dev/stdin
  ln -sfn fd/1 /dev/stdout
  ln -sfn fd/2 /dev/stderr
  mount -t securityfs securityfs /sys/kernel/security
  mount -t debugfs debugfs /sys/kernel/debug
  mount -t tracefs tracefs /sys/kernel/tracing
  mount -t bpf bpf /sys/fs/bpf
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
  done 2> /dev/null
  echo "$guest_name" > /proc/sys/kernel/hostname
  ip link set lo up

  share="trans=virtio,version=9p2000.L,msize=512000"
  mkdir -p /out "$repository"
  mount -t 9p -o "$share,cache=mmap" out /out
  mount -t 9p -o "$share,ro,cache=loose" repository /run/lab/repository
  mount -t tmpfs tmpfs /run/lab/written
  mkdir /run/lab/written/upper /run/lab/written/work
  mount -t overlay -o lowerdir=/run/lab/repository,upperdir=/run/lab/written/upper,workdir=/run/lab/written/work \
    overlay "$repository"
}

start_systemd() {
  units=/run/systemd/system
  mkdir -p $units
  cat > $units/lab.service << 'UNIT'
[Unit]
After=basic.target
[Service]
ExecStart=/bin/sh /lab/guest-init.sh booted
# What a command provokes is its own business: it is neither bounded nor ended for it.
OOMPolicy=continue
TasksMax=infinity
LimitNOFILE=1048576
UNIT
  printf '[Unit]\nRequires=basic.target\nWants=lab.service\n' > $units/lab.target
  exec /lib/systemd/systemd --unit=lab.target
}

if [ "$1" != booted ]; then
  mount_all
  [ "$systemd" = 0 ] || start_systemd
fi

port() {
  grep -lx "lab.$1" /sys/class/virtio-ports/*/name | sed 's|/name$||; s|.*/|/dev/|'
}
exec 9> "$(port status)"
echo "booted $(cut -d' ' -f1 /proc/uptime)" >&9

if [ "$interactive" = 1 ]; then
  setsid --ctty --wait sh /lab/command.sh < /dev/ttyS0 > /dev/ttyS0 2>&1 9>&-
  status=$?
else
  # Pipes in between, because a port can be opened only once and /dev/stdout would then be "busy". The two carriers
  # must outlive an OOM killer that the command provokes.
  mkfifo /run/lab/stdout /run/lab/stderr
  (echo -1000 > /proc/self/oom_score_adj; exec cat /run/lab/stdout > "$(port stdout)" 9>&-) &
  carriers=$!
  (echo -1000 > /proc/self/oom_score_adj; exec cat /run/lab/stderr > "$(port stderr)" 9>&-) &
  carriers="$carriers $!"
  setsid --wait sh /lab/command.sh < /dev/null > /run/lab/stdout 2> /run/lab/stderr 9>&-
  status=$?
fi

# Whatever the command left running would hold the pipes and /out open. Kernel threads ignore this.
for process in /proc/[0-9]*; do
  case " 1 $$ $carriers " in
    *" ${process#/proc/} "*) ;;
    *) kill -KILL "${process#/proc/}" 2> /dev/null ;;
  esac
done
# shellcheck disable=SC2086  # one word a process
[ "$interactive" = 1 ] || wait $carriers
cd /
sync
umount /out || echo "lab: /out was still in use" > /dev/console
echo "exit $status" >&9
exec busybox poweroff -f
