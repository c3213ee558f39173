import * as util from 'node:util';

/** What can be said of a text in color. */
export type Style = 'bold' | 'green' | 'red' | 'yellow';

const usesColours = (): boolean =>
  process.stdout.isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';

/** Returns the text in that style if standard output is a terminal that is to have colors. */
export function styled(style: Style, text: string): string {
  // Node 20 has it from 20.12 on; later versions have rules of their own for colors.
  const { styleText } = util as Partial<typeof util>;
  return usesColours() && styleText ? styleText(style, text, { validateStream: false }) : text;
}

/** Returns the text without control characters, by which names of accounts and principals would change the terminal. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
export const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');

export function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));

export function complain(...lines: readonly string[]): void {
  process.stderr.write(`${lines.map((line) => `impersonate: ${line}`).join('\n')}\n`);
}

/** Returns lines of two columns. */
export function columns(rows: readonly (readonly [title: string, text: string])[]): string[] {
  const width = Math.max(0, ...rows.map(([title]) => title.length));
  return rows.map(([title, text]) => `${styled('bold', title.padEnd(width))}  ${plain(text)}`);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The entries of a list that are printed: root has all capabilities. */
const most = 10;

function textOf(value: unknown): string {
  if (value === null || value === '' || (Array.isArray(value) && value.length === 0)) return 'none';
  if (Array.isArray(value)) {
    const more = value.length > most ? [`and ${value.length - most} more`] : [];
    return [...value.slice(0, most).map(textOf), ...more].join(', ');
  }
  if (isRecord(value))
    return Object.entries(value)
      .map(([name, part]) => `${name} ${textOf(part)}`)
      .join(' ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Returns the properties of an object as rows, those of objects in it with their path. */
export function rowsOf(value: object, before = ''): [string, string][] {
  return Object.entries(value as Record<string, unknown>).flatMap(([name, part]): [string, string][] =>
    isRecord(part) ? rowsOf(part, `${before}${name}.`) : [[`${before}${name}`, textOf(part)]],
  );
}
