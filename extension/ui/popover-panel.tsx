// A panel that hangs on its button: the browser's popover, placed beside the button and kept on the screen.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import './menu.css';

const GAP = 6;
const EDGE = 12;

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Below the button where there is room, else above; its start on the button's, or its end where it would leave the screen. */
export function placeBeside(
  button: Box,
  panel: { width: number; height: number },
  screen: { width: number; height: number },
): { x: number; y: number } {
  const isBelow = button.bottom + GAP + panel.height + EDGE <= screen.height || button.top < panel.height + GAP + EDGE;
  const y = isBelow ? button.bottom + GAP : button.top - GAP - panel.height;
  const x = button.left + panel.width + EDGE <= screen.width ? button.left : button.right - panel.width;
  return {
    x: Math.max(EDGE, Math.min(x, screen.width - panel.width - EDGE)),
    y: Math.max(EDGE, Math.min(y, screen.height - panel.height - EDGE)),
  };
}

export interface PopoverPanelProps {
  /** The button names it by `popoverTarget`. */
  id: string;
  label: string;
  role?: 'dialog' | 'menu' | undefined;
  testid?: string | undefined;
  children: ComponentChildren;
}

export function PopoverPanel({ id, label, role = 'dialog', testid, children }: PopoverPanelProps): JSX.Element {
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = panel.current;
    if (element === null) return undefined;
    const place = (event: Event): void => {
      if ((event as ToggleEvent).newState !== 'open') return;
      const button = document.querySelector(`[popovertarget="${CSS.escape(id)}"]`);
      if (button === null) return;
      const { x, y } = placeBeside(
        button.getBoundingClientRect(),
        { width: element.offsetWidth, height: element.offsetHeight },
        { width: document.documentElement.clientWidth, height: innerHeight },
      );
      element.style.left = `${x}px`;
      element.style.top = `${y}px`;
    };
    element.addEventListener('toggle', place);
    return () => element.removeEventListener('toggle', place);
  }, [id]);
  return (
    <div
      ref={panel}
      id={id}
      class={role === 'menu' ? 'panel menu' : 'panel'}
      popover="auto"
      role={role}
      aria-label={label}
      data-testid={testid}
    >
      {children}
    </div>
  );
}
