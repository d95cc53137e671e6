// The linter brings no types; this much of it is used.
declare module 'addons-linter' {
  interface Message {
    code: string;
    message: string;
    file?: string;
    line?: number;
    column?: number;
  }
  interface Linter {
    run(): Promise<{ errors: Message[]; warnings: Message[]; notices: Message[] }>;
  }
  const addonsLinter: { createInstance(options: { config: Record<string, unknown>; runAsBinary: boolean }): Linter };
  export default addonsLinter;
}
