// Outputs of real tools where a fixture is named (fixtures/README.md); the rest is written after the manuals and says so.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AmdFiles } from './amd.ts';
import { detectGpus, type PciDevice, type Seen, type ToolRun } from './detect.ts';

const recorded = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', `${name}.txt`), 'utf8');
const ok = (output: string): ToolRun => ({ code: 0, output });
const TOOLKIT = ok('NVIDIA Container Toolkit CLI version 1.18.1\ncommit: 0123456\n');

const pci: PciDevice[] = recorded('h100-pci')
  .trim()
  .split('\n')
  .map((line) => {
    const [address = '', kind = '', vendor = '', , driver = ''] = line.trim().split(' ');
    return { address, class: kind, vendor, driver: driver === '' ? null : (driver.split('/').at(-1) ?? null) };
  });
const nvidiaOn = (driver: string | null): PciDevice[] => pci.map((device) => (device.vendor === '0x10de' ? { ...device, driver } : device));

const seen = (changes: Partial<Seen> = {}): Seen => ({
  pci,
  nvidia: { query: ok(recorded('h100-idle-query')), processes: ok(recorded('h100-idle-processes')), list: null },
  nvidiaToolkit: TOOLKIT,
  amd: [],
  amdCompute: 'missing',
  ...changes,
});
const nvidia = (query: ToolRun, more: Partial<NonNullable<Seen['nvidia']>> = {}): Seen['nvidia'] => ({
  query,
  processes: ok(''),
  list: null,
  ...more,
});
const codes = (changes: Partial<Seen>): string[] => detectGpus(seen(changes)).problems.map(({ code }) => code);

describe('NVIDIA, as recorded', () => {
  test('an idle H100 is read whole', () => {
    expect(detectGpus(seen())).toEqual({
      gpus: [
        {
          vendor: 'nvidia',
          id: 'GPU-11111111-2222-3333-4444-555555555555',
          name: 'NVIDIA H100 80GB HBM3',
          pci: '0000:00:06.0',
          driver: '580.159.04',
          architecture: 'sm_90',
          memoryBytes: 81_559 * 2 ** 20,
          nodes: [],
          slices: [],
          now: { usedBytes: 0, busyPercent: 0, temperatureC: 38, powerW: 72.43, processes: 0 },
        },
      ],
      problems: [],
    });
  });

  test('a busy one says how busy, and how many processes compute', () => {
    const report = detectGpus(
      seen({ nvidia: nvidia(ok(recorded('h100-busy-query')), { processes: ok(recorded('h100-busy-processes')) }) }),
    );
    expect(report.gpus.map(({ now }) => now)).toEqual([
      { usedBytes: 2_019 * 2 ** 20, busyPercent: 100, temperatureC: 56, powerW: 692.55, processes: 2 },
    ]);
  });

  test('an H200 too', () => {
    expect(detectGpus(seen({ nvidia: nvidia(ok(recorded('h200-idle-query'))) })).gpus).toMatchObject([
      { name: 'NVIDIA H200', memoryBytes: 143_771 * 2 ** 20, architecture: 'sm_90' },
    ]);
  });

  test.each([
    ['h200-no-gpu-node', 6, 'nvidia-not-visible'],
    ['h200-no-library', 12, 'nvidia-library-missing'],
    ['h200-no-control-node', 17, 'nvidia-not-permitted'],
    ['h100-unknown-field', 2, 'nvidia-driver-old'],
  ])('%s, exit code %i, is %s with a fix', (fixture, code, problem) => {
    const report = detectGpus(seen({ nvidia: nvidia({ code, output: recorded(fixture) }) }));
    expect(report).toMatchObject({ gpus: [], problems: [{ code: problem }] });
    for (const { fix } of report.problems) expect(fix.length).toBeGreaterThan(10);
  });

  test('the listing of a GPU that is not cut has no slices', () => {
    for (const name of ['h100', 'h200'])
      expect(
        detectGpus(seen({ nvidia: nvidia(ok(recorded(`${name}-idle-query`)), { list: ok(recorded(`${name}-list`)) }) })).gpus.map(
          ({ slices }) => slices,
        ),
      ).toEqual([[]]);
  });
});

