// The charts must be legible on a telephone of 360 px, 0.9 of this width.
const width = 400;
const margin = 14;
const size = { title: 16, text: 14, small: 13.5 };
// Widths of the letters of a wide sans-serif font, in parts of its size.
const letter = { title: 0.64, panel: 0.62, small: 0.54, text: 0.58 };
const bar = 12;

const style = `
  text { font: ${size.text}px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: #1f2328 }
  .title { font-size: ${size.title}px; font-weight: 600 }
  .panel { font-weight: 600 }
  .small { font-size: ${size.small}px; fill: #59636e }
  .ground { fill: #ffffff }
  .own { fill: #0969da }
  .other { fill: #8c959f }
  .range { stroke: #1f2328; stroke-width: 1.5 }
  .one { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .small { fill: #9198a1 }
    .ground { fill: #0d1117 }
    .own { fill: #4493f8 }
    .other { fill: #6e7681 }
    .range { stroke: #f0f6fc }
    .one { stroke: #9198a1 }
  }`;

const escaped = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const round = (value) => Number(value.toFixed(1));
const widthOf = (text, kind = 'text') => text.length * (size[kind] ?? size.text) * letter[kind];

/** Breaks a text into lines that fit the width. */
function wrap(text, kind) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (widthOf(longer, kind) <= width - 2 * margin) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/**
 * Draws a chart of bars as SVG, with colors for a light and a dark background. `panels` are { title, rows, one, most },
 * where `one` says that a dashed line marks the value 1, and `most` is the end of the scale if rows of other panels need it. A row is { label, value, text, isOwn, low, high }: isOwn is for this
 * package, and low and high are the ends of a thin line.
 */
export function bars({ title, panels, note }) {
  const parts = [];
  let y = margin;
  const write = (text, kind) => {
    for (const line of wrap(text, kind)) {
      y += (size[kind] ?? size.text) * 1.3;
      parts.push(`<text class="${kind}" x="${margin}" y="${round(y)}">${escaped(line)}</text>`);
    }
  };
  write(title, 'title');
  for (const panel of panels) {
    y += 12;
    write(panel.title, 'panel');
    y += 7;
    const { svg, height } = drawPanel(panel, y);
    parts.push(svg);
    y += height;
  }
  y += 4;
  write(note, 'small');
  const height = Math.ceil(y + margin);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title values">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="values">${escaped(described(panels))}</desc>`,
    `<style>${style}\n</style>`,
    `<rect class="ground" width="${width}" height="${height}" rx="6"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** Short labels stand at the left of their bars, and long ones above them. */
function drawPanel(panel, top) {
  const { rows, one } = panel;
  const widest = Math.max(...rows.map(({ label }) => widthOf(label)));
  const isBeside = widest <= 120;
  const left = margin + (isBeside ? widest + 8 : 0);
  const rowHeight = isBeside ? 20 : 38;
  const right = width - margin - Math.max(...rows.map(({ text }) => widthOf(text))) - 8;
  const most = panel.most ?? mostOf(rows, one);
  const at = (value) => round(left + ((right - left) * value) / most);
  const drawn = rows.map((row, index) => {
    const start = top + index * rowHeight;
    const y = start + (isBeside ? 3 : 20);
    const baseline = isBeside ? y + bar - 1 : start + 14;
    return [
      `<text x="${margin}" y="${round(baseline)}">${escaped(row.label)}</text>`,
      `<rect class="${row.isOwn ? 'own' : 'other'}" x="${round(left)}" y="${round(y)}" width="${round(Math.max(at(row.value) - left, 1))}" height="${bar}" rx="2"/>`,
      ...(one ? [`<path class="one" d="M${at(1)} ${round(y - 3)}v${bar + 6}"/>`] : []),
      ...rangeOf(row, at, y + bar / 2),
      `<text x="${width - margin}" y="${round(y + bar - 1)}" text-anchor="end">${escaped(row.text)}</text>`,
    ].join('\n');
  });
  return { svg: drawn.join('\n'), height: rows.length * rowHeight };
}

/** Returns the end of a scale for the rows. */
export const mostOf = (rows, one) =>
  Math.max(...rows.map(({ value, high = value }) => Math.max(value, high)), one ? 1 : 0);

function rangeOf({ low, high }, at, y) {
  if (low === undefined || at(high) - at(low) < 2) return [];
  return [
    `<path class="range" d="M${at(low)} ${round(y)}H${at(high)}m0 -3v6M${at(low)} ${round(y - 3)}v6" fill="none"/>`,
  ];
}

const described = (panels) =>
  panels
    .map(({ title, rows }) => `${title}: ${rows.map(({ label, text }) => `${label} ${text}`).join(', ')}.`)
    .join(' ');
