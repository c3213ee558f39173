import { rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Calls `use` with a new folder in `parent` and removes the folder afterwards, also if this process exits meanwhile.
 * The folder of a killed process is removed a day later. Its age decides, because a process id has no meaning in
 * another pid namespace.
 */
export async function withScratch(parent, prefix, use) {
  await removeAbandoned(parent, prefix);
  const folder = await mkdtemp(path.join(parent, prefix));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await use(folder);
  } finally {
    process.off('exit', remove);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function removeAbandoned(parent, prefix) {
  for (const entry of await readdir(parent)) {
    if (!entry.startsWith(prefix)) continue;
    const folder = path.join(parent, entry);
    const status = await stat(folder).catch(() => undefined);
    const abandoned = status && status.uid === process.getuid() && Date.now() - status.mtimeMs > dayMs;
    if (abandoned) await rm(folder, { recursive: true, force: true });
  }
}
