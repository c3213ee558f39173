import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

// Inside jest the folders go when the test file is done; a program of a test makes none of its own.
if (typeof afterAll === 'function') {
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
}

/** A new folder that anyone may pass through, removed after the test file. */
export function tempFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `impersonate-${name}-`));
  chmodSync(folder, 0o711);
  folders.push(folder);
  return folder;
}
