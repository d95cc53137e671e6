// PID 1 of a job's container: starts the job, passes signals on to its process group, reaps orphans, and tells by its exit code who ended the job.
// A job that is killed from inside gives KILLED_INSIDE: 137 is then left for a container that was killed from outside, because
// nobody inside can kill PID 1. The job's own exit code is passed on otherwise, except that it cannot be 137 either.
#include "syscalls.h"

#define KILLED_INSIDE 199
#define SIGKILL 9
#define SIGCHLD 17
#define NOT_FOUND -2
#define NO_ACCESS -13

static char candidate[4352];

static long run(char **argv, char **env) {
  const char *name = argv[0];
  for (const char *at = name; *at; at++)
    if (*at == '/') return CALL(execve, name, argv, env, 0);
  const char *path = "/usr/local/bin:/usr/bin:/bin";
  for (char **entry = env; *entry; entry++)
    if ((*entry)[0] == 'P' && (*entry)[1] == 'A' && (*entry)[2] == 'T' && (*entry)[3] == 'H' && (*entry)[4] == '=') path = *entry + 5;
  long worst = NOT_FOUND;
  while (*path) {
    word n = 0;
    while (*path && *path != ':' && n < 4095) candidate[n++] = *path++;
    while (*path && *path != ':') path++;
    if (*path == ':') path++;
    candidate[n++] = '/';
    word m = length(name);
    if (m > 255) return NOT_FOUND;
    for (word i = 0; i <= m; i++) candidate[n + i] = name[i];
    long failed = CALL(execve, candidate, argv, env, 0);
    if (failed != NOT_FOUND) worst = failed;
  }
  return worst;
}

void begin(long *stack) {
  long argc = stack[0];
  char **argv = (char **)(stack + 1);
  char **env = argv + argc + 1;
  if (argc < 2) leave(127);
  // PR_SET_DUMPABLE 0: the job is of the same uid, and could otherwise write its own end into this process through /proc/1/mem.
  CALL(prctl, 4, 0, 0, 0);
  word all = ~0UL, before = 0;
  CALL(rt_sigprocmask, 2, &all, &before, 8);
  long job = split();
  if (job < 0) leave(126);
  if (job == 0) {
    CALL(setpgid, 0, 0, 0, 0);
    CALL(rt_sigprocmask, 2, &before, 0, 8);
    long failed = run(argv + 1, env);
    say(2, "Cannot run ");
    say(2, argv[1]);
    say(2, failed == NOT_FOUND ? ": there is no such program in the image\n" : failed == NO_ACCESS ? ": it is not executable\n" : ": the system refused\n");
    leave(failed == NOT_FOUND ? 127 : 126);
  }
  for (;;) {
    long signal = CALL(rt_sigtimedwait, &all, 0, 0, 8);
    if (signal > 0 && signal != SIGCHLD) CALL(kill, -job, signal, 0, 0);
    for (;;) {
      int status = 0;
      long ended = CALL(wait4, -1, &status, 1, 0);
      if (ended <= 0) break;
      if (ended != job) continue;
      int by = status & 127, code = (status >> 8) & 255;
      if (by == 0) leave(code == 128 + SIGKILL ? KILLED_INSIDE : code);
      leave(by == SIGKILL ? KILLED_INSIDE : 128 + by);
    }
  }
}
