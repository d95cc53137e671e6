#!/usr/bin/perl
# What a hostile job tries, one program an argument. Ends with 13 and "refused: ..." when everything was refused, with 0 and
# "ESCAPED: ..." when something worked; bombs go on until somebody ends them.
use strict;
use warnings;
use Errno ();
use IO::Handle;
$| = 1;

my $arm = -e '/lib/ld-linux-aarch64.so.1' ? 1 : 0;
# x86_64, aarch64; the kernel's syscall tables.
my %number = (
  mount => [165, 40], umount2 => [166, 39], pivot_root => [155, 41], chroot => [161, 51], unshare => [272, 97], setns => [308, 268],
  clone => [56, 220], open_tree => [428, 428], move_mount => [429, 429], fsopen => [430, 430], mount_setattr => [442, 442],
  ptrace => [101, 117], process_vm_readv => [310, 270], process_vm_writev => [311, 271], kcmp => [312, 272], pidfd_getfd => [438, 438],
  socket => [41, 198], add_key => [248, 217], request_key => [249, 218], keyctl => [250, 219], bpf => [321, 280],
  perf_event_open => [298, 241], io_uring_setup => [425, 425], userfaultfd => [323, 282], personality => [135, 92],
  clock_settime => [227, 112], settimeofday => [164, 170], adjtimex => [159, 171], clock_adjtime => [305, 266],
  sethostname => [170, 161], setdomainname => [171, 162], init_module => [175, 105], finit_module => [313, 273],
  delete_module => [176, 106], kexec_load => [246, 104], kexec_file_load => [320, 294], reboot => [169, 142], swapon => [167, 224],
  swapoff => [168, 225], syslog => [103, 116], acct => [163, 89], quotactl => [179, 60], fanotify_init => [300, 262],
  name_to_handle_at => [303, 264], open_by_handle_at => [304, 265], mknodat => [259, 33], setuid => [105, 146], setgid => [106, 144],
  setgroups => [116, 159], iopl => [172, -1], ioperm => [173, -1], modify_ldt => [154, -1], move_pages => [279, 239], mbind => [237, 235],
  fchownat => [260, 54], capset => [126, 91], vhangup => [153, 58],
);

sub errno_name {
  my $code = $! + 0;
  for my $name (keys %!) { return $name if Errno->can($name) && Errno->can($name)->() == $code && $name ne 'EWOULDBLOCK' && $name ne 'EDEADLOCK' }
  return $code;
}
sub clean { my $text = join ' ', @_; $text =~ s/\s+/ /g; return substr $text, 0, 380 }

