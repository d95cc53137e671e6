// What a machine lends: prices, share, hours, kinds, longest job. The form sends only what is different.
import { useSignal } from '@preact/signals';
import type { ConfigChange } from '@nunet/shared/owner-command.ts';
import type { OwnerSettings } from '@nunet/shared/owner-views.ts';
import type { JSX } from 'preact';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Card } from '../ui/card.tsx';
import { Field } from '../ui/field.tsx';
import { t } from '../ui/i18n.ts';
import { Tick } from '../ui/toggle.tsx';
import { changeOf, formOf, type ChangeForm, type FormProblem } from './change-form.ts';
import './machine.css';

const PRICES = ['cpuHour', 'memoryGibHour', 'gpuHour', 'minimum'] as const;
const SHARES = ['cpus', 'memory', 'disk'] as const;

/** Give it a `key` of the settings, so that the form begins anew when they are others. */
export function MachineSettings({
  settings,
  onChange,
}: {
  settings: OwnerSettings;
  onChange: (change: ConfigChange) => void;
}): JSX.Element {
  const words = t().lend.settings;
  const form = useSignal<ChangeForm>(formOf(settings));
  const problem = useSignal<FormProblem | 'nothing' | null>(null);
  const now = form.value;
  const set = (change: Partial<ChangeForm>): void => {
    form.value = { ...form.peek(), ...change };
    problem.value = null;
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const answer = changeOf(settings, form.peek());
    if ('problem' in answer) problem.value = answer.problem;
    else if (answer.change === null) problem.value = 'nothing';
    else onChange(answer.change);
  };
  return (
    <Card title={words.title}>
      <form class="stack machine-form" onSubmit={submit}>
        <p class="hint">{words.says}</p>
        <fieldset>
          <legend>{words.prices}</legend>
          <div class="machine-fields">
            {PRICES.map((part) => (
              <Field
                key={part}
                label={words[part]}
                inputMode="decimal"
                maxLength={30}
                value={now.prices[part]}
                testid={`machine-${part}`}
                onInput={(value) => set({ prices: { ...form.peek().prices, [part]: value } })}
              />
            ))}
          </div>
        </fieldset>
        <fieldset>
          <legend>{words.share}</legend>
          <div class="machine-fields">
            {SHARES.map((part) => (
              <Field
                key={part}
                label={words[part]}
                inputMode="numeric"
                maxLength={4}
                end="%"
                value={now.share[part]}
                testid={`machine-${part}`}
                onInput={(value) => set({ share: { ...form.peek().share, [part]: value } })}
              />
            ))}
          </div>
        </fieldset>
        <fieldset>
          <Tick
            label={words.hours}
            hint={words.hoursHint}
            isOn={now.isLimited}
            testid="machine-hours"
            onChange={(isLimited) => set({ isLimited })}
          />
          {now.isLimited && (
            <div class="machine-fields">
              <Field label={words.from} maxLength={5} value={now.from} testid="machine-from" onInput={(from) => set({ from })} />
              <Field label={words.to} maxLength={5} value={now.to} testid="machine-to" onInput={(to) => set({ to })} />
            </div>
          )}
        </fieldset>
        <fieldset>
          <legend>{words.kinds}</legend>
          <Tick label={words.onnx} isOn={now.kinds.onnx} onChange={(onnx) => set({ kinds: { ...form.peek().kinds, onnx } })} />
          <Tick
            label={words.container}
            isOn={now.kinds.container}
            onChange={(container) => set({ kinds: { ...form.peek().kinds, container } })}
          />
        </fieldset>
        <div class="machine-fields">
          <Field
            label={words.longest}
            inputMode="decimal"
            maxLength={12}
            value={now.longestHours}
            testid="machine-longest"
            onInput={(longestHours) => set({ longestHours })}
          />
        </div>
        <Tick label={words.telemetry} isOn={now.telemetry} onChange={(telemetry) => set({ telemetry })} />
        {problem.value !== null && (
          <Callout tone={problem.value === 'nothing' ? 'info' : 'bad'} role="alert" testid="machine-form-problem">
            {problem.value === 'nothing' ? words.nothing : words.problems[problem.value]}
          </Callout>
        )}
        <div class="actions">
          <Button type="submit" kind="primary" testid="machine-save">
            {words.save}
          </Button>
        </div>
      </form>
    </Card>
  );
}
