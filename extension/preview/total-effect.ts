// What several transactions change together, token by token.
import type { Effect, TokenAmount } from './preview.ts';

export function totalEffect(previews: readonly { effect: Effect }[]): Effect {
  const tokens = new Map<string, TokenAmount>();
  for (const token of previews.flatMap(({ effect }) => effect.tokens))
    tokens.set(token.unit, { ...token, quantity: token.quantity + (tokens.get(token.unit)?.quantity ?? 0n) });
  return {
    lovelace: previews.reduce((sum, { effect }) => sum + effect.lovelace, 0n),
    tokens: [...tokens.values()].filter(({ quantity }) => quantity !== 0n),
  };
}
