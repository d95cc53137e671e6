// A seccomp program for the confined child: no sockets, no new processes, no namespaces or mounts, none of the kernel's rarer doors.
// Format: struct sock_filter of linux/filter.h; struct seccomp_data of linux/seccomp.h.

/** [x86_64, aarch64] numbers; -1 where the architecture has no such call. Source: the kernel's syscall tables, 6.x. */
const DENIED: Record<string, readonly [number, number]> = {
  socket: [41, 198],
  connect: [42, 203],
  accept: [43, 202],
  bind: [49, 200],
  listen: [50, 201],
  socketpair: [53, 199],
  accept4: [288, 242],
  fork: [57, -1],
  vfork: [58, -1],
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  pidfd_open: [434, 434],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  unshare: [272, 97],
  setns: [308, 268],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  mknod: [133, -1],
  mknodat: [259, 33],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  fanotify_init: [300, 262],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  vmsplice: [278, 75],
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  shmget: [29, 194],
  shmat: [30, 196],
  shmctl: [31, 195],
  msgget: [68, 186],
  semget: [64, 190],
  mq_open: [240, 180],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  syslog: [103, 116],
  acct: [163, 89],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  adjtimex: [159, 171],
  personality: [135, 92],
  vhangup: [153, 58],
  mbind: [237, 235],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  iopl: [172, -1],
  ioperm: [173, -1],
  modify_ldt: [154, -1],
  uselib: [134, -1],
  ustat: [136, -1],
  sysfs: [139, -1],
  lookup_dcookie: [212, 18],
};

const ARCHITECTURES = {
  x64: { audit: 0xc000003e, column: 0, clone: 56, clone3: 435, x32: true },
  arm64: { audit: 0xc00000b7, column: 1, clone: 220, clone3: 435, x32: false },
} as const;

// linux/bpf_common.h
const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;
// linux/seccomp.h
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const errno = (code: number): number => 0x00050000 | code;
const EPERM = 1;
const ENOSYS = 38;
const CLONE_THREAD = 0x00010000;

type Label = 'next' | 'deny' | 'kill' | 'missing' | 'clone';
type Instruction = { readonly code: number; readonly k: number; readonly yes?: Label; readonly no?: Label; readonly at?: Label };

/** The filter for `process.arch`, null where we have none. */
export function syscallFilter(arch: string): Uint8Array | null {
  if (arch !== 'x64' && arch !== 'arm64') return null;
  const { audit, column, clone, clone3, x32 } = ARCHITECTURES[arch];
  const denied = Object.values(DENIED)
    .map((numbers) => numbers[column])
    .filter((number) => number >= 0);
  const program: Instruction[] = [
    // seccomp_data: nr at 0, arch at 4, args from 16. Another architecture's numbers mean other calls.
    { code: LOAD_WORD, k: 4 },
    { code: JUMP_EQUAL, k: audit, yes: 'next', no: 'kill' },
    { code: LOAD_WORD, k: 0 },
    // x32 calls carry bit 30 and would pass by every number below.
    ...(x32 ? [{ code: JUMP_AT_LEAST, k: 0x40000000, yes: 'kill', no: 'next' } as const] : []),
    { code: JUMP_EQUAL, k: clone, yes: 'clone', no: 'next' },
    // Its flags lie in memory, out of a filter's sight; libc falls back to clone.
    { code: JUMP_EQUAL, k: clone3, yes: 'missing', no: 'next' },
    ...denied.map((number) => ({ code: JUMP_EQUAL, k: number, yes: 'deny', no: 'next' }) as const),
    { code: RETURN, k: ALLOW },
    // Threads yes, processes no.
    { code: LOAD_WORD, k: 16, at: 'clone' },
    { code: JUMP_ANY_BIT, k: CLONE_THREAD, yes: 'next', no: 'deny' },
    { code: RETURN, k: ALLOW },
    { code: RETURN, k: errno(EPERM), at: 'deny' },
    { code: RETURN, k: errno(ENOSYS), at: 'missing' },
    { code: RETURN, k: KILL_PROCESS, at: 'kill' },
  ];

  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  const distance = (from: number, label: Label | undefined): number => {
    if (label === undefined || label === 'next') return 0;
    return program.findIndex((instruction) => instruction.at === label) - from - 1;
  };
  program.forEach((instruction, i) => {
    view.setUint16(i * 8, instruction.code, true);
    view.setUint8(i * 8 + 2, distance(i, instruction.yes));
    view.setUint8(i * 8 + 3, distance(i, instruction.no));
    view.setUint32(i * 8 + 4, instruction.k, true);
  });
  return bytes;
}
