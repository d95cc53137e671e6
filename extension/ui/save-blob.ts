// Saves bytes as a download of the browser. The name is a checked file name of a job; the type is never one that a browser would open.
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the bytes by the next task in both browsers; a minute is kept for slow disks.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
