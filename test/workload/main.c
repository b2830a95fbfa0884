/* secretwork: does with secret memory exactly what it is told, one line at a time, so that a test knows the truth. */
#include "secretwork.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

long number(const char *word) {
  char *end;
  errno = 0;
  long value = strtol(word ? word : "", &end, 0);
  return word && *word && !*end && !errno ? value : -1;
}

/* Nothing survives its driver, and nothing lives for ever: pdeathsig is lost on fork and on a change of user. */
void live_bounded(void) {
  long seconds = number(getenv("SECRETWORK_SECONDS"));
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(seconds > 0 ? (unsigned)seconds : LIFETIME_SECONDS);
}

static int split(char *line, char **word) {
  int words = 0;
  for (char *each = strtok(line, " "); each && words < MAX_WORDS; each = strtok(NULL, " ")) word[words++] = each;
  for (int i = words; i < MAX_WORDS; i++) word[i] = NULL;
  return words;
}

void serve(void) {
  static char line[MAX_LINE];
  int passed;
  while (next_request(line, &passed)) {
    char *word[MAX_WORDS];
    if (passed >= 0) {
      ok("file=%d", remember(passed));
      continue;
    }
    if (line[0] == '@') {
      relay(line + 1);
      continue;
    }
    int words = split(line, word);
    if (!words) refuse("empty");
    else if (is_file_command(word[0])) file_command(words, word);
    else if (is_child_command(word[0])) child_command(words, word);
    else if (is_self_command(word[0])) self_command(words, word);
    else if (is_load_command(word[0])) load_command(words, word);
    else refuse("unknown-command");
  }
  _exit(0);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  live_bounded();
  channel_is(-1);
  if (argc > 2 && !strcmp(argv[1], "--resume")) resume(argc, argv);
  serve();
}
