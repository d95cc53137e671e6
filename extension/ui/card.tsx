// A card: one matter with its title and, at the end of the title's line, what can be done with it.
import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import './card.css';

export interface CardProps {
  /** Left out only where the first thing inside is a heading of its own. */
  title?: string | undefined;
  /** Name for a screen reader where there is no title. */
  label?: string | undefined;
  actions?: ComponentChildren | undefined;
  /** It waits for the person. */
  isAsking?: boolean | undefined;
  isNarrow?: boolean | undefined;
  class?: string | undefined;
  testid?: string | undefined;
  children?: ComponentChildren | undefined;
}

export function Card(props: CardProps): JSX.Element {
  const id = useId();
  const classes = ['card', props.isNarrow === true ? 'narrow' : '', props.isAsking === true ? 'asks' : '', props.class ?? ''];
  return (
    <section
      class={classes.filter((name) => name !== '').join(' ')}
      aria-label={props.title === undefined ? props.label : undefined}
      aria-labelledby={props.title === undefined ? undefined : id}
      data-testid={props.testid}
    >
      {(props.title !== undefined || props.actions !== undefined) && (
        <div class="heading">
          {props.title !== undefined && <h2 id={id}>{props.title}</h2>}
          {props.actions !== undefined && <div class="actions">{props.actions}</div>}
        </div>
      )}
      {props.children}
    </section>
  );
}
