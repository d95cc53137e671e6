// The head of a page: where it leads back to, what it is, what it is for in a sentence, and what to do here.
import type { ComponentChildren, JSX } from 'preact';
import { Icon } from './icons.tsx';
import './page-header.css';

export interface PageHeaderProps {
  title: ComponentChildren;
  lead?: ComponentChildren | undefined;
  back?: { href: string; label: string } | undefined;
  actions?: ComponentChildren | undefined;
  testid?: string | undefined;
}

export function PageHeader({ title, lead, back, actions, testid }: PageHeaderProps): JSX.Element {
  return (
    <header class="page-header">
      {back !== undefined && (
        <a class="back" href={back.href}>
          <Icon name="back" size={16} /> {back.label}
        </a>
      )}
      <h1 data-testid={testid}>{title}</h1>
      {lead !== undefined && <p class="lead">{lead}</p>}
      {actions !== undefined && <div class="actions">{actions}</div>}
    </header>
  );
}
