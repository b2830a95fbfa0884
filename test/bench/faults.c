/*
 * The load of the overhead benchmark: does one kind of work a line of stdin asks for, and answers what it cost.
 *   secret N    touch N new pages of a secret file        -> wall and CPU nanoseconds of the touching alone
 *   anonymous N touch N new pages of ordinary memory      -> the same
 *   calls N     N system calls that do nothing            -> the same
 *   run COMMAND a shell command                           -> wall, and CPU of it and its children
 * Answer: `WALL CPU`, or `error WHAT`. Ends with stdin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

struct cost { long long wall, cpu; };

static long long clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static struct cost now(void) {
  return (struct cost){clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
}

static void answer(struct cost before, struct cost after) {
  printf("%lld %lld\n", after.wall - before.wall, after.cpu - before.cpu);
}

static void touch(char *at, long pages, long size) {
  struct cost before = now();
  for (long i = 0; i < pages; i++) *(volatile char *)(at + i * size) = 1;
  answer(before, now());
}

static const char *memory(long pages, int secret) {
  long size = sysconf(_SC_PAGESIZE);
  int fd = -1;
  if (secret) {
    fd = syscall(SYS_memfd_secret, 0);
    if (fd < 0) return "memfd_secret";
    if (ftruncate(fd, pages * size)) return "ftruncate";
  }
  int flags = secret ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  char *at = mmap(NULL, pages * size, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (at == MAP_FAILED) return "mmap";
  if (!secret) madvise(at, pages * size, MADV_NOHUGEPAGE);
  touch(at, pages, size);
  munmap(at, pages * size);
  if (fd >= 0) close(fd);
  return NULL;
}

static const char *calls(long count) {
  struct cost before = now();
  for (long i = 0; i < count; i++) syscall(SYS_getppid);
  answer(before, now());
  return NULL;
}

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

static const char *run(const char *command) {
  long long before = clock_ns(CLOCK_MONOTONIC);
  pid_t pid = fork();
  if (!pid) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl("/bin/sh", "sh", "-c", command, NULL);
    _exit(127);
  }
  int status;
  struct rusage used;
  if (pid < 0 || wait4(pid, &status, 0, &used) < 0) return "fork";
  if (!WIFEXITED(status) || WEXITSTATUS(status)) return "the command failed";
  printf("%lld %lld\n", clock_ns(CLOCK_MONOTONIC) - before,
         1000 * (microseconds(used.ru_utime) + microseconds(used.ru_stime)));
  return NULL;
}

int main(void) {
  static char line[8192];
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    char *rest = strchr(line, ' ');
    if (!rest) return 2;
    *rest++ = 0;
    const char *wrong = !strcmp(line, "secret")      ? memory(atol(rest), 1)
                        : !strcmp(line, "anonymous") ? memory(atol(rest), 0)
                        : !strcmp(line, "calls")     ? calls(atol(rest))
                        : !strcmp(line, "run")       ? run(rest)
                                                     : "unknown request";
    if (wrong) printf("error %s: %s\n", wrong, strerror(errno));
    fflush(stdout);
  }
  return 0;
}
