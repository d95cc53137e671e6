// Reads what was dropped on the page: files, and folders walked to their files, each with its path. Bounded.
import { MAX_DROPPED_FILES, type DroppedFile } from './job-folder.ts';

const entriesOf = (folder: FileSystemDirectoryReader): Promise<FileSystemEntry[]> =>
  new Promise((resolve, reject) => {
    folder.readEntries(resolve, reject);
  });
const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => {
    entry.file(resolve, reject);
  });

async function walk(entry: FileSystemEntry, into: DroppedFile[]): Promise<void> {
  if (into.length >= MAX_DROPPED_FILES) return;
  if (entry.isFile) {
    into.push({ path: entry.fullPath.replace(/^\//, ''), content: await fileOf(entry as FileSystemFileEntry) });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A folder gives at most 100 entries a call, and none at its end.
  for (let entries = await entriesOf(reader); entries.length > 0; entries = await entriesOf(reader)) {
    for (const one of entries) await walk(one, into);
    if (into.length >= MAX_DROPPED_FILES) return;
  }
}

/** To be called within the event: the list is empty afterwards. */
export async function readDropped(transfer: DataTransfer): Promise<DroppedFile[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const files: DroppedFile[] = [];
  for (const entry of entries) await walk(entry, files);
  return files;
}

/** Files of a file input, with the path below the chosen folder where there is one. */
export const readChosen = (list: FileList): DroppedFile[] =>
  [...list]
    .slice(0, MAX_DROPPED_FILES)
    .map((content) => ({ path: content.webkitRelativePath === '' ? content.name : content.webkitRelativePath, content }));
