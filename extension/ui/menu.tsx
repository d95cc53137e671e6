// A menu behind a button: actions or one choice of several, with the arrow keys, closed by Escape and by what is chosen.
import type { ComponentChildren, JSX, TargetedKeyboardEvent } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button, IconButton } from './button.tsx';
import { Icon, type IconName } from './icons.tsx';
import { PopoverPanel } from './popover-panel.tsx';

export interface MenuItem {
  label: ComponentChildren;
  icon?: IconName | undefined;
  /** One of several, of which one is chosen. */
  isChosen?: boolean | undefined;
  end?: ComponentChildren | undefined;
  onClick: () => void;
  testid?: string | undefined;
}

export interface MenuProps {
  /** Name of the menu; the button's too where `button` is left out. */
  label: string;
  /** What the button shows; left out: three dots. */
  button?: ComponentChildren | undefined;
  icon?: IconName | undefined;
  kind?: 'secondary' | 'quiet' | undefined;
  items: readonly MenuItem[];
  testid?: string | undefined;
}

/** The item that a key leads to; null: none. */
export function nextItem(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  if (key === 'ArrowDown') return (at + 1) % count;
  if (key === 'ArrowUp') return (at - 1 + count) % count;
  if (key === 'Home') return 0;
  return key === 'End' ? count - 1 : null;
}

export function Menu({ label, button, icon, kind = 'quiet', items, testid }: MenuProps): JSX.Element {
  const id = `menu${useId()}`;
  const list = useRef<HTMLDivElement>(null);
  const all = (): HTMLElement[] => [...(list.current?.querySelectorAll<HTMLElement>('.menu-item') ?? [])];
  useEffect(() => {
    const panel = list.current?.parentElement;
    const focusFirst = (event: Event): void => {
      if ((event as ToggleEvent).newState === 'open')
        (all().find((item) => item.getAttribute('aria-checked') === 'true') ?? all()[0])?.focus();
    };
    panel?.addEventListener('toggle', focusFirst);
    return () => panel?.removeEventListener('toggle', focusFirst);
  }, []);
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    const every = all();
    const to = nextItem(event.key, every.indexOf(document.activeElement as HTMLElement), every.length);
    if (to === null) return;
    event.preventDefault();
    every[to]?.focus();
  };
  const isChoice = items.some((item) => item.isChosen !== undefined);
  return (
    <>
      {button === undefined ? (
        <IconButton icon={icon ?? 'more'} label={label} popoverTarget={id} {...(testid === undefined ? {} : { testid })} />
      ) : (
        <Button kind={kind} popoverTarget={id} {...(icon === undefined ? {} : { icon })} {...(testid === undefined ? {} : { testid })}>
          {button}
          <Icon name="unfold" size={14} />
        </Button>
      )}
      <PopoverPanel id={id} label={label} role="menu">
        <div ref={list} onKeyDown={onKeyDown}>
          {items.map((item, i) => (
            <button
              key={i}
              type="button"
              class="menu-item"
              role={isChoice && item.isChosen !== undefined ? 'menuitemradio' : 'menuitem'}
              aria-checked={item.isChosen}
              tabIndex={-1}
              popovertarget={id}
              popovertargetaction="hide"
              data-testid={item.testid}
              onClick={item.onClick}
            >
              {item.icon !== undefined && <Icon name={item.icon} size={16} />}
              <span>{item.label}</span>
              {item.end !== undefined && <span class="menu-end">{item.end}</span>}
            </button>
          ))}
        </div>
      </PopoverPanel>
    </>
  );
}
