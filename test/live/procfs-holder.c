/*
 * Holds secret memory in one of several ways, says so on stdout, and ends when stdin is closed.
 *   procfs-holder MODE [PAGES]
 * Prints "ready" once everything is in place, then waits. Written for test/live/procfs.test.ts only.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int make(long pages)
{
	int fd = syscall(447, O_CLOEXEC);
	if (fd < 0)
		fail("memfd_secret");
	if (ftruncate(fd, pages * PAGE))
		fail("ftruncate");
	return fd;
}

static char *map(int fd, long pages, long from)
{
	char *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, from * PAGE);
	if (at == MAP_FAILED)
		fail("mmap");
	return at;
}

static void touch(char *at, long pages)
{
	for (long i = 0; i < pages; i++)
		at[i * PAGE] = 1;
}

static void wait_for_end(void)
{
	char c;
	printf("ready\n");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
}

static void *outlive_leader(void *unused)
{
	(void)unused;
	usleep(50000);
	wait_for_end();
	_exit(0);
}

static void send_fd(int over, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof fd)] = {0};
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	if (sendmsg(over, &message, 0) != 1)
		fail("sendmsg");
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	long pages = argc > 2 ? atol(argv[2]) : 1;

	if (!strcmp(mode, "none")) {
		wait_for_end();
	} else if (!strcmp(mode, "open")) { /* touched through a mapping that is gone again */
		int fd = make(pages);
		char *at = map(fd, pages, 0);
		touch(at, pages);
		munmap(at, pages * PAGE);
		wait_for_end();
	} else if (!strcmp(mode, "mapped")) { /* twice the size that is touched */
		int fd = make(2 * pages);
		touch(map(fd, 2 * pages, 0), pages);
		close(fd);
		wait_for_end();
	} else if (!strcmp(mode, "both")) {
		int fd = make(pages);
		touch(map(fd, pages, 0), pages);
		if (dup(fd) < 0)
			fail("dup");
		wait_for_end();
	} else if (!strcmp(mode, "fork")) { /* the child maps and touches the same pages */
		int fd = make(pages), up[2];
		char *at = map(fd, pages, 0), c;
		touch(at, pages);
		close(fd);
		if (pipe(up))
			fail("pipe");
		pid_t child = fork();
		if (child == 0) {
			touch(at, pages);
			close(up[0]);
			if (write(up[1], "", 1) != 1)
				fail("write");
			while (read(0, &c, 1) > 0)
				;
			_exit(0);
		}
		if (read(up[0], &c, 1) != 1)
			fail("child");
		printf("child %d\n", child);
		wait_for_end();
		waitpid(child, NULL, 0);
	} else if (!strcmp(mode, "files")) { /* one touched, one empty */
		int first = make(pages);
		touch(map(first, pages, 0), pages);
		make(pages);
		wait_for_end();
	} else if (!strcmp(mode, "mappings")) { /* the second sees the upper half only, and adds what the first left out */
		int fd = make(2 * pages);
		touch(map(fd, 2 * pages, 0), pages);
		touch(map(fd, pages, pages), pages);
		close(fd);
		wait_for_end();
	} else if (!strcmp(mode, "flight")) { /* in a socket's queue, and nowhere else */
		int pair[2], fd = make(pages);
		char *at = map(fd, pages, 0);
		touch(at, pages);
		munmap(at, pages * PAGE);
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			fail("socketpair");
		send_fd(pair[0], fd);
		close(fd);
		wait_for_end();
	} else if (!strcmp(mode, "name")) { /* the worst name that fits 15 bytes */
		prctl(PR_SET_NAME, "a) R 1\n(\033[31\xff");
		make(1);
		wait_for_end();
	} else if (!strcmp(mode, "impostor")) { /* open and mapped; argv[2] is deleted and was called /secretmem */
		int fd = open(argv[2], O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd < 0 || ftruncate(fd, PAGE))
			fail(argv[2]);
		touch(map(fd, 1, 0), 1);
		unlink(argv[2]);
		wait_for_end();
	} else if (!strcmp(mode, "leaderless")) { /* the main thread has ended */
		pthread_t thread;
		int fd = make(pages);
		touch(map(fd, pages, 0), pages);
		if (pthread_create(&thread, NULL, outlive_leader, NULL))
			fail("pthread_create");
		pthread_exit(NULL);
	} else {
		fprintf(stderr, "unknown mode\n");
		return 2;
	}
	return 0;
}
