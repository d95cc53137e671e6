// A training curve as an SVG of its own: loss on the left axis, accuracy on the right. Small enough that a chart library would be larger than its use.
export interface CurvePoint {
  epoch: number;
  metrics: Record<string, number>;
}

const WIDTH = 720;
const HEIGHT = 380;
const EDGE = { left: 64, right: 64, top: 44, bottom: 48 };

export function plotCurve(points: readonly CurvePoint[]): string {
  const names = Object.keys(points[0]?.metrics ?? {}).slice(0, 2);
  const first = points[0]?.epoch ?? 0;
  const last = Math.max(first + 1, points.at(-1)?.epoch ?? 1);
  const x = (epoch: number): number => EDGE.left + ((epoch - first) / (last - first)) * (WIDTH - EDGE.left - EDGE.right);
  const colours = ['#b3541e', '#1f6f5c'];
  const lines = names.map((name, index) => {
    const values = points.map(({ metrics }) => metrics[name] ?? 0);
    const low = Math.min(0, ...values);
    const high = Math.max(1, ...values);
    const y = (value: number): number => HEIGHT - EDGE.bottom - ((value - low) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
    const path = points.map(({ epoch }, at) => `${at === 0 ? 'M' : 'L'}${x(epoch).toFixed(1)} ${y(values[at] ?? 0).toFixed(1)}`).join(' ');
    const side = index === 0 ? EDGE.left - 8 : WIDTH - EDGE.right + 8;
    const anchor = index === 0 ? 'end' : 'start';
    const ticks = [low, (low + high) / 2, high].map(
      (value) => `<text x="${side}" y="${y(value) + 4}" text-anchor="${anchor}" fill="${colours[index]}">${value.toFixed(2)}</text>`,
    );
    const label = `<text x="${index === 0 ? EDGE.left : WIDTH - EDGE.right}" y="24" text-anchor="${index === 0 ? 'start' : 'end'}" fill="${colours[index]}" font-weight="600">${name} ${values.at(-1)?.toFixed(4)}</text>`;
    return `${label}${ticks.join('')}<path d="${path}" fill="none" stroke="${colours[index]}" stroke-width="2"/>`;
  });
  const base = HEIGHT - EDGE.bottom;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fdfcfa"/>
<path d="M${EDGE.left} ${base}H${WIDTH - EDGE.right}" stroke="#8a8478"/>
<text x="${EDGE.left}" y="${base + 22}" fill="#5c574c">epoch ${first}</text><text x="${WIDTH - EDGE.right}" y="${base + 22}" text-anchor="end" fill="#5c574c">epoch ${last}</text>
${lines.join('\n')}
</svg>
`;
}
