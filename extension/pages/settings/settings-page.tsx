// The settings in the dashboard: a few parts, each a place of its own.
import type { JSX } from 'preact';
import { t } from '../../ui/i18n.ts';
import type { IconName } from '../../ui/icons.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import '../pages.css';
import { Places } from '../places.tsx';
import { AboutSettings } from './about-settings.tsx';
import { AccountSettings } from './account-settings.tsx';
import { BackupSettings } from './backup-settings.tsx';
import { GeneralSettings } from './general-settings.tsx';
import { NetworkSettings } from './network-settings.tsx';
import { SecuritySettings } from './security-settings.tsx';
import { SiteSettings } from './site-settings.tsx';

export const SETTINGS_PLACES = ['general', 'network', 'accounts', 'security', 'backup', 'sites', 'about'] as const;
export type SettingsPlace = (typeof SETTINGS_PLACES)[number];

const ICONS: Readonly<Record<SettingsPlace, IconName>> = {
  general: 'settings',
  network: 'globe',
  accounts: 'user',
  security: 'lock',
  backup: 'vault',
  sites: 'link',
  about: 'info',
};

const VIEWS: Readonly<Record<SettingsPlace, () => JSX.Element>> = {
  general: GeneralSettings,
  network: NetworkSettings,
  accounts: AccountSettings,
  security: SecuritySettings,
  backup: BackupSettings,
  sites: SiteSettings,
  about: AboutSettings,
};

/** The parts of a hash after `#/settings/`, which anybody may have written: what is no place of ours is the first. */
export const settingsPlace = ([first]: readonly string[]): SettingsPlace => SETTINGS_PLACES.find((place) => place === first) ?? 'general';

export function SettingsPage({ place: parts }: { place: readonly string[] }): JSX.Element {
  const place = settingsPlace(parts);
  const words = t().settings;
  const View = VIEWS[place];
  return (
    <>
      <PageHeader title={words.title} />
      <div class="stack settings-page" data-testid="settings-page" data-place={place}>
        <Places
          label={words.sectionsLabel}
          here={place}
          places={SETTINGS_PLACES.map((id) => ({
            id,
            label: words.sections[id],
            icon: ICONS[id],
            href: `#/settings/${id}`,
            testid: `settings-${id}`,
          }))}
        />
        <View />
      </div>
    </>
  );
}
