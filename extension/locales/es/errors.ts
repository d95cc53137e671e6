// Spanish: what went wrong, by code, and what to do about it.
import type { errors as English } from '../en/errors.ts';

export const errors: typeof English = {
  'job-taken': 'Otra página suya se adelantó: ya se aceptó una oferta de este trabajo. Esta página muestra cómo está ahora.',
  'decision-made': 'Este resultado ya está respondido, quizá por otra página suya. Esta página muestra la respuesta que cuenta.',
  'decision-unwanted': 'Este resultado ya no espera respuesta. Esta página muestra cómo está ahora.',
  'job-cancelled': 'Este trabajo ya se está cancelando. Esta página muestra cómo está ahora.',
  'offer-gone': 'Esa oferta ya no existe; no se bloqueó nada. Pregunte de nuevo a los proveedores de cómputo.',
  'runner-silent': 'El ejecutor no respondió a tiempo. Lo pedido aún puede ocurrir: esta página muestra solo lo ocurrido.',
};
