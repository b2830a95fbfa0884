/* What a process may change about itself: its name, its image, its user, its limit. */
#define _GNU_SOURCE
#include "secretwork.h"
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Hex, because a name may hold any byte but 0. */
static void rename_to(const char *hex) {
  char name[16] = {0};
  for (int i = 0; i < 15 && hex && hex[2 * i] && hex[2 * i + 1]; i++) {
    char byte[3] = {hex[2 * i], hex[2 * i + 1], 0};
    name[i] = (char)strtol(byte, NULL, 16);
  }
  if (prctl(PR_SET_NAME, name)) return failed();
  ok("%s", "");
}

/*
 * The same program again, in the same process. Mappings are always lost; keep: descriptors stay open; lose: not. The
 * new image gives the answer, and the kernel names the process after the file again.
 */
static void exec_again(bool keep) {
  static char path[4096], state[MAX_LINE], socket[16];
  size_t length = 0;
  if (has_children()) return refuse("has-children");
  ssize_t got = readlink("/proc/self/exe", path, sizeof path - 1);
  if (got < 0) return failed();
  state[0] = '-';
  for (int i = 0; i < MAX_FILES && length < sizeof state - 32; i++) {
    if (!files[i].used || files[i].fd < 0) continue;
    fcntl(files[i].fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
    if (keep) length += snprintf(state + length, sizeof state - length, "%d:%d,", i, files[i].fd);
  }
  snprintf(socket, sizeof socket, "%d", channel());
  char *again[] = {path, "--resume", socket, state, NULL};
  execv(path, again);
  failed();
}

void resume(int argc, char **argv) {
  channel_is((int)number(argv[2]));
  for (char *each = argc > 3 ? strtok(argv[3], ",") : NULL; each; each = strtok(NULL, ",")) {
    int id, fd;
    if (sscanf(each, "%d:%d", &id, &fd) == 2 && id >= 0 && id < MAX_FILES)
      files[id] = (struct file){.used = true, .fd = fd};
  }
  ok("%s", "");
}

static void become_user(uid_t user) {
  if (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user)) return failed();
  prctl(PR_SET_DUMPABLE, 1);
  live_bounded();
  ok("%s", "");
}

static const char *const names[] = {"pid", "rename", "exec", "uid", "memlock", NULL};
bool is_self_command(const char *name) {
  for (const char *const *each = names; *each; each++)
    if (!strcmp(*each, name)) return true;
  return false;
}

void self_command(int words, char **word) {
  if (!strcmp(word[0], "pid")) return ok("pid=%d", getpid());
  if (!strcmp(word[0], "rename")) return rename_to(word[1]); /* No value: a name of no bytes. */
  if (words < 2) return refuse("needs-a-value");
  if (!strcmp(word[0], "exec")) return exec_again(!strcmp(word[1], "keep"));
  if (!strcmp(word[0], "uid")) return become_user((uid_t)number(word[1]));
  struct rlimit limit = {(rlim_t)number(word[1]), (rlim_t)number(word[1])};
  if (setrlimit(RLIMIT_MEMLOCK, &limit)) return failed();
  ok("%s", "");
}