describe('NVIDIA, by its manuals', () => {
  const cut = recorded('h100-idle-query').replace('Disabled', 'Enabled').replace(', 0, 72.43', ', [N/A], 72.43');

  test('a GPU in MIG mode has its slices, and no figure that it does not tell', () => {
    const list = `${recorded('h100-list')}  MIG 1g.10gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
  MIG 2g.20gb     Device  1: (UUID: MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d)\n`;
    expect(detectGpus(seen({ nvidia: nvidia(ok(cut), { list: ok(list) }) }))).toMatchObject({
      gpus: [
        {
          slices: [
            { id: 'MIG-c7384736-a75d-5afc-978f-d2f1294409fd', name: '1g.10gb' },
            { id: 'MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d', name: '2g.20gb' },
          ],
          now: { busyPercent: null },
        },
      ],
      problems: [],
    });
  });

  test('one in MIG mode without slices says that a job would get nothing', () => {
    expect(codes({ nvidia: nvidia(ok(cut), { list: ok(recorded('h100-list')) }) })).toEqual(['nvidia-no-slices']);
  });

  test.each([
    [4, 'nvidia-not-permitted'],
    [9, 'nvidia-driver-missing'],
    [15, 'nvidia-lost'],
    [18, 'nvidia-library-mismatch'],
    [255, 'nvidia-unreadable'],
    [null, 'nvidia-silent'],
  ])('exit code %s is %s', (code, problem) => {
    expect(codes({ nvidia: nvidia({ code, output: '' }) })).toEqual([problem]);
  });

  test('one that lets nothing compute is told', () => {
    expect(codes({ nvidia: nvidia(ok(recorded('h100-idle-query').replace('Default', 'Prohibited'))) })).toEqual(['nvidia-prohibited']);
  });

  test.each([
    [null, ['nvidia-toolkit-missing']],
    [ok('nvidia-ctk: something else'), ['nvidia-toolkit-missing']],
    [ok('NVIDIA Container Toolkit CLI version 1.17.7'), ['nvidia-toolkit-old']],
    [ok('NVIDIA Container Toolkit CLI version 1.9.0'), ['nvidia-toolkit-old']],
    [ok('NVIDIA Container Toolkit CLI version 1.17.8'), []],
    [ok('NVIDIA Container Toolkit CLI version 2.0.0'), []],
  ])('the toolkit %j', (nvidiaToolkit, problems) => {
    expect(codes({ nvidiaToolkit })).toEqual(problems);
  });
});

describe('without tools', () => {
  test('a machine without a GPU has nothing and misses nothing', () => {
    const none = pci.filter(({ vendor }) => vendor !== '0x10de');
    expect(detectGpus(seen({ pci: none, nvidia: null, nvidiaToolkit: null }))).toEqual({ gpus: [], problems: [] });
  });

  test.each([
    [null, 'has no driver'],
    ['nouveau', 'held by "nouveau"'],
    ['vfio-pci', 'held by "vfio-pci"'],
  ])('an NVIDIA GPU with the driver %s is found in sysfs alone', (driver, words) => {
    const report = detectGpus(seen({ pci: nvidiaOn(driver), nvidia: null, nvidiaToolkit: null }));
    expect(report).toMatchObject({
      gpus: [],
      problems: [{ code: 'nvidia-driver-missing', problem: expect.stringContaining(words) as string }],
    });
  });

  test('one cause is told once, also where the tool is there and fails for it', () => {
    expect(codes({ pci: nvidiaOn(null), nvidia: nvidia({ code: 9, output: '' }) })).toEqual(['nvidia-driver-missing']);
  });

  test('a driver without its tool', () => {
    expect(codes({ nvidia: null })).toEqual(['nvidia-tools-missing']);
  });

  // Where no PCI bus is shown, as in WSL.
  test('a GPU that only its tool knows is a GPU', () => {
    expect(detectGpus(seen({ pci: [] })).gpus).toHaveLength(1);
  });
});

