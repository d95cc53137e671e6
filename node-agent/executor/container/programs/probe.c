// Tries to break out of a job's container and says what the kernel answered, one line a try: name and error number.
// As root on a bare machine it would succeed, so it does nothing unless it is a process of a container and not root.
#include "syscalls.h"

/** A container has its own numbers, of which the runtime's threads took the first few. */
#define MAX_PID 64

static char buffer[4096];

static void number(long value) {
  char text[24];
  int n = 23;
  text[n] = 0;
  word left = value < 0 ? -value : value;
  do text[--n] = '0' + left % 10;
  while (left /= 10);
  say(1, text + n);
}
static void told(const char *name, long result) {
  say(1, name);
  say(1, result < 0 ? " -" : " ");
  number(result);
  say(1, "\n");
}
static void show(const char *path) {
  long file = CALL(openat, -100, path, 0, 0);
  say(1, "--- ");
  say(1, path);
  say(1, "\n");
  for (;;) {
    long n = CALL(read, file, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    CALL(write, 1, buffer, n, 0);
  }
  say(1, "\n---\n");
}
static long parsed(const char *text) {
  long value = 0;
  while (*text >= '0' && *text <= '9') value = value * 10 + (*text++ - '0');
  return value;
}
static long opened(const char *path, int flags) { return CALL(openat, -100, path, flags, 0600); }

static void floor_(long port) {
  told("mount", CALL(mount, "none", "/tmp", "tmpfs", 0));
  told("umount", CALL(umount2, "/proc", 2, 0, 0));
  told("unshare", CALL(unshare, 0x10000000, 0, 0, 0));
  told("clone-namespace", CALL(clone, 0x10000000 | 17, 0, 0, 0));
  told("setns", CALL(setns, 0, 0, 0, 0));
  told("chroot", CALL(chroot, "/tmp", 0, 0, 0));
  told("setuid", CALL(setuid, 0, 0, 0, 0));
  told("mknod", CALL(mknodat, -100, "/tmp/null", 020600, 0x103));
  told("ptrace", CALL(ptrace, 0, 0, 0, 0));
  told("keyctl", CALL(keyctl, 0, -3, 0, 0));
  told("bpf", CALL(bpf, 0, buffer, 64, 0));
  told("perf", CALL(perf_event_open, buffer, 0, -1, -1));
  told("io-uring", CALL(io_uring_setup, 8, buffer, 0, 0));
  told("userfaultfd", CALL(userfaultfd, 1, 0, 0, 0));
  told("raw-socket", CALL(socket, 2, 3, 1, 0));
  told("packet-socket", CALL(socket, 17, 3, 0, 0));
  told("netlink-socket", CALL(socket, 16, 3, 0, 0));
  told("vsock-socket", CALL(socket, 40, 1, 0, 0));
  told("write-root", opened("/nunet-probe", 0101));
  told("write-inputs", opened("/inputs/nunet-probe", 0101));
  told("write-proc", opened("/proc/sys/kernel/core_pattern", 1));
  told("write-sysrq", opened("/proc/sysrq-trigger", 1));
  told("read-kcore", opened("/proc/kcore", 0) < 0 ? -1 : CALL(read, opened("/proc/kcore", 0), buffer, 16, 0));
  told("read-memory", opened("/dev/mem", 0));
  told("read-kernel-log", opened("/dev/kmsg", 0));
  told("read-keys", opened("/proc/keys", 0) < 0 ? -1 : CALL(read, opened("/proc/keys", 0), buffer, 16, 0));
  long file = CALL(socket, 2, 1, 0, 0);
  struct {
    unsigned short family, port;
    unsigned address, zero[2];
  } to = {2, (unsigned short)((port & 255) << 8 | port >> 8), 0x0100007f, {0, 0}};
  told("loopback", file < 0 ? file : CALL(connect, file, &to, 16, 0));
  to.address = 0xfea9fea9;
  to.port = 0x5000;
  told("metadata", file < 0 ? file : CALL(connect, CALL(socket, 2, 1 | 04000, 0, 0), &to, 16, 0));
  told("write-workspace", opened("/workspace/nunet-probe", 0101));
  told("write-outputs", opened("/outputs/nunet-probe", 0101));
  show("/proc/self/status");
  show("/proc/net/dev");
  // Permitted, and without effect, except in gVisor, where it is the end.
  CALL(kill, 1, 9, 0, 0);
}

void begin(long *stack) {
  char **argv = (char **)(stack + 1);
  if (CALL(getuid, 0, 0, 0, 0) == 0 || CALL(getpid, 0, 0, 0, 0) > MAX_PID) {
    say(1, "not-confined 0\n");
    leave(1);
  }
  say(1, "begun 0\n");
  const char *what = stack[0] > 1 ? argv[1] : "";
  long value = stack[0] > 2 ? parsed(argv[2]) : 0;
  if (what[0] == 'f') floor_(value);
  if (what[0] == 'm') {
    // Touched page by page, so that it counts.
    long area = syscall6(__NR_mmap, 0, value, 3, 0x22, -1, 0);
    if (area > 0 || area < -4095)
      for (long i = 0; i < value; i += 4096) ((volatile char *)area)[i] = 1;
    told("memory", area > 0 || area < -4095 ? 0 : area);
  }
  if (what[0] == 'p') {
    long made = 0;
    for (; made < value; made++) {
      long child = split();
      if (child == 0)
        for (;;) CALL(ppoll, 0, 0, 0, 0);
      if (child < 0) break;
    }
    told("pids", made);
  }
  if (what[0] == 'd') {
    long file = opened("/workspace/nunet-fill", 0102);
    long zone = file < 0 ? file : CALL(fallocate, file, 0, 0, value);
    told("disk", zone);
    long temporary = opened("/tmp/nunet-fill", 0102);
    told("tmp", temporary < 0 ? temporary : CALL(fallocate, temporary, 0, 0, value));
  }
  leave(0);
}
