// The pieces of the gallery: each component in the states that it can be in.
import { useSignal } from '@preact/signals';
import type { ComponentType, JSX } from 'preact';
import { Address } from '../../ui/address.tsx';
import { Ada, Amount, Ntx } from '../../ui/amount.tsx';
import { Badge, Dot } from '../../ui/badge.tsx';
import { Button, IconButton, LinkButton } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { EmptyState } from '../../ui/empty-state.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Field, Select, TextArea } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { ICON_NAMES, Icon } from '../../ui/icons.tsx';
import { ListRow, Rows } from '../../ui/list-row.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Menu } from '../../ui/menu.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PasswordField } from '../../ui/password-field.tsx';
import { Progress } from '../../ui/progress.tsx';
import { Qr } from '../../ui/qr.tsx';
import { RadioCards } from '../../ui/radio-cards.tsx';
import { Skeleton } from '../../ui/skeleton.tsx';
import { Stepper } from '../../ui/stepper.tsx';
import { Stranger } from '../../ui/stranger.tsx';
import { Table } from '../../ui/table.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { createToasts, ToastList } from '../../ui/toasts.tsx';
import { Tick, Toggle } from '../../ui/toggle.tsx';

const ADDRESS = 'addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgs68faae';
const KINDS = ['primary', 'secondary', 'quiet', 'danger'] as const;

const Buttons = (): JSX.Element => (
  <div class="stack">
    {(['small', 'normal', 'large'] as const).map((size) => (
      <div key={size} class="actions">
        {KINDS.map((kind) => (
          <Button key={kind} kind={kind} size={size}>
            {kind}
          </Button>
        ))}
      </div>
    ))}
    <div class="actions">
      <Button icon="plus">With an icon</Button>
      <Button isDisabled>Disabled</Button>
      <Button kind="primary" isDisabled>
        Disabled
      </Button>
      <Button isPressed>Pressed</Button>
      <LinkButton href="#">A link</LinkButton>
      <IconButton icon="copy" label="Copy it" />
    </div>
  </div>
);

function Fields(): JSX.Element {
  const text = useSignal('2.5');
  const select = useSignal<'a' | 'b'>('a');
  return (
    <div class="fields">
      <Field label="Amount" hint="What arrives, without the fee." value={text.value} onInput={(value) => (text.value = value)} />
      <Field label="With a unit" value={text.value} end="NTX" onInput={(value) => (text.value = value)} />
      <Field label="Wrong" value="1,5" error="Want a decimal number, such as 1.5." onInput={() => undefined} />
      <Field label="Disabled" value="cannot be changed" isDisabled onInput={() => undefined} />
      <Select
        label="Choice"
        value={select.value}
        options={[
          { value: 'a', label: 'The first' },
          { value: 'b', label: 'The second' },
        ]}
        onSelect={(value) => (select.value = value)}
      />
      <PasswordField label="Password" hint="Shown on demand." />
      <TextArea label="Several lines" isWide value="What is wrong with the result?" onInput={() => undefined} />
    </div>
  );
}

function Choices(): JSX.Element {
  const isOn = useSignal(true);
  const card = useSignal<'open' | 'sealed' | 'none'>('open');
  return (
    <div class="stack">
      <Toggle label="A switch" hint="Takes effect at once." isOn={isOn.value} onChange={(on) => (isOn.value = on)} />
      <Toggle label="Off and disabled" isOn={false} isDisabled onChange={() => undefined} />
      <Tick label="A tick" hint="Goes with its form." isOn={isOn.value} onChange={(on) => (isOn.value = on)} />
      <RadioCards
        label="Delivery"
        value={card.value}
        options={[
          { value: 'open', label: 'Open', says: 'Readable at once.' },
          { value: 'sealed', label: 'Sealed', says: 'Readable once it is paid.' },
          { value: 'none', label: 'Neither', says: 'Cannot be chosen here.', isDisabled: true },
        ]}
        onSelect={(value) => (card.value = value)}
      />
    </div>
  );
}

const Tones = (): JSX.Element => (
  <div class="stack tight">
    <Callout>Something to know here.</Callout>
    <Callout tone="good">It went well.</Callout>
    <Callout tone="wait" title="It waits" actions={<Button size="small">Go on</Button>}>
      With a title and what to do.
    </Callout>
    <Callout tone="bad">It went wrong, and this is what to do about it.</Callout>
    <div class="actions">
      {(['plain', 'accent', 'good', 'wait', 'bad'] as const).map((tone) => (
        <Badge key={tone} tone={tone}>
          <Dot tone={tone} /> {tone}
        </Badge>
      ))}
    </div>
  </div>
);

