// The network that is in use, and its short name.
import type { Network } from '@nunet/shared/fields.ts';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';

/** Null while none is chosen. */
export function useNetwork(): Network | null {
  const network = usePage().runner.app.value?.network;
  return network === undefined || network.state === 'none' ? null : (network.target?.network ?? null);
}

/** Empty while none is chosen. */
export function useNetworkName(): string {
  const network = useNetwork();
  return network === null ? '' : t().wallet.networks[network];
}
