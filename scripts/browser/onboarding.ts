// The first page as a person goes through it: a password, the words on paper, the network; it ends in the dashboard.
import { marked, until, type Attributes, type Driver } from './driver.ts';

/** Strong enough for the page, and known to nobody's wallet. */
export const PASSWORD = 'crumble anchor velvet orbit lantern';

/** Argon2id on a slow core takes seconds, and a browser that has just started is busy with itself. */
const SLOW_MS = 60_000;

const shown = (driver: Driver, selector: string, fits: (element: Attributes) => boolean = () => true): Promise<Attributes> =>
  until(`${selector} as wanted`, async () => (await driver.all(selector)).find(fits) ?? null, { timeoutMs: SLOW_MS });

/** Makes a wallet of 24 new words, which it gives, and connects it to this devnet. */
export async function createWallet(driver: Driver, devnetUrl: string, password: string = PASSWORD): Promise<string[]> {
  await shown(driver, marked('onboarding-create'));
  await driver.click(marked('onboarding-accept'));
  await driver.click(marked('onboarding-create'));
  await choosePassword(driver, password);
  await shown(driver, marked('words-reveal'));
  await driver.click(marked('words-reveal'));
  await shown(driver, marked('words-shown'));
  const words = (await driver.all(`${marked('words-shown')} [data-word]`)).map((word) => (word['text'] ?? '').trim());
  await driver.click(marked('onboarding-next'));
  await answerQuestions(driver, words);
  await driver.click(marked('onboarding-next'));
  await connectDevnet(driver, devnetUrl);
  return words;
}

/** The same wallet from its words. */
export async function restoreWallet(
  driver: Driver,
  devnetUrl: string,
  words: readonly string[],
  password: string = PASSWORD,
): Promise<void> {
  await shown(driver, marked('onboarding-restore'));
  await driver.click(marked('onboarding-accept'));
  await driver.click(marked('onboarding-restore'));
  await shown(driver, marked('restore-words'));
  await driver.fill(marked('restore-words'), words.join(' '));
  await driver.click(marked('onboarding-next'));
  await choosePassword(driver, password);
  await connectDevnet(driver, devnetUrl);
}

async function choosePassword(driver: Driver, password: string): Promise<void> {
  await shown(driver, marked('password'));
  await driver.fill(marked('password'), password);
  await driver.fill(marked('password-again'), password);
  await shown(driver, marked('strength', { strong: 'true' }));
  await driver.click(marked('onboarding-next'));
}

/** Each question names a place and offers words, one of which is there. */
async function answerQuestions(driver: Driver, words: readonly string[]): Promise<void> {
  const question = '[data-testid^="word-check-"]';
  await shown(driver, question);
  for (const { 'data-testid': id = '' } of await driver.all(question)) {
    const word = words[Number(id.slice('word-check-'.length)) - 1];
    const choices = await driver.all(`${marked(id)} button`);
    const at = choices.findIndex((choice) => (choice['text'] ?? '').trim() === word);
    await driver.click(`${marked(id)} button:nth-of-type(${at + 1})`);
  }
}

async function connectDevnet(driver: Driver, devnetUrl: string): Promise<void> {
  await shown(driver, marked('network-devnet'));
  await driver.click(marked('network-devnet'));
  await driver.fill(marked('devnet-url'), devnetUrl);
  await driver.click(marked('onboarding-connect'));
  await shown(driver, marked('onboarding-done'));
  await driver.click(marked('onboarding-done'));
  await shown(driver, marked('pill'));
}