const Money = (): JSX.Element => (
  <div class="stack">
    <Ntx quantity={1_234_567_890_100n} size="large" />
    <div class="actions">
      <Ntx quantity={250_000_000n} />
      <Ada quantity={1_500_000n} isSigned />
      <Ada quantity={-1_500_000n} isSigned />
      <Amount quantity={42n} decimals={0} unit={'evil\u202Egnp'} isStrange />
    </div>
    <Address text={ADDRESS} what="the address" />
    <Address text={ADDRESS} what="the other address" isFull />
    <Qr text={ADDRESS} label="The address as a QR code" />
    <Facts
      facts={[
        { name: 'Locked', value: <Ntx quantity={4_250_000n} /> },
        { name: 'Fee', value: <Ada quantity={182_345n} /> },
      ]}
    />
    <Facts
      shape="inline"
      facts={[
        { name: 'Program', value: 'ONNX graph' },
        { name: 'Needs', value: '2 threads' },
      ]}
    />
  </div>
);

function Places(): JSX.Element {
  const tab = useSignal<'one' | 'two'>('one');
  return (
    <div class="stack">
      <PageHeader
        title="Title of a page"
        lead="What it is for, in a sentence."
        back={{ href: '#', label: 'Back' }}
        actions={<Button>Do</Button>}
      />
      <Stepper label="Steps" steps={['Words', 'Password', 'Network']} at={1} />
      <Tabs
        label="Parts"
        tabs={[
          { id: 'one', label: 'The first' },
          { id: 'two', label: 'The second' },
        ]}
        selected={tab.value}
        onSelect={(id) => (tab.value = id)}
      >
        Panel {tab.value}.
      </Tabs>
    </div>
  );
}

const Lists = (): JSX.Element => (
  <div class="stack">
    <Rows label="Rows">
      <ListRow icon="send" title="Sent" more="yesterday" value={<Ada quantity={-2_000_000n} isSigned />} href="#" />
      <ListRow icon="receive" title={<Stranger text="A stranger’s name" />} value="value" valueMore="more of it" />
      <ListRow title="With buttons" end={<IconButton icon="trash" label="Remove it" size="small" />} />
    </Rows>
    <Table caption="Offers" columns={[{ label: 'Who' }, { label: 'At most', isNumber: true }]}>
      <tr>
        <td data-label="Who">12D3KooW…</td>
        <td data-label="At most" class="number">
          4.25 NTX
        </td>
      </tr>
    </Table>
    <EmptyState
      icon="list"
      title={t().jobs.list.empty}
      steps={t().jobs.list.teach}
      action={<Button kind="primary">{t().jobs.list.deploy}</Button>}
    />
  </div>
);

const Waiting = (): JSX.Element => (
  <div class="stack">
    <Skeleton label="Being read" />
    <Skeleton label="Being read" shape="rows" count={2} />
    <Progress label="Progress" done={3} total={5} says="Step 3 of 5" figure="60 %" />
  </div>
);

function OnTop(): JSX.Element {
  const shown = useSignal<'dialog' | 'confirm' | null>(null);
  const toasts = useSignal(createToasts((ms, act) => void setTimeout(act, ms))).value;
  return (
    <div class="stack">
      <div class="actions">
        <Button onClick={() => (shown.value = 'dialog')}>Dialog</Button>
        <Button onClick={() => (shown.value = 'confirm')}>Question</Button>
        <Button onClick={() => toasts.say('It went well')}>Toast</Button>
        <Menu
          label="Menu"
          button="Menu"
          kind="secondary"
          items={[
            { label: 'One of two', isChosen: true, onClick: () => undefined },
            { label: 'The other', isChosen: false, onClick: () => undefined },
            { label: 'Remove', icon: 'trash', onClick: () => undefined },
          ]}
        />
      </div>
      <ToastList toasts={toasts} />
      {shown.value === 'dialog' && (
        <Dialog title="A dialog" onClose={() => (shown.value = null)}>
          Closed by Escape.
        </Dialog>
      )}
      {shown.value === 'confirm' && (
        <ConfirmDialog title="Remove it?" action="Remove" onClose={() => (shown.value = null)} onConfirm={() => undefined}>
          It cannot be undone.
        </ConfirmDialog>
      )}
    </div>
  );
}

const Icons = (): JSX.Element => (
  <div class="actions">
    <Mark />
    {ICON_NAMES.map((name) => (
      <span key={name} title={name}>
        <Icon name={name} />
      </span>
    ))}
  </div>
);

export const PIECES: readonly (readonly [name: string, piece: ComponentType])[] = [
  ['Buttons', Buttons],
  ['Fields', Fields],
  ['Choices', Choices],
  ['Tones', Tones],
  ['Money and ids', Money],
  ['Places', Places],
  ['Lists', Lists],
  ['Waiting', Waiting],
  ['On top', OnTop],
  ['Icons', Icons],
];
