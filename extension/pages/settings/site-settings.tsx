// Web pages that may ask: what each sees, until when, and the end of it.
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { t } from '../../ui/i18n.ts';
import { ListRow, Rows } from '../../ui/list-row.tsx';
import { Moment } from '../../ui/moment.tsx';
import { usePage } from '../../ui/page.ts';
import { Stranger } from '../../ui/stranger.tsx';
import { visibleText } from '../../ui/visible-text.ts';

const MAX_ORIGIN = 80;

export function SiteSettings(): JSX.Element {
  const { runner, vault, now, act } = usePage();
  const words = t().settings.sites;
  const grants = runner.app.value?.dapps.grants ?? [];
  const nameOf = (account: number): string =>
    vault.state.value?.accounts.find(({ index }) => index === account)?.name ?? t().settings.accounts.path(account);
  return (
    <Card title={t().settings.sections.sites}>
      {grants.length === 0 ? (
        <EmptyState icon="link" title={words.empty} says={words.emptyHint} isPlain testid="no-sites" />
      ) : (
        <div class="stack">
          <p class="hint">{words.lead}</p>
          <Rows label={t().settings.sections.sites}>
            {grants.map((grant) => (
              <ListRow
                key={`${grant.origin} ${grant.account} ${grant.network}`}
                icon="link"
                title={<Stranger text={grant.origin} length={MAX_ORIGIN} />}
                more={<Stranger text={words.account(nameOf(grant.account), grant.network)} length={80} />}
                value={
                  grant.expiresAtMs <= now.value ? (
                    words.expired
                  ) : (
                    <span class="hint">
                      {words.until} <Moment atMs={grant.expiresAtMs} nowMs={now.value} />
                    </span>
                  )
                }
                testid="site"
                end={
                  <Button
                    size="small"
                    label={words.revokeName(visibleText(grant.origin, MAX_ORIGIN))}
                    testid="site-revoke"
                    onClick={() => void act(() => runner.ask({ type: 'revoke-dapp', origin: grant.origin, account: grant.account }))}
                  >
                    {words.revoke}
                  </Button>
                }
              />
            ))}
          </Rows>
        </div>
      )}
    </Card>
  );
}
