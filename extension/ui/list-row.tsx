// A row of a list: an icon, what it is, more about it, its value, and what can be done; the whole row leads on where it has somewhere to lead.
import type { ComponentChildren, JSX } from 'preact';
import { Icon, type IconName } from './icons.tsx';
import './list-row.css';

export interface ListRowProps {
  icon?: IconName | undefined;
  title: ComponentChildren;
  more?: ComponentChildren | undefined;
  value?: ComponentChildren | undefined;
  valueMore?: ComponentChildren | undefined;
  /** Buttons; only in a row that does not lead on itself. */
  end?: ComponentChildren | undefined;
  href?: string | undefined;
  onClick?: (() => void) | undefined;
  testid?: string | undefined;
  /** data-… for tests. */
  data?: Readonly<Record<`data-${string}`, string | number>> | undefined;
}

export function ListRow({ icon, title, more, value, valueMore, end, href, onClick, testid, data }: ListRowProps): JSX.Element {
  const inside = (
    <>
      {icon !== undefined && (
        <span class="row-lead">
          <Icon name={icon} />
        </span>
      )}
      <span class="row-title">{title}</span>
      {more !== undefined && <span class="row-more">{more}</span>}
      {value !== undefined && <span class="row-value">{value}</span>}
      {valueMore !== undefined && <span class="row-value-more">{valueMore}</span>}
      {(end !== undefined || href !== undefined || onClick !== undefined) && (
        <span class="row-end">{end ?? <Icon name="forward" size={16} />}</span>
      )}
    </>
  );
  return (
    <li>
      {href !== undefined ? (
        <a class="row" href={href} data-testid={testid} {...data}>
          {inside}
        </a>
      ) : onClick !== undefined ? (
        <button type="button" class="row" data-testid={testid} {...data} onClick={onClick}>
          {inside}
        </button>
      ) : (
        <div class="row" data-testid={testid} {...data}>
          {inside}
        </div>
      )}
    </li>
  );
}

export const Rows = ({ label, children }: { label?: string; children: ComponentChildren }): JSX.Element => (
  <ul class="rows" aria-label={label}>
    {children}
  </ul>
);
