/* Secret files: made, sized, mapped, touched, passed on, let go. */
#define _GNU_SOURCE
#include "secretwork.h"
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SYS_MEMFD_SECRET 447 /* the same number on every architecture; missing in older libc headers */

struct file files[MAX_FILES];
static struct { bool used; int end[2]; } sockets[MAX_FILES];

int make_secret(unsigned flags) { return syscall(SYS_MEMFD_SECRET, flags); }

int remember(int fd) {
  for (int i = 0; i < MAX_FILES; i++)
    if (!files[i].used) {
      files[i] = (struct file){.used = true, .fd = fd};
      return i;
    }
  close(fd);
  return -1;
}

struct file *file_named(const char *word) {
  long id = number(word);
  return id >= 0 && id < MAX_FILES && files[id].used ? &files[id] : NULL;
}

static sigjmp_buf out_of_touch;
static void on_bus_error(int signal) {
  (void)signal;
  siglongjmp(out_of_touch, 1);
}

/* Writes one byte a page. Returns how many pages took it; fewer than asked: SIGBUS at that page, survived. */
long touch(char *from, long pages, bool survive) {
  volatile long done = 0;
  struct sigaction catch = {.sa_handler = on_bus_error}, before;
  if (survive) sigaction(SIGBUS, &catch, &before);
  if (!survive || !sigsetjmp(out_of_touch, 1))
    for (; done < pages; done++) ((volatile char *)from)[done * PAGE] = 1;
  if (survive) sigaction(SIGBUS, &before, NULL);
  return done;
}

int send_descriptor(int socket, const char *text, int fd) {
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {(char *)text, strlen(text)};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(head), &fd, sizeof fd);
  return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static void create(const char *flags) {
  int fd = make_secret(flags ? (unsigned)number(flags) : 0);
  struct stat status;
  if (fd < 0 || fstat(fd, &status)) return failed();
  ok("file=%d inode=%lu device=%02x:%02x", remember(fd), status.st_ino, major(status.st_dev), minor(status.st_dev));
}

static void map(struct file *file, long pages) {
  if (pages <= 0) {
    struct stat status;
    if (fstat(file->fd, &status)) return failed();
    pages = status.st_size / PAGE;
  }
  char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
  if (at == MAP_FAILED) return failed();
  file->map = at;
  file->mapped_pages = pages;
  ok("pages=%ld", pages);
}

static void unmap(struct file *file) {
  if (file->map) munmap(file->map, file->mapped_pages * PAGE);
  file->map = NULL;
  file->mapped_pages = 0;
  if (file->fd < 0) file->used = false;
}

static void close_file(struct file *file) {
  if (file->fd >= 0) close(file->fd);
  file->fd = -1;
  if (!file->map) file->used = false;
}

/* The way past the old limit: never more than `size` pages mapped at a time. */
static void window(struct file *file, long from, long count, long size) {
  long done = 0;
  while (done < count) {
    long now = count - done < size ? count - done : size;
    char *at = mmap(NULL, now * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, (from + done) * PAGE);
    if (at == MAP_FAILED) return failed();
    long touched = touch(at, now, true);
    munmap(at, now * PAGE);
    done += touched;
    if (touched < now) return ok("touched=%ld sigbus=%ld", done, from + done);
  }
  ok("touched=%ld", done);
}

/* Puts the descriptor into a socket that only this process holds, and lets go of the file itself. */
static void in_flight(struct file *file) {
  for (int i = 0; i < MAX_FILES; i++) {
    if (sockets[i].used) continue;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets[i].end)) return failed();
    sockets[i].used = true;
    if (send_descriptor(sockets[i].end[0], "f", file->fd)) return failed();
    unmap(file);
    close_file(file);
    return ok("socket=%d", i);
  }
  refuse("too-many-sockets");
}

static void close_socket(long id) {
  close(sockets[id].end[0]);
  close(sockets[id].end[1]);
  sockets[id].used = false;
}

/* A child must not keep alive what its parent has in flight. */
void forget_sockets(void) {
  for (int i = 0; i < MAX_FILES; i++)
    if (sockets[i].used) close_socket(i);
}

static void drop_socket(long id) {
  if (id < 0 || id >= MAX_FILES || !sockets[id].used) return refuse("no-such-socket");
  close_socket(id);
  ok("%s", "");
}

static const char *const names[] = {"create", "size",   "map",      "touch",       "unmap", "close",
                                    "dup",    "window", "inflight", "drop-socket", NULL};
bool is_file_command(const char *name) {
  for (const char *const *each = names; *each; each++)
    if (!strcmp(*each, name)) return true;
  return false;
}

void file_command(int words, char **word) {
  (void)words;
  if (!strcmp(word[0], "create")) return create(word[1]);
  if (!strcmp(word[0], "drop-socket")) return drop_socket(number(word[1]));
  struct file *file = file_named(word[1]);
  if (!file) return refuse("no-such-file");
  if (!strcmp(word[0], "size")) {
    if (ftruncate(file->fd, number(word[2]) * PAGE)) return failed();
    return ok("%s", "");
  }
  if (!strcmp(word[0], "map")) return map(file, word[2] ? number(word[2]) : 0);
  if (!strcmp(word[0], "touch")) {
    long from = number(word[2]), count = number(word[3]);
    if (!file->map || from < 0 || count < 0 || from + count > file->mapped_pages) return refuse("not-mapped-so-far");
    long done = touch(file->map + from * PAGE, count, !(word[4] && !strcmp(word[4], "die")));
    if (done < count) return ok("touched=%ld sigbus=%ld", done, from + done);
    return ok("touched=%ld", done);
  }
  if (!strcmp(word[0], "unmap")) return unmap(file), ok("%s", "");
  if (!strcmp(word[0], "close")) return close_file(file), ok("%s", "");
  if (!strcmp(word[0], "dup")) {
    int fd = dup(file->fd);
    if (fd < 0) return failed();
    return ok("file=%d", remember(fd));
  }
  if (!strcmp(word[0], "inflight")) return in_flight(file);
  long size = number(word[4]);
  if (size <= 0) return refuse("window-of-nothing");
  window(file, number(word[2]), number(word[3]), size);
}
