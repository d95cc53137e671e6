// This machine's clock, for whatever wants the Clock port.
import { timerClock } from '@nunet/shared/timer-clock.ts';

export const clock: ReturnType<typeof timerClock> = timerClock(() => Date.now());