describe('AMD, by the kernel’s documentation', () => {
  const card: PciDevice = { address: '0000:c1:00.0', class: '0x038000', vendor: '0x1002', driver: 'amdgpu' };
  const files: AmdFiles = {
    properties:
      'cpu_cores_count 0\nsimd_count 416\nvendor_id 4098\ndevice_id 29711\nlocation_id 49408\ndomain 0\ndrm_render_minor 128\ngfx_target_version 90010\nunique_id 1311768467463790320\n',
    productName: 'AMD INSTINCT MI250\n',
    vramTotal: '68702699520\n',
    vramUsed: '10960896\n',
    busyPercent: '3\n',
    temperature: '47000\n',
    power: '91500000\n',
  };
  const amd = (changes: Partial<Seen> = {}): Seen =>
    seen({ pci: [card], nvidia: null, nvidiaToolkit: null, amd: [files], amdCompute: 'open', ...changes });

  test('a GPU with its compute driver is read', () => {
    expect(detectGpus(amd())).toEqual({
      gpus: [
        {
          vendor: 'amd',
          id: 'GPU-123456789abcdef0',
          name: 'AMD INSTINCT MI250',
          pci: '0000:c1:00.0',
          driver: null,
          architecture: 'gfx90a',
          memoryBytes: 68_702_699_520,
          nodes: ['/dev/kfd', '/dev/dri/renderD128'],
          slices: [],
          now: { usedBytes: 10_960_896, busyPercent: 3, temperatureC: 47, powerW: 91.5, processes: null },
        },
      ],
      problems: [],
    });
  });

  test('a card without a unique id or a name is named by its place and kind', () => {
    const plain = { ...files, properties: files.properties.replace(/unique_id.*\n/, 'unique_id 0\n'), productName: '' };
    expect(detectGpus(amd({ amd: [plain] })).gpus).toMatchObject([{ id: '0000:c1:00.0', name: 'AMD GPU 740f' }]);
  });

  test.each([
    [{ pci: [{ ...card, driver: null }], amd: [] }, ['amd-driver-missing']],
    [{ amd: [], amdCompute: 'missing' as const }, ['amd-compute-missing']],
    [{ amdCompute: 'closed' as const }, ['amd-not-permitted']],
    // The CPU is a node too.
    [{ amd: [{ ...files, properties: 'cpu_cores_count 16\nsimd_count 0\n' }] }, ['amd-compute-missing']],
  ])('what is missing: %#', (changes, problems) => {
    expect(detectGpus(amd(changes)).problems.map(({ code }) => code)).toEqual(problems);
  });
});

describe('output that is not what was asked for', () => {
  test('cannot give a GPU whose id is not one', () => {
    const row = recorded('h100-idle-query').trim();
    for (const bad of [
      row.replace('GPU-1', 'GPU-1;rm -rf'),
      row.replace(', Default', ''),
      `${row}, more`,
      row.replace('00000000:00:06.0', '../../x'),
    ])
      expect(detectGpus(seen({ nvidia: nvidia(ok(bad)) }))).toMatchObject({ gpus: [], problems: [{ code: 'nvidia-unreadable' }] });
  });

  test('cannot bring a character that moves a terminal’s cursor, a name without end, or more GPUs than a machine holds', () => {
    const row = recorded('h100-idle-query').trim();
    const named =
      detectGpus(seen({ nvidia: nvidia(ok(row.replace('NVIDIA H100', `\u001b[2J\u202e${'N'.repeat(500)}`))) })).gpus[0]?.name ?? '';
    expect(named).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(named.length).toBeLessThanOrEqual(80);
    const many = Array.from({ length: 200 }, (_, at) => row.replace('GPU-11111111', `GPU-${String(at).padStart(8, '0')}`)).join('\n');
    expect(detectGpus(seen({ nvidia: nvidia(ok(many)) })).gpus).toHaveLength(64);
  });

  test('the same GPU twice is one', () => {
    const row = recorded('h100-idle-query').trim();
    expect(detectGpus(seen({ nvidia: nvidia(ok(`${row}\n${row}`)) })).gpus).toHaveLength(1);
  });

  test('cannot make it throw', () => {
    const run = fc.record({ code: fc.option(fc.integer({ min: 0, max: 255 })), output: fc.string({ unit: 'binary', maxLength: 300 }) });
    const line = fc.constantFrom(recorded('h100-idle-query'), recorded('h100-list'), ', , ,', 'GPU-', '[N/A], [N/A]');
    const mixed = fc.record({
      code: fc.constant(0),
      output: fc.array(fc.oneof(line, fc.string()), { maxLength: 8 }).map((parts) => parts.join('')),
    });
    fc.assert(
      fc.property(fc.oneof(run, mixed), fc.oneof(run, mixed), fc.string({ unit: 'binary' }), (query, list, properties) => {
        detectGpus(
          seen({
            nvidia: { query, processes: list, list },
            amd: [
              { properties, productName: properties, vramTotal: '', vramUsed: '', busyPercent: '', temperature: properties, power: '' },
            ],
          }),
        );
      }),
      { numRuns: 500 },
    );
  });
});
