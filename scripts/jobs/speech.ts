// A waveform that sounds like somebody speaking vowels with pauses: a glottal pulse train through formant resonators. Seeded, 16 kHz.
import { seededRandom } from './random.ts';

export const SAMPLE_RATE = 16_000;

/** First three formants in Hz of a, i, u, e, o (Peterson and Barney 1952, men, rounded). */
const VOWELS = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [300, 870, 2240],
  [530, 1840, 2480],
  [570, 840, 2410],
] as const;

/** A two-pole resonator at `frequency` Hz with a bandwidth of 90 Hz. */
function resonator(frequency: number): (input: number) => number {
  const radius = Math.exp((-Math.PI * 90) / SAMPLE_RATE);
  const a1 = 2 * radius * Math.cos((2 * Math.PI * frequency) / SAMPLE_RATE);
  const a2 = -radius * radius;
  let y1 = 0;
  let y2 = 0;
  return (input) => {
    const y = (1 - radius) * input + a1 * y1 + a2 * y2;
    y2 = y1;
    y1 = y;
    return y;
  };
}

/** Syllables of 0.25 s in groups of five, with 0.8 s of faint noise between the groups. Samples from -1 to 1. */
export function speechLike(seconds: number): Float32Array {
  const random = seededRandom(16_001);
  const wave = new Float32Array(Math.round(seconds * SAMPLE_RATE));
  const syllable = SAMPLE_RATE / 4;
  const pause = Math.round(SAMPLE_RATE * 0.8);
  let at = 0;
  while (at < wave.length) {
    for (let i = 0; i < pause && at < wave.length; i++) wave[at++] = (random() - 0.5) * 0.002;
    for (let s = 0; s < 5 && at < wave.length; s++) {
      const formants = VOWELS[Math.floor(random() * VOWELS.length)] ?? VOWELS[0];
      const filters = formants.map(resonator);
      let phase = 0;
      for (let i = 0; i < syllable && at < wave.length; i++) {
        // The voice falls a little in each syllable and trembles, as voices do.
        phase += (130 - (20 * i) / syllable + 3 * Math.sin((2 * Math.PI * 5 * i) / SAMPLE_RATE)) / SAMPLE_RATE;
        const pulse = phase >= 1 ? 1 : 0;
        phase %= 1;
        const breath = (random() - 0.5) * 0.02;
        const envelope = Math.sin((Math.PI * i) / syllable) ** 0.5;
        const voiced = filters.reduce((sum, filter, f) => sum + filter(pulse + breath) / (f + 1), 0);
        wave[at++] = Math.max(-1, Math.min(1, voiced * 8 * envelope)) + (random() - 0.5) * 0.002;
      }
    }
  }
  return wave;
}