# In the place of the embedded executor's child the same is said in frames: length, kind 2, JSON.
my $embedded = 0;
sub tell_agent { my ($message) = @_; print STDOUT pack('V C', length $message, 2), $message }
sub quoted { my ($text) = @_; $text =~ s/[^\x20-\x7e]|["\\]/?/g; return "\"$text\"" }
sub hear { my ($word) = @_; my $seen = ''; while (index($seen, $word) < 0) { my $some; sysread(STDIN, $some, 65536) or exit 0; $seen .= $some } return $seen }
sub finish {
  my ($text, $code) = @_;
  if (!$embedded) { print STDERR "$text\n"; exit $code }
  tell_agent('{"type":"log","line":'.quoted($text).'}') if $code == 0;
  tell_agent('{"type":"done","fault":{"code":"program-failed","message":'.quoted($text).'},"metrics":[],"outputs":[],"cpuMs":1,"peakMemoryBytes":1}');
  hear('"collect"');
  tell_agent('{"type":"end"}');
  exit 0;
}
sub escaped { finish('ESCAPED: '.clean(@_), 0) }
sub refused { finish('refused: '.clean(@_), 13) }

my (@worked, @not);
# `$try` gives true when the thing worked.
sub attempt { my ($name, $try) = @_; $! = 0; if ($try->()) { push @worked, $name } else { push @not, "$name ".errno_name() } }
sub verdict { escaped(@worked) if @worked; refused(join ', ', @not) }
sub call { my ($name, @rest) = @_; my $number = $number{$name}[$arm]; if ($number < 0) { $! = Errno::ENOSYS(); return 0 } return syscall($number, @rest) >= 0 }
sub try_call { my ($name, @rest) = @_; attempt($name, sub { call($name, @rest) }) }
sub can_write { my ($path, $text) = @_; attempt($path, sub { open(my $file, '>', $path) or return 0; print $file $text; close $file }) }
# What is masked opens, and has nothing in it.
sub can_read { my ($path) = @_; attempt($path, sub { open(my $file, '<', $path) or return 0; my $some; sysread $file, $some, 16 }) }
sub say_all { print join(' ', @_), "\n" }

# Files of 8 MB until the disk says no; how much of it went.
sub fill {
  my ($folder) = @_;
  my $block = 'x' x 1048576;
  my $written = 0;
  for my $i (0 .. 127) {
    open(my $file, '>', "$folder/fill$i") or refused("$folder ".errno_name()." after $written bytes");
    for (1 .. 8) {
      my $count = syswrite $file, $block;
      refused("$folder ".errno_name()." after $written bytes") unless defined $count;
      $written += $count;
    }
  }
  escaped("$written bytes to $folder");
}

sub connects {
  my ($address, $port) = @_;
  attempt("$address:$port", sub {
    socket(my $socket, 2, 1, 0) or return 0;
    my $target = pack 'S n C4 x8', 2, $port, split /\./, $address;
    local $SIG{ALRM} = sub { };
    alarm 2;
    my $done = connect $socket, $target;
    alarm 0;
    return $done;
  });
}

my %attacks = (
  # Resources
  'fork-bomb' => sub { while (1) { fork } },
  'memory-balloon' => sub { my @held; push @held, 'x' x (16 * 1048576) while 1 },
  'fill' => sub { fill($_[0]) },
  'small-files' => sub {
    my ($folder) = @_;
    for my $i (1 .. 1_000_000) {
      open(my $file, '>', "$folder/$i") or refused("file $i ".errno_name());
      close $file;
    }
    escaped('a million files');
  },
  'output-files' => sub {
    for my $i (1 .. 200) { open(my $file, '>', "/outputs/$i") or refused("file $i ".errno_name()); print $file 'x'; close $file }
  },
  'log-flood' => sub { my $line = ('x' x 200)."\n"; while (1) { print $line; print STDERR $line } },
  'log-line' => sub { my $piece = 'x' x 65536; while (1) { print $piece } },
  'log-codes' => sub { print "\e[2J\e]0;owned\a\x00\x07plain\n"; print STDERR "\e[31mred\n"; exit 0 },
  'progress-flood' => sub { for my $i (1 .. 20_000) { print "{\"epoch\":$i,\"epochs\":20000,\"loss\":1}\n" } exit 0 },
  'burn-cpu' => sub { for (1 .. 7) { last unless fork } while (1) { } },
  'open-files' => sub { my @held; while (1) { open(my $file, '<', '/bin/attack') or refused(scalar(@held).' files '.errno_name()); push @held, $file; escaped('100000 files') if @held > 100_000 } },
  'dump-core' => sub { print "dumping\n"; chdir '/workspace'; kill 'ABRT', $$; sleep 5 },
  # Time
  'sleep' => sub { sleep $_[0] },
  'ignore-signals' => sub { $SIG{$_} = 'IGNORE' for qw(TERM INT HUP QUIT USR1 USR2 ALRM TSTP); while (1) { sleep 1 } },
  'leave-daemon' => sub {
    if (!fork) { require POSIX if 0; setpgrp; if (!fork) { $SIG{HUP} = $SIG{TERM} = 'IGNORE'; while (1) { sleep 1 } } exit 0 }
    sleep 1; print "left one behind\n"; exit 0;
  },
  # The kernel and its devices
  'devices' => sub {
    can_read($_) for qw(/dev/mem /dev/kmem /dev/port /dev/kmsg /dev/kvm /dev/fuse /dev/net/tun /dev/vda /dev/sda /dev/nvme0n1 /dev/loop-control /dev/loop0 /dev/mapper/control /dev/nvidiactl /dev/kfd /dev/dri/renderD128 /dev/vsock);
    attempt('mknod', sub { call('mknodat', -100, '/workspace/disk', 060666, (254 << 8)) });
    verdict();
  },
  'write-proc' => sub {
    # What is there already: where it works the machine stays as it is.
    for my $path (qw(/proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sys/kernel/modprobe /proc/sys/vm/panic_on_oom /proc/sys/net/ipv4/ip_forward /proc/irq/default_smp_affinity)) {
      open(my $file, '<', $path) or do { push @not, "$path ".errno_name(); next };
      can_write($path, join '', <$file>);
    }
    attempt('/proc/sysrq-trigger', sub { open my $file, '>', '/proc/sysrq-trigger' });
    can_write('/proc/1/oom_score_adj', '-1000');
    can_write('/proc/self/uid_map', '0 0 1');
    verdict();
  },
  'write-sys' => sub {
    for my $path (qw(/sys/kernel/mm/transparent_hugepage/enabled /sys/kernel/uevent_helper /sys/power/state /sys/class/net/lo/mtu)) { attempt($path, sub { open my $file, '>', $path }) }
    can_write('/sys/fs/cgroup/memory/memory.limit_in_bytes', '-1');
    can_write('/sys/fs/cgroup/memory.max', 'max');
    can_write('/sys/fs/cgroup/pids/pids.max', 'max');
    can_write('/sys/fs/cgroup/release_agent', '/workspace/x');
    attempt('mkdir /sys/fs/cgroup/memory/x', sub { mkdir '/sys/fs/cgroup/memory/x' });
    verdict();
  },
  'read-kernel' => sub { can_read($_) for qw(/proc/kcore /proc/keys /proc/timer_list /proc/sched_debug /sys/firmware/dmi/tables/DMI /sys/kernel/security/lockdown /proc/acpi/wakeup);
    attempt('syslog', sub { my $buffer = ' ' x 4096; call('syslog', 3, $buffer, 4096) }); verdict() },
  'oom-score' => sub { can_write('/proc/self/oom_score_adj', '-1000'); can_write('/proc/self/oom_adj', '-17'); verdict() },
  'mount' => sub {
    try_call('mount', 'none', '/tmp', 'tmpfs', 0, 0);
    attempt('bind', sub { call('mount', '/', '/workspace', '', 4096, 0) });
    attempt('remount', sub { call('mount', 'none', '/', '', 32 | 4096, 0) });
    attempt('proc', sub { call('mount', 'proc', '/tmp', 'proc', 0, 0) });
    try_call('umount2', '/inputs', 2);
    try_call('umount2', '/proc/sys', 2);
    try_call('pivot_root', '/', '/workspace');
    try_call('open_tree', -100, '/', 1);
    try_call('fsopen', 'tmpfs', 0);
    try_call('mount_setattr', -100, '/', 0, 0, 0);
    try_call('chroot', '/workspace');
    verdict();
  },
  'namespaces' => sub {
    for (['user', 0x10000000], ['mount', 0x20000], ['network', 0x40000000], ['pid', 0x20000000], ['uts', 0x4000000], ['ipc', 0x8000000], ['cgroup', 0x2000000]) {
      my ($name, $flag) = @$_;
      attempt("unshare $name", sub { call('unshare', $flag) });
    }
    attempt('clone user', sub { my $pid = syscall($number{clone}[$arm], 0x10000000 | 17, 0, 0, 0, 0); if ($pid == 0) { sleep 1; exit 0 } $pid > 0 });
    attempt('setns', sub { open(my $file, '<', '/proc/1/ns/net') or return 0; call('setns', fileno $file, 0) });
    verdict();
  },
  'ptrace' => sub {
    my $child = fork // refused('fork '.errno_name());
    if (!$child) { sleep 3; exit 0 }
    attempt('attach', sub { call('ptrace', 16, $child, 0, 0) });
    attempt('seize', sub { call('ptrace', 0x4206, 1, 0, 0) });
    attempt('traceme', sub { call('ptrace', 0, 0, 0, 0) });
    my $buffer = ' ' x 8;
    my $vector = pack 'Q Q', unpack('Q', pack 'P', $buffer), 8;
    attempt('process_vm_readv', sub { call('process_vm_readv', $child, $vector, 1, $vector, 1, 0) });
    attempt('process_vm_writev', sub { call('process_vm_writev', $child, $vector, 1, $vector, 1, 0) });
    attempt('memory of PID 1', sub { open(my $file, '+<', '/proc/1/mem') or return 0; my $some; sysseek $file, 4194304, 0; sysread $file, $some, 8 });
    kill 9, $child;
    verdict();
  },
  'raw-sockets' => sub {
    attempt('raw', sub { call('socket', 2, 3, 1) });
    attempt('raw 6', sub { call('socket', 10, 3, 58) });
    attempt('packet', sub { call('socket', 17, 3, 768) });
    attempt('netlink', sub { call('socket', 16, 3, 0) });
    attempt('vsock', sub { call('socket', 40, 1, 0) });
    attempt('alg', sub { call('socket', 38, 5, 0) });
    attempt('bluetooth', sub { call('socket', 31, 3, 1) });
    attempt('xdp', sub { call('socket', 44, 3, 0) });
    verdict();
  },
  'keys' => sub {
    try_call('keyctl', 0, -3, 1, 0, 0);
    attempt('add_key', sub { call('add_key', 'user', 'nunet', 'x', 1, -4) });
    attempt('request_key', sub { call('request_key', 'user', 'nunet', 0, -4) });
    verdict();
  },
  'kernel-programs' => sub {
    my $zeros = "\0" x 128;
    try_call('bpf', 0, $zeros, 72);
    my $perf = pack 'L L', 1, 112; $perf .= "\0" x 112;
    try_call('perf_event_open', $perf, 0, -1, -1, 0);
    verdict();
  },
  'io-uring' => sub { my $parameters = "\0" x 120; try_call('io_uring_setup', 8, $parameters); verdict() },
  'userfaultfd' => sub { try_call('userfaultfd', 0); attempt('user mode only', sub { call('userfaultfd', 1) }); verdict() },
  'personality' => sub { attempt('no randomization', sub { call('personality', 0x0040000) }); attempt('read implies exec', sub { call('personality', 0x0400000) }); verdict() },
  'clock' => sub {
    my $time = pack 'q q', 1_000_000_000, 0;
    try_call('clock_settime', 0, $time);
    try_call('settimeofday', $time, 0);
    my $timex = pack('L x4 q', 0x1, 1) . ("\0" x 240);
    try_call('adjtimex', $timex);
    try_call('clock_adjtime', 0, $timex);
    verdict();
  },
  'host-name' => sub { try_call('sethostname', 'owned', 5); try_call('setdomainname', 'owned', 5); verdict() },
  'kernel-parts' => sub {
    try_call('init_module', 0, 0, '');
    try_call('finit_module', -1, '', 0);
    try_call('delete_module', 'x', 0);
    try_call('kexec_load', 0, 0, 0, 0);
    try_call('kexec_file_load', -1, -1, 0, 0, 0);
    try_call('reboot', 0, 0, 0, 0);
    try_call('swapon', '/workspace/x', 0);
    try_call('swapoff', '/workspace/x');
    try_call('acct', 0);
    try_call('quotactl', 0, 0, 0, 0);
    try_call('iopl', 3);
    try_call('ioperm', 0, 1, 1);
    try_call('fanotify_init', 0, 0);
    verdict();
  },
  'file-handles' => sub {
    # A file of the machine by its inode, as the "shocker" program did: the root directory of an ext4 is inode 2.
    open(my $root, '<', '/etc') or refused('open '.errno_name());
    my $handle = pack 'L l L L', 8, 1, 2, 0;
    attempt('open_by_handle_at', sub { call('open_by_handle_at', fileno $root, $handle, 0) });
    verdict();
  },
  'privileges' => sub {
    open(my $status, '<', '/proc/self/status') or refused('status '.errno_name());
    my %field = map { /^(\w+):\s*(.*)$/ ? ($1, $2) : () } <$status>;
    for my $set (qw(CapInh CapPrm CapEff CapBnd CapAmb)) { attempt("$set ".($field{$set} // '-'), sub { ($field{$set} // '0') !~ /^0+$/ }) }
    attempt('gains privileges', sub { ($field{NoNewPrivs} // 1) != 1 });
    attempt('no filter', sub { ($field{Seccomp} // 2) != 2 });
    attempt('root', sub { $> == 0 || $< == 0 || $( =~ /^0\b/ || $) =~ /^0\b/ });
    attempt('setuid 0', sub { call('setuid', 0) });
    attempt('setgid 0', sub { call('setgid', 0) });
    my $groups = pack 'L', 0;
    attempt('setgroups', sub { call('setgroups', 1, $groups) });
    attempt('chown', sub { open(my $file, '>', '/workspace/own') or return 0; chown 0, 0, '/workspace/own' });
    verdict();
  },
  'setuid-program' => sub { my $who = `/usr/bin/setuid-perl -e 'print \$>'`; attempt("uid $who", sub { $who !~ /^\d+\$/ ? $who eq '0' : 0 }); verdict() },
  'kill-init' => sub {
    $SIG{TERM} = 'IGNORE';
    kill 'KILL', 1; kill 'TERM', 1; kill 'STOP', 1;
    sleep 1;
    refused('PID 1 lives') if -d '/proc/1' && kill 0, 1;
    escaped('PID 1 is gone');
  },
  'kill-all' => sub { kill 'KILL', -1; kill 'KILL', $$; sleep 5 },
  # The network
  'connect' => sub { while (@_) { my ($address, $port) = splice @_, 0, 2; connects($address, $port) } verdict() },
  'abstract-socket' => sub {
    my ($name) = @_;
    attempt($name, sub { socket(my $socket, 1, 1, 0) or return 0; connect $socket, pack('S', 1)."\0$name" });
    verdict();
  },
  # Files and other parties
  'write-root' => sub { can_write("$_/nunet-written", 'x') for qw(/ /bin /etc /usr /var/lib /root /evil /dev /sys /proc); verdict() },
  'write-inputs' => sub {
    my ($name) = @_;
    can_write("/inputs/$name", 'changed');
    can_write('/inputs/new', 'x');
    attempt('append', sub { open(my $file, '>>', "/inputs/$name") or return 0; print $file 'x'; close $file });
    attempt('hard link', sub { link "/inputs/$name", '/workspace/linked' });
    attempt('rename', sub { rename "/inputs/$name", '/inputs/other' });
    attempt('unlink', sub { unlink "/inputs/$name" });
    attempt('chmod', sub { chmod 0777, "/inputs/$name" });
    verdict();
  },
  # Everywhere for a word that only others know: it comes in two halves, so that this program does not find itself.
  'search' => sub {
    my $word = join '', @_;
    my @found;
    my @queue = ('/');
    my $seen = 0;
    while (defined(my $path = shift @queue)) {
      next if $path =~ m{^/(?:usr/lib|lib|lib64|bin|sys)\b} || ++$seen > 20_000;
      if (index($path, $word) >= 0) { push @found, $path; next }
      next if -l $path && $path !~ m{^/proc/\d+/(?:cwd|root|exe)$};
      if (-d _) { opendir(my $folder, $path) or next; push @queue, map { $path eq '/' ? "/$_" : "$path/$_" } grep { !/^\.\.?$/ } readdir $folder; next }
      next unless -f _ || $path =~ m{^/proc/\d+/(?:environ|cmdline)$};
      next if $path =~ m{^/proc/(?:kmsg|kcore|kpage|sys/|bus|\d+/task)};
      open(my $file, '<', $path) or next;
      local $SIG{ALRM} = sub { };
      read $file, my $text, 262144;
      push @found, $path if defined $text && index($text, $word) >= 0;
    }
    escaped("found in @found") if @found;
    $! = Errno::ENOENT();
    refused("not found in $seen places");
  },
  'sockets' => sub {
    can_read($_) for qw(/var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /run/podman/podman.sock);
    my @queue = ('/');
    my $seen = 0;
    while (defined(my $path = shift @queue)) {
      next if $path =~ m{^/(?:proc|sys|usr|lib|bin)\b} || ++$seen > 20_000 || -l $path;
      if (-S $path) { push @worked, "socket $path" }
      elsif (-d _) { opendir(my $folder, $path) or next; push @queue, map { $path eq '/' ? "/$_" : "$path/$_" } grep { !/^\.\.?$/ } readdir $folder }
    }
    for my $descriptor (3 .. 255) { my $to = readlink "/proc/self/fd/$descriptor"; push @worked, "descriptor $descriptor $to" if defined $to && $to =~ /^(?:socket|anon_inode)/ }
    verdict();
  },
  # Outputs
  'output-links' => sub {
    my ($outside) = @_;
    symlink $outside, '/outputs/symlink';
    symlink '/etc/passwd', '/outputs/passwd';
    mkdir '/outputs/folder';
    symlink $outside, '/outputs/folder/inside';
    symlink '/', '/outputs/folder/root';
    link '/inputs/input', '/outputs/hardlink';
    call('mknodat', -100, '/outputs/fifo', 010666, 0);
    socket(my $socket, 1, 1, 0); bind $socket, pack('S', 1).'/outputs/socket';
    for my $path ('/outputs/good', "/outputs/bad\nname\e[31m", '/outputs/folder/fine') { open(my $file, '>', $path) or next; print $file 'good'; close $file }
    exit 0;
  },
  'output-sparse' => sub { open(my $file, '>', '/outputs/huge') or refused(errno_name()); truncate($file, 1 << 40) or refused('truncate '.errno_name()); exit 0 },
  'output-deep' => sub { my $path = '/outputs/deep'; for (1 .. 400) { mkdir $path or last; $path .= '/d' } exit 0 },
  # In the place of the embedded executor's child
  'embedded-log-flood' => sub { for (1 .. 12_000) { tell_agent('{"type":"log","line":'.quoted('x' x 1000).'}') } exit 0 },
  'embedded-progress-flood' => sub { for (1 .. 5_000) { tell_agent('{"type":"progress","epoch":1,"epochs":9,"step":1,"steps":9,"metrics":{"mean":1}}') } exit 0 },
  'processes' => sub { attempt('fork', sub { my $pid = fork; exit 0 if defined $pid && !$pid; defined $pid }); verdict() },
  'files-anywhere' => sub { can_write("$_/nunet-written", 'x') for qw(/ /tmp /dev/shm /dev /app /proc /workspace /var /run); verdict() },
  'host-files' => sub { can_read($_) for qw(/etc/passwd /etc/shadow /root/.bashrc /proc/1/root/etc/passwd /var/run/docker.sock), @_; verdict() },
  # Of an image that means harm
  'look' => sub {
    print "uid $> cwd ", readlink('/proc/self/cwd') // '?', "\n";
    print "env $_\n" for sort map { "$_=$ENV{$_}" } keys %ENV;
    print "ran as job\n";
    exit 0;
  },
);

# Long enough for a health check of the image.
$attacks{'look-long'} = sub { sleep 3; $attacks{look}->() };

my ($name, @rest) = @ARGV;
if (($name // '') eq 'embedded') {
  $embedded = 1;
  binmode STDOUT;
  tell_agent('{"type":"ready","node":"x","onnxruntime":"x"}');
  my $told = hear('"type":"run"');
  ($name, @rest) = split / /, $1 if $told =~ /ATTACK ([^\n]+)\n/;
  tell_agent('{"type":"running"}');
}
my $attack = $attacks{$name // ''};
if (!$attack) { print STDERR 'no such attack: ', $name // '', "\n"; exit 64 }
$attack->(@rest);
