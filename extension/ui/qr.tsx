// A text as a QR code, drawn as one path. Import it lazily where it is not the first thing that is seen.
import type { JSX } from 'preact';
import { encodeQR } from 'qr';
import './qr.css';

/** Modules around the code that stay empty, as ISO/IEC 18004 asks. */
const QUIET = 4;

/** The dark modules of a row as few rectangles as there are runs. */
export function qrPath(rows: readonly (readonly boolean[])[]): string {
  let path = '';
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (row[x] !== true) continue;
      let end = x;
      while (row[end + 1] === true) end += 1;
      path += `M${x} ${y}h${end - x + 1}v1h-${end - x + 1}z`;
      x = end;
    }
  });
  return path;
}

export function Qr({ text, label }: { text: string; label: string }): JSX.Element {
  const rows = encodeQR(text, 'raw', { ecc: 'medium', border: QUIET });
  return (
    <svg class="qr" viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <path d={qrPath(rows)} />
    </svg>
  );
}
