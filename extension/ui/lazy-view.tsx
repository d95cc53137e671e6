// A part of a page whose code is loaded when it is first looked at; a skeleton until then, and a way to try again where it does not come.
import { useSignal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Button } from './button.tsx';
import { Callout } from './callout.tsx';
import { t } from './i18n.ts';
import { Skeleton } from './skeleton.tsx';

/** The component that `load` gives, drawn with the same properties. */
export function lazyView<Props extends object>(load: () => Promise<ComponentType<Props>>): (props: Props) => JSX.Element {
  let loaded: ComponentType<Props> | null = null;
  return (props) => {
    const now = useSignal<{ view: ComponentType<Props> | null; hasFailed: boolean }>({ view: loaded, hasFailed: false });
    const read = (): void => {
      load().then(
        (view) => {
          loaded = view;
          now.value = { view, hasFailed: false };
        },
        () => (now.value = { view: null, hasFailed: true }),
      );
    };
    useEffect(() => {
      if (now.value.view === null) read();
    }, []);
    const { view: View, hasFailed } = now.value;
    if (View !== null) return <View {...props} />;
    if (!hasFailed) return <Skeleton label={t().shell.parts.reading} />;
    return (
      <Callout tone="bad" role="alert" actions={<Button onClick={read}>{t().shell.parts.tryAgain}</Button>}>
        {t().shell.parts.notLoaded}
      </Callout>
    );
  };
}
