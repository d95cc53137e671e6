// Names that Mesh expects of Node as globals. Imported before it.
import { Buffer } from 'buffer';

Object.assign(globalThis, { Buffer, global: globalThis, process: { env: {}, version: '', versions: {}, browser: true } });
