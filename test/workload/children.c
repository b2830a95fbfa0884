/* The tree: each process drives its children, each over a socket of its own. */
#define _GNU_SOURCE
#include "secretwork.h"
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
  bool used;
  char name[32];
  pid_t pid;
  int socket;
} children[MAX_CHILDREN];

bool has_children(void) {
  for (int i = 0; i < MAX_CHILDREN; i++)
    if (children[i].used) return true;
  return false;
}

static int child_named(const char *name) {
  for (int i = 0; name && i < MAX_CHILDREN; i++)
    if (children[i].used && !strcmp(children[i].name, name)) return i;
  return -1;
}

/* A copy of the parent: it has the files and mappings, but not the parent's children nor its channel. */
void become_child(int socket) {
  live_bounded();
  forget_sockets();
  for (int i = 0; i < MAX_CHILDREN; i++) {
    if (children[i].used) close(children[i].socket);
    children[i].used = false;
  }
  if (channel() >= 0) close(channel());
  channel_is(socket);
}

/* wanted 0: any pid; otherwise clone3 with set_tid, which takes just that one or fails. */
static pid_t fork_as(pid_t wanted) {
  if (!wanted) return fork();
  struct clone_args how = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1};
  return syscall(SYS_clone3, &how, sizeof how);
}

static void start_child(const char *name, pid_t wanted) {
  int pair[2], slot = 0;
  while (slot < MAX_CHILDREN && children[slot].used) slot++;
  if (slot == MAX_CHILDREN || !name || strlen(name) >= sizeof children[0].name || child_named(name) >= 0)
    return refuse("bad-child-name");
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair)) return failed();
  pid_t parent = getpid();
  pid_t pid = fork_as(wanted);
  if (pid < 0) {
    int code = errno;
    close(pair[0]);
    close(pair[1]);
    errno = code;
    return failed();
  }
  if (!pid) {
    close(pair[0]);
    become_child(pair[1]);
    if (getppid() != parent) _exit(1); /* The parent ended before pdeathsig was set. */
    serve();
  }
  close(pair[1]);
  children[slot].used = true;
  children[slot].pid = pid;
  children[slot].socket = pair[0];
  strcpy(children[slot].name, name);
  ok("pid=%d", pid);
}

static void reap(int slot, const char *answered) {
  int status = 0;
  close(children[slot].socket);
  while (waitpid(children[slot].pid, &status, 0) < 0 && errno == EINTR) {}
  children[slot].used = false;
  if (WIFSIGNALED(status)) ok("%s=1 signal=%d", answered, WTERMSIG(status));
  else ok("%s=1 exit=%d", answered, WEXITSTATUS(status));
}

static void pass_answer(int slot) {
  char text[MAX_LINE];
  ssize_t got;
  do got = recv(children[slot].socket, text, sizeof text - 1, 0);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return reap(slot, "gone");
  text[got] = 0;
  text[strcspn(text, "\n")] = 0;
  /* The child's answer becomes ours, an error too. */
  if (!strncmp(text, "ok", 2)) return ok("%s", text[2] ? text + 3 : "");
  char *name = strrchr(text, ' ');
  errno = number(strtok(text + 6, " "));
  if (errno > 0) failed();
  else refuse(name ? name + 1 : "unknown");
}

void relay(char *line) {
  char *rest = strchr(line, ' ');
  if (rest) *rest++ = 0;
  int slot = child_named(line);
  if (slot < 0 || !rest || !*rest) return refuse("no-such-child");
  send(children[slot].socket, rest, strlen(rest), MSG_NOSIGNAL);
  pass_answer(slot);
}

static const char *const names[] = {"fork", "end", "kill", "send", NULL};
bool is_child_command(const char *name) {
  for (const char *const *each = names; *each; each++)
    if (!strcmp(*each, name)) return true;
  return false;
}

void child_command(int words, char **word) {
  if (!strcmp(word[0], "fork")) return start_child(word[1], words > 2 ? (pid_t)number(word[2]) : 0);
  int slot = child_named(word[words - 1]);
  if (slot < 0) return refuse("no-such-child");
  if (!strcmp(word[0], "send")) {
    struct file *file = file_named(word[1]);
    if (!file || file->fd < 0) return refuse("no-such-file");
    if (send_descriptor(children[slot].socket, "f", file->fd)) return failed();
    return pass_answer(slot);
  }
  /* end: the child sees its channel close and leaves by itself. */
  if (!strcmp(word[0], "kill")) kill(children[slot].pid, SIGKILL);
  else shutdown(children[slot].socket, SHUT_RDWR);
  reap(slot, "ended");
}
