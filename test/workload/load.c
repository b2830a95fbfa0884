/* Load: crowds of short-lived processes, ordinary memory, and the kernel's own batches brought home. */
#define _GNU_SOURCE
#include "secretwork.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_MEALS = 64 };
static struct { char *at; long pages; } meals[MAX_MEALS];

static int touch_and_leave(long pages) {
  int fd = make_secret(0);
  if (fd < 0 || ftruncate(fd, pages * PAGE)) return 1;
  char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return at == MAP_FAILED || touch(at, pages, true) != pages;
}

/* `processes` of them one after the other, at most `at_once` alive, each with a secret file of its own. */
static void churn(long processes, long pages, long at_once) {
  long started = 0, alive = 0, well = 0;
  while (started < processes || alive) {
    if (started < processes && alive < at_once) {
      pid_t pid = fork();
      if (!pid) {
        live_bounded();
        _exit(touch_and_leave(pages));
      }
      if (pid < 0) return failed();
      started++, alive++;
      continue;
    }
    int status;
    if (wait(&status) < 0) {
      if (errno == EINTR) continue;
      return failed();
    }
    alive--;
    well += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  ok("processes=%ld well=%ld", started, well);
}

/* Ordinary memory, kept until spit. Small pages, so that the amount is exact; huge ones, where only haste matters. */
static void eat(long pages, bool huge) {
  int slot = 0;
  while (slot < MAX_MEALS && meals[slot].at) slot++;
  if (slot == MAX_MEALS) return refuse("full");
  char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) return failed();
  madvise(at, pages * PAGE, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
  meals[slot].at = at;
  meals[slot].pages = pages;
  ok("touched=%ld", touch(at, pages, false));
}

static void spit(void) {
  for (int i = 0; i < MAX_MEALS; i++) {
    if (meals[i].at) munmap(meals[i].at, meals[i].pages * PAGE);
    meals[i].at = NULL;
  }
  ok("%s", "");
}

/*
 * Memory that the kernel cannot move (pipe buffers), kept to the end: whatever the kernel allocates for itself next
 * comes from blocks that were untouched until now.
 */
static void fill(long pages) {
  enum { PIPE_PAGES = 256 };
  static const char page[PAGE];
  for (long done = 0; done < pages;) {
    int end[2];
    if (pipe2(end, O_NONBLOCK | O_CLOEXEC) || fcntl(end[1], F_SETPIPE_SZ, PIPE_PAGES * PAGE) < 0) return failed();
    for (int i = 0; i < PIPE_PAGES && done < pages; i++, done++)
      if (write(end[1], page, PAGE) != PAGE) return failed();
  }
  ok("pages=%ld", pages);
}

/*
 * A new page waits in a per-CPU batch before any LRU list (and nr_unevictable) knows it; madvise(MADV_COLD) empties
 * the batch of the CPU it runs on (lru_add_drain in madvise_cold, mm/madvise.c).
 */
static void drain(void) {
  cpu_set_t all, one;
  if (sched_getaffinity(0, sizeof all, &all)) return failed();
  char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return failed();
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &all)) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof one, &one) || madvise(page, PAGE, MADV_COLD)) return failed();
  }
  sched_setaffinity(0, sizeof all, &all);
  munmap(page, PAGE);
  ok("%s", "");
}

/*
 * BPF programs of this process: socket filters, which the kernel compiles (bpf_int_jit_compile) and keeps, as the
 * sockets are kept to the end. About 10 KiB of machine code each on x86-64.
 */
static void filters(long count) {
  enum { LENGTH = 2000 }; /* more would need more than net.core.optmem_max */
  static struct sock_filter code[LENGTH];
  for (int i = 0; i < LENGTH - 1; i++) code[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0x10000 + i);
  code[LENGTH - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0xffff);
  struct sock_fprog program = {.len = LENGTH, .filter = code};
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files)) return failed();
  files.rlim_cur = files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &files)) return failed();
  for (long i = 0; i < count; i++) {
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program)) return failed();
  }
  ok("filters=%ld", count);
}

static const char *const names[] = {"churn", "eat", "fill", "filters", "spit", "drain", NULL};
bool is_load_command(const char *name) {
  for (const char *const *each = names; *each; each++)
    if (!strcmp(*each, name)) return true;
  return false;
}

void load_command(int words, char **word) {
  if (!strcmp(word[0], "spit")) return spit();
  if (!strcmp(word[0], "drain")) return drain();
  long first = number(word[1]);
  if (first <= 0 || first > (1L << 28)) return refuse("needs-an-amount");
  if (!strcmp(word[0], "eat")) return eat(first, words > 2 && !strcmp(word[2], "huge"));
  if (!strcmp(word[0], "fill")) return fill(first);
  if (!strcmp(word[0], "filters")) return filters(first);
  if (words < 4 || has_children()) return refuse("churn-wants-no-children-and-three-numbers");
  churn(first, number(word[2]), number(word[3]));
}
