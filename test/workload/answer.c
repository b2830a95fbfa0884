/* The channel: the root reads lines on stdin, every other process packets on a socket that its parent holds. */
#define _GNU_SOURCE
#include "secretwork.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int socket_fd = -1;

void channel_is(int socket) { socket_fd = socket; }
int channel(void) { return socket_fd; }

static bool next_line(char *line) {
  size_t length = 0;
  for (;;) {
    char byte;
    ssize_t got = read(0, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    if (byte == '\n') break;
    if (length < MAX_LINE - 1) line[length++] = byte;
  }
  line[length] = 0;
  return true;
}

bool next_request(char *line, int *passed_fd) {
  *passed_fd = -1;
  if (socket_fd < 0) return next_line(line);
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec part = {line, MAX_LINE - 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t got;
  do got = recvmsg(socket_fd, &message, 0);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  line[got] = 0;
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  if (head && head->cmsg_type == SCM_RIGHTS) memcpy(passed_fd, CMSG_DATA(head), sizeof(int));
  return true;
}

static void answer(const char *text, size_t length) {
  ssize_t done = socket_fd < 0 ? write(1, text, length) : send(socket_fd, text, length, MSG_NOSIGNAL);
  if (done != (ssize_t)length) _exit(1); /* Nobody listens any more. */
}

void ok(const char *format, ...) {
  char text[MAX_LINE];
  int length = snprintf(text, sizeof text, "ok%s", *format ? " " : "");
  va_list values;
  va_start(values, format);
  length += vsnprintf(text + length, sizeof text - length - 1, format, values);
  va_end(values);
  text[length++] = '\n';
  answer(text, length);
}

void failed(void) {
  int code = errno;
  char text[MAX_LINE];
  const char *name = strerrorname_np(code);
  int length = snprintf(text, sizeof text, "error %d %s\n", code, name ? name : "unknown");
  answer(text, length);
}

void refuse(const char *why) {
  char text[MAX_LINE];
  answer(text, snprintf(text, sizeof text, "error 0 %s\n", why));
}
