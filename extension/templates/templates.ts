// The job templates that ship with the extension, and which of their fields a person may set before anybody is asked; their words are in the catalogs.
// Their files are made by the build (scripts/jobs/build-templates.ts) below /templates/<id>/.

export type SettingName = 'title' | 'budget' | 'timeLimit' | 'epochs' | 'learningRate';
export type SettingKind = 'text' | 'amount' | 'whole' | 'number' | 'seconds';

/** A field of a job file, by its path in the JSON. */
export interface Setting {
  name: SettingName;
  kind: SettingKind;
  path: readonly (string | number)[];
  min?: number;
  max?: number;
}

const TITLE: Setting = { name: 'title', kind: 'text', path: ['title'] };
const BUDGET: Setting = { name: 'budget', kind: 'amount', path: ['budget'] };
const TIME_LIMIT: Setting = {
  name: 'timeLimit',
  kind: 'seconds',
  path: ['timeLimitMs'],
  min: 1,
  max: 3_600,
};

/** What may be set of any job file. */
export const COMMON_SETTINGS: readonly Setting[] = [TITLE, BUDGET, TIME_LIMIT];

export interface Template {
  id: 'digits' | 'speech';
  settings: readonly Setting[];
}

export const TEMPLATES: readonly Template[] = [
  {
    id: 'digits',
    settings: [
      ...COMMON_SETTINGS,
      { name: 'epochs', kind: 'whole', path: ['program', 'epochs'], min: 1, max: 200 },
      {
        name: 'learningRate',
        kind: 'number',
        path: ['program', 'feeds', 'learningRate', 'values', 0],
        min: 0,
        max: 10,
      },
    ],
  },
  {
    id: 'speech',
    settings: COMMON_SETTINGS,
  },
];

/** Where a file of a template is, as the extension packs it. */
export const templateFile = (id: string, path: string): string => `/templates/${id}/${path}`;
