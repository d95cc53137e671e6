// The first thing that runs in a container with GPUs: are exactly those here that the job was given? An engine that ignores a device
// request (Podman does, without a word), or gives too much, is found before the job's first instruction.
import { NunetError } from '@nunet/shared/errors.ts';

/** Exit code and first words on stderr when they are not. The image is the job's own: if it fakes them, it fools nobody but its job. */
export const GPU_CHECK_EXIT = 96;
export const GPU_CHECK_MARK = 'nunet gpu check:';

/** NVIDIA's by UUID, MIG slices too; AMD's by their render node, such as /dev/dri/renderD128. */
const ID = /^(?:GPU-[0-9a-f-]{36}|MIG-[0-9A-Za-z/-]{1,80}|\/dev\/dri\/renderD\d{1,4})$/;

/**
 * POSIX shell and its built-ins alone, and nvidia-smi where the toolkit has put it. Words of `nvidia-smi -L` that end in ")" are UUIDs;
 * a GPU that is cut is named before its slices and is none itself. Nothing is written: the root is read-only.
 */
const script = (root: string): string => `
root='${root}'
want=$1; shift
found=; last=
take() { found="$found $1"; }
if command -v nvidia-smi >/dev/null 2>&1; then
  for word in $(nvidia-smi -L 2>/dev/null); do
    case $word in
      GPU-*\\)) [ -z "$last" ] || take "$last"; last=\${word%\\)} ;;
      MIG-*\\)) last=; take "\${word%\\)}" ;;
    esac
  done
  [ -z "$last" ] || take "$last"
else
  for file in "$root"/proc/driver/nvidia/gpus/*/information; do
    [ -r "$file" ] || continue
    while read -r first second third; do
      [ "$first $second" = 'GPU UUID:' ] && take "$third"
    done <"$file"
  done
fi
if [ -e "$root/dev/kfd" ]; then
  for node in "$root"/dev/dri/renderD*; do
    [ -e "$node" ] && take "\${node#"$root"}"
  done
fi
fail() { echo "${GPU_CHECK_MARK} want $want, found\${found:- nothing}" >&2; exit ${GPU_CHECK_EXIT}; }
for id in $want; do
  case " $found " in *" $id "*) ;; *) fail ;; esac
done
for id in $found; do
  case " $want " in *" $id "*) ;; *) fail ;; esac
done
exec "$@"
`;

/** The command with the check before it; the image needs /bin/sh. `root` stands for / in tests. Throws `gpu-id-invalid`. */
export function checkedCommand(ids: readonly string[], command: readonly string[], root = ''): string[] {
  const wrong = ids.find((id) => !ID.test(id));
  if (wrong !== undefined || /[^\w/.-]/.test(root))
    throw new NunetError('gpu-id-invalid', `Cannot check for GPU "${(wrong ?? root).slice(0, 60)}": it is not named as a GPU is`);
  return ['/bin/sh', '-c', script(root), 'gpu-check', ids.join(' '), ...command];
}
