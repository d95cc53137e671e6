// What the build writes in place of `import.meta.env`, as far as it is read: code for the other browser is left out of each bundle.
interface ImportMeta {
  readonly env: { readonly FIREFOX: boolean };
}
