// The profile's list: nothing on it twice, nothing that reaches out of a container, everything that programs need to start.
import { expect, test } from 'vitest';
import { seccompProfile } from './seccomp.ts';

const plain = seccompProfile.syscalls
  .filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && args.length === 0)
  .flatMap(({ names }) => names);

test('everything else is refused, and 32-bit calls too', () => {
  expect(seccompProfile.defaultAction).toBe('SCMP_ACT_ERRNO');
  expect(seccompProfile.archMap.every(({ subArchitectures }) => subArchitectures.length === 0)).toBe(true);
  expect(new Set(plain).size).toBe(plain.length);
});

test.each(
  'mount umount2 move_mount open_tree fsopen pivot_root chroot unshare setns ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd keyctl add_key request_key bpf perf_event_open io_uring_setup io_uring_enter io_uring_register userfaultfd init_module finit_module kexec_load reboot swapon settimeofday clock_settime clock_adjtime adjtimex syslog acct quotactl open_by_handle_at name_to_handle_at fanotify_init fanotify_mark vmsplice modify_ldt iopl ioperm memfd_secret mbind move_pages personality socket clone clone3'.split(
    ' ',
  ),
)('cannot call %s without a condition', (name) => {
  expect(plain).not.toContain(name);
});

test.each('execve openat mmap futex clock_gettime rt_sigtimedwait wait4 kill epoll_wait getrandom rseq fallocate'.split(' '))(
  'can call %s',
  (name) => {
    expect(plain).toContain(name);
  },
);

test('sockets are local or of the network that a container has: its own loopback', () => {
  const rules = seccompProfile.syscalls.filter(({ names }) => (names as readonly string[]).includes('socket'));
  expect(rules.map(({ args }) => args.map(({ index, value, op, ...rest }) => ({ index, value, op, ...rest })))).toMatchSnapshot();
});
