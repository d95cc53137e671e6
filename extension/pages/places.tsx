// The places of a page in a row that scrolls where it is too long; the one that is open is in sight.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon, type IconName } from '../ui/icons.tsx';

interface PlacesProps {
  label: string;
  here: string;
  places: readonly { id: string; label: string; icon: IconName; href: string; testid: string }[];
}

export function Places({ label, here, places }: PlacesProps): JSX.Element {
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    const open = nav.current?.querySelector<HTMLElement>('[aria-current]');
    // Sideways alone: the page itself stays where it is.
    if (open != null && nav.current !== null) nav.current.scrollLeft = open.offsetLeft - (nav.current.clientWidth - open.offsetWidth) / 2;
  }, [here]);
  return (
    <nav ref={nav} class="places" aria-label={label}>
      {places.map((place) => (
        <a key={place.id} href={place.href} aria-current={place.id === here ? 'page' : undefined} data-testid={place.testid}>
          <Icon name={place.icon} size={16} /> {place.label}
        </a>
      ))}
    </nav>
  );
}
