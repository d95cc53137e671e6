// The network in words, as the onboarding calls it.
import { usePage } from '../../ui/page.ts';
import { t } from '../../ui/i18n.ts';

/** Empty while none is chosen. */
export function useNetworkName(): string {
  const network = usePage().runner.app.value?.network;
  const target = network === undefined || network.state === 'none' ? null : network.target;
  return target === null ? '' : t().vault.network[target.network];
}
