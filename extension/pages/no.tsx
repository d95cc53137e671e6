// The "no" that a form came back with, beside it.
import type { JSX } from 'preact';
import { Callout } from '../ui/callout.tsx';
import { errorText, type SaidNo } from '../ui/error-text.ts';
import { Stranger } from '../ui/stranger.tsx';

export const No = ({ no, testid = 'form-error' }: { no: SaidNo | null; testid?: string }): JSX.Element | null =>
  no === null ? null : (
    <Callout tone="bad" role="alert" testid={testid} code={no.code}>
      <Stranger text={errorText(no)} length={400} />
    </Callout>
  );
