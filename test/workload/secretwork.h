/* What the parts of secretwork share. The protocol is in README.md. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MAX_FILES = 128, MAX_CHILDREN = 32, MAX_LINE = 1024, MAX_WORDS = 8, LIFETIME_SECONDS = 1200 };
#define PAGE 4096L

/* One secret file as this process knows it: a descriptor, a mapping, or only one of them. */
struct file {
  bool used;
  int fd; /* -1: closed */
  char *map; /* NULL: not mapped */
  long mapped_pages;
};
extern struct file files[MAX_FILES];

/* answer.c: the channel to whoever drives this process. One request, one line of answer. */
void channel_is(int socket); /* -1: stdin and stdout */
int channel(void);
bool next_request(char *line, int *passed_fd);
void ok(const char *format, ...) __attribute__((format(printf, 1, 2)));
void failed(void); /* with errno */
void refuse(const char *why);

/* files.c */
int remember(int fd);
struct file *file_named(const char *word);
void file_command(int words, char **word);
bool is_file_command(const char *name);
int make_secret(unsigned flags);
long touch(char *from, long pages, bool survive);
int send_descriptor(int socket, const char *text, int fd);
void forget_sockets(void);

/* children.c */
void become_child(int socket);
void live_bounded(void);
void relay(char *line);
void child_command(int words, char **word);
bool is_child_command(const char *name);
bool has_children(void);

/* self.c */
void self_command(int words, char **word);
bool is_self_command(const char *name);
void resume(int argc, char **argv);

/* load.c */
void load_command(int words, char **word);
bool is_load_command(const char *name);

long number(const char *word);
void serve(void) __attribute__((noreturn));
