import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkerStart } from './start';
import { wrongType, wrongValue } from '../internal/validate';

const isData = (file: unknown): file is URL => file instanceof URL && file.protocol === 'data:';

function toPath(file: unknown): string {
  if (file instanceof URL) return fileURLToPath(file);
  if (typeof file !== 'string') throw wrongType('file', 'of type string or an instance of URL', file);
  if (path.isAbsolute(file) || /^\.\.?[\\/]/.test(file)) return path.resolve(file);
  throw Object.assign(
    new TypeError(
      `The worker's file must be an absolute path, a relative path starting with './' or '../', or a URL object. Received "${file}"`,
    ),
    { code: 'ERR_WORKER_PATH' },
  );
}

/** What `new Worker(file, { eval })` runs; throws as it does for a file that is none. */
export function workerEntry(file: unknown, isCode: boolean): Pick<WorkerStart, 'entry' | 'argv'> {
  if (isCode) {
    if (typeof file !== 'string')
      throw wrongValue('options.eval', "must be false when 'file' is not a string");
    return { entry: { code: file }, argv: ['[worker eval]'] };
  }
  if (isData(file)) return { entry: { code: `import(${JSON.stringify(file.href)})` }, argv: [] };
  const resolved = toPath(file);
  return { entry: { file: resolved }, argv: [resolved] };
}
