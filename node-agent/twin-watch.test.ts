import { ADVERT_LIFETIME_MS, type Advert } from '@nunet/shared/advert.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { TwinWatch } from './twin-watch.ts';

const START = 1_800_000_000_000;
const HERE = ['/ip4/10.0.0.1/tcp/1/p2p/us'];
const THERE = ['/ip4/10.0.0.2/tcp/1/p2p/us'];
let elapsed = 0;
let watch: TwinWatch;
beforeEach(() => {
  elapsed = 0;
  watch = new TwinWatch({ peerId: 'us', startedAt: START, chainStartedAt: START, elapsed: () => elapsed });
});

const advert = (cid: string, issuedAt: number, addresses = THERE, peerId = 'us'): Signed<Advert> =>
  ({ cid, body: { peerId, addresses, issuedAt } }) as Signed<Advert>;
const quote = (issuedAt: number, startBy: number, peerId = 'us'): Signed<Quote> =>
  ({ cid: 'q', body: { computeProvider: { peerId }, issuedAt, startBy } }) as Signed<Quote>;

describe('a twin', () => {
  it('is seen by an advert that carries our signature and is not ours', () => {
    expect(watch.heard(advert('theirs', START + 1), HERE)).toBe(true);
    expect(watch.twin).toEqual({ addresses: THERE, issuedAt: START + 1 });
    expect(watch.heard(advert('again', START + 2), HERE)).toBe(false);
  });

  it('cannot be made up from our own adverts, nor from those of others', () => {
    watch.signed(advert('ours', START + 1, HERE));
    for (const heard of [advert('ours', START + 1, HERE), advert('x', START + 1, THERE, 'them')])
      expect(watch.heard(heard, HERE)).toBe(false);
    expect(watch.twin).toBeNull();
  });

  it('cannot be made up from what we said before a restart, also when the clock was set back in between', () => {
    expect(watch.heard(advert('before', START - 1_000), HERE)).toBe(false);
    expect(watch.heard(advert('before, by a clock that was ahead', START + 20_000, HERE), HERE)).toBe(false);
    expect(watch.twin).toBeNull();
  });

  it('is seen behind the same relay too, once our own words of before have run out', () => {
    elapsed = ADVERT_LIFETIME_MS + 30_001;
    expect(watch.heard(advert('theirs', START + 80_000, HERE), HERE)).toBe(true);
  });

  it('is seen although its clock is behind ours', () => {
    elapsed = ADVERT_LIFETIME_MS + 30_001;
    expect(watch.heard(advert('theirs', START - 1, THERE), HERE)).toBe(true);
  });

  it('is seen by a quote that our journal does not know and that we cannot have forgotten', () => {
    expect(watch.heardQuote(quote(START - 1, START + 100), START + 10), 'from before this start').toBe(false);
    expect(watch.heardQuote(quote(START + 1, START + 5), START + 10), 'forgotten by now').toBe(false);
    expect(watch.heardQuote(quote(START + 1, START + 100, 'them'), START + 10), 'of another').toBe(false);
    expect(watch.twin).toBeNull();
    expect(watch.heardQuote(quote(START + 1, START + 100), START + 10)).toBe(true);
    expect(watch.twin).toEqual({ addresses: [], issuedAt: START + 1 });
  });

  it('remembers as many of our own adverts as can be alive, and no more', () => {
    for (let index = 0; index < 2_000; index++) watch.signed(advert(`ours ${index}`, START + index, HERE));
    expect(watch.heard(advert('ours 1999', START + 1999), HERE)).toBe(false);
    expect(watch.heard(advert('ours 1900', START + 1900), HERE)).toBe(false);
  });
});
