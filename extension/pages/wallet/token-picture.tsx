// The picture of a token, drawn through a blob: URL in an img, where bytes cannot become anything but a picture; else its first letter.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { usePage } from '../../ui/page.ts';
import { visibleText } from '../../ui/visible-text.ts';
import type { TokenView } from '../../wallet/messages.ts';

export function TokenPicture({ token }: { token: TokenView }): JSX.Element {
  const { runner } = usePage();
  const [url, show] = useState<string | null>(null);
  const isWanted = token.image === 'here' && token.hiddenBecause === null;
  useEffect(() => {
    if (!isWanted) return undefined;
    let made: string | null = null;
    let isGone = false;
    runner.ask({ type: 'token-image', unit: token.unit }).then(
      ({ image }) => {
        if (image === null || isGone) return;
        made = URL.createObjectURL(new Blob([image.bytes], { type: image.type }));
        show(made);
      },
      // Without its picture a token is what it is.
      () => undefined,
    );
    return () => {
      isGone = true;
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [token.unit, isWanted]);
  return (
    <span class="token-picture" aria-hidden="true">
      {url === null ? (Array.from(visibleText(token.label, 8))[0] ?? '').toUpperCase() : <img src={url} alt="" width={34} height={34} />}
    </span>
  );
}
