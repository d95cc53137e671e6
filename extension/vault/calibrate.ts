// How heavy the password's protection is made: as heavy as a second of this machine allows, and never lighter than the floor.
import { CEILING, FLOOR, type KdfParameters } from './envelope.ts';

/** Unlocking shall take between half a second and one; what is derived beside the password takes some of it, and so does memory beyond a cache. */
const AIM_MS = 600;
const LIGHT_MS = 500;
const STEP_KIB = 8 * 1024;
const between = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/**
 * Heavier parameters when a derivation with these took less than half a second, else the same. Cost grows with memory times passes:
 * memory first, which is what an attacker's hardware lacks, then passes.
 */
export function raised(parameters: KdfParameters, tookMs: number): KdfParameters {
  if (tookMs >= LIGHT_MS) return parameters;
  const work = parameters.memoryKib * parameters.passes * (AIM_MS / Math.max(tookMs, 1));
  const wanted = Math.floor(work / FLOOR.passes / STEP_KIB) * STEP_KIB;
  const memoryKib = between(wanted, parameters.memoryKib, CEILING.memoryKib);
  const passes = between(Math.floor(work / memoryKib), parameters.passes, CEILING.passes);
  return { memoryKib, passes };
}

export const isHeavier = (a: KdfParameters, b: KdfParameters): boolean => a.memoryKib * a.passes > b.memoryKib * b.passes;
