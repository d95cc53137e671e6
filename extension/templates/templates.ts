// The job templates that ship with the extension, and which of their fields a person may set before anybody is asked.
// Their files are made by the build (scripts/jobs/build-templates.ts) below /templates/<id>/.

export type SettingKind = 'text' | 'amount' | 'whole' | 'number' | 'seconds';

/** A field of a job file, by its path in the JSON. */
export interface Setting {
  name: string;
  label: string;
  kind: SettingKind;
  path: readonly (string | number)[];
  min?: number;
  max?: number;
}

const TITLE: Setting = { name: 'title', label: 'Title', kind: 'text', path: ['title'] };
const BUDGET: Setting = { name: 'budget', label: 'Budget in NTX', kind: 'amount', path: ['budget'] };
const TIME_LIMIT: Setting = {
  name: 'timeLimit',
  label: 'Time limit in seconds',
  kind: 'seconds',
  path: ['timeLimitMs'],
  min: 1,
  max: 3_600,
};

/** What may be set of any job file. */
export const COMMON_SETTINGS: readonly Setting[] = [TITLE, BUDGET, TIME_LIMIT];

export interface Template {
  id: string;
  title: string;
  says: string;
  gives: string;
  settings: readonly Setting[];
}

export const TEMPLATES: readonly Template[] = [
  {
    id: 'digits',
    title: 'Train a digit classifier',
    says: 'A 784-128-10 network learns 9,003 handwritten digits. The model is scored here, on 997 digits that never leave this browser.',
    gives: 'model.onnx, with loss and accuracy of every epoch',
    settings: [
      ...COMMON_SETTINGS,
      { name: 'epochs', label: 'Epochs', kind: 'whole', path: ['program', 'epochs'], min: 1, max: 200 },
      {
        name: 'learningRate',
        label: 'Learning rate',
        kind: 'number',
        path: ['program', 'feeds', 'learningRate', 'values', 0],
        min: 0,
        max: 10,
      },
    ],
  },
  {
    id: 'speech',
    title: 'Detect speech in a recording',
    says: 'The Silero voice detector listens to twelve seconds of sound. The result must equal the expected one byte for byte.',
    gives: 'speech.npy, one probability for every 32 ms',
    settings: COMMON_SETTINGS,
  },
];

/** Where a file of a template is, as the extension packs it. */
export const templateFile = (id: string, path: string): string => `/templates/${id}/${path}`;
