// Buttons: what a person can do here, in one of four weights; the same as a link; and an icon alone with its name.
import type { ComponentChildren, JSX, Ref } from 'preact';
import './button.css';
import { Icon, type IconName } from './icons.tsx';

interface Look {
  /** `primary`: what this view is for, once. `danger`: cannot be undone. `quiet`: beside the matter. */
  kind?: 'primary' | 'secondary' | 'quiet' | 'danger' | undefined;
  size?: 'small' | 'normal' | 'large' | undefined;
  icon?: IconName | undefined;
  /** As wide as its place. */
  isWide?: boolean | undefined;
  testid?: string | undefined;
  children?: ComponentChildren | undefined;
}

const classOf = ({ kind = 'secondary', size = 'normal', isWide = false }: Look, more = ''): string =>
  ['button', kind, size, isWide ? 'wide' : '', more].filter((name) => name !== '' && name !== 'secondary' && name !== 'normal').join(' ');

const ICON_SIZE = { small: 16, normal: 18, large: 20 } as const;

const Inside = ({ icon, size = 'normal', children }: Look): JSX.Element => (
  <>
    {icon !== undefined && <Icon name={icon} size={ICON_SIZE[size]} />}
    {children}
  </>
);

export interface ButtonProps extends Look {
  /** `submit` inside of a form. */
  type?: 'button' | 'submit' | undefined;
  isDisabled?: boolean | undefined;
  isPressed?: boolean | undefined;
  popoverTarget?: string | undefined;
  buttonRef?: Ref<HTMLButtonElement> | undefined;
  label?: string | undefined;
  onClick?: ((event: MouseEvent) => void) | undefined;
}

export function Button(props: ButtonProps): JSX.Element {
  return (
    <button
      ref={props.buttonRef ?? null}
      type={props.type ?? 'button'}
      class={classOf(props)}
      disabled={props.isDisabled}
      aria-pressed={props.isPressed}
      aria-label={props.label}
      popovertarget={props.popoverTarget}
      data-testid={props.testid}
      onClick={props.onClick}
    >
      <Inside {...props} />
    </button>
  );
}

export interface LinkButtonProps extends Look {
  href: string;
  /** Another tab, for another site. */
  isOutside?: boolean | undefined;
}

export function LinkButton(props: LinkButtonProps): JSX.Element {
  return (
    <a
      class={classOf(props)}
      href={props.href}
      data-testid={props.testid}
      {...(props.isOutside === true ? { target: '_blank', rel: 'noreferrer' } : {})}
    >
      <Inside {...props} />
    </a>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, 'children' | 'icon'> {
  icon: IconName;
  /** What it does, for those who do not see it. */
  label: string;
}

export function IconButton({ icon, kind = 'quiet', ...props }: IconButtonProps): JSX.Element {
  return (
    <button
      ref={props.buttonRef ?? null}
      type={props.type ?? 'button'}
      class={classOf({ ...props, kind }, 'square')}
      disabled={props.isDisabled}
      aria-pressed={props.isPressed}
      aria-label={props.label}
      title={props.label}
      popovertarget={props.popoverTarget}
      data-testid={props.testid}
      onClick={props.onClick}
    >
      <Icon name={icon} size={ICON_SIZE[props.size ?? 'normal']} />
    </button>
  );
}
