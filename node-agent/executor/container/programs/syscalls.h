// System calls without a C library, for programs that run in any image: x86-64 and aarch64.
#ifdef __aarch64__
// The generic table hides what has a successor on 32 bits.
#define __ARCH_WANT_TIME32_SYSCALLS
// Headers of an x86-64 machine will do: only this constant differs.
#define __ASM_X86_BITSPERLONG_H
#define __BITS_PER_LONG 64
#include <asm-generic/unistd.h>
#else
#include <asm/unistd.h>
#endif

typedef unsigned long word;

static inline long syscall6(long number, long a, long b, long c, long d, long e, long f) {
#ifdef __aarch64__
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c, x3 __asm__("x3") = d,
                x4 __asm__("x4") = e, x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
  register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#endif
}
#define CALL(name, a, b, c, d) syscall6(__NR_##name, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

void begin(long *stack);
#ifdef __aarch64__
__asm__(".globl _start\n_start: mov x0, sp\n b begin\n");
#else
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#endif

static word length(const char *text) {
  word n = 0;
  while (text[n]) n++;
  return n;
}
static void say(int file, const char *text) { CALL(write, file, text, length(text), 0); }
static void leave(int code) {
  for (;;) CALL(exit_group, code, 0, 0, 0);
}
/** clone(SIGCHLD): a fork on every architecture. */
static long split(void) { return CALL(clone, 17, 0, 0, 0); }
