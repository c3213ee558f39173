import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { seam } from '../win32/seam';

/** Counts the occurrences of the parts in the writable memory of another process. */
export function countInMemory(processId: number, parts: readonly Buffer[]): number {
  if (process.platform === 'win32') return seam().countInMemory(processId, parts);
  const regions = readFileSync(`/proc/${String(processId)}/maps`, 'utf8')
    .split('\n')
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line))
    .filter((match) => match !== null);
  const memory = openSync(`/proc/${String(processId)}/mem`, 'r');
  try {
    return regions.reduce((count, [, from, to]) => {
      const [start, end] = [BigInt(`0x${from ?? ''}`), BigInt(`0x${to ?? ''}`)];
      return count + countInRegion(memory, start, end, parts);
    }, 0);
  } finally {
    closeSync(memory);
  }
}

const chunkSize = 1 << 20;

function countInRegion(memory: number, start: bigint, end: bigint, parts: readonly Buffer[]): number {
  // Each chunk begins with the end of the previous one, which is shorter than any part.
  const overlap = Math.min(...parts.map(({ length }) => length)) - 1;
  const chunk = Buffer.alloc(chunkSize + overlap);
  let [count, kept] = [0, 0];
  for (let at = start; at < end;) {
    const read = readSync(memory, chunk, kept, Math.min(chunkSize, Number(end - at)), at);
    if (read === 0) break;
    const known = chunk.subarray(0, kept + read);
    for (const part of parts) {
      for (let found = known.indexOf(part); found >= 0; found = known.indexOf(part, found + 1)) count++;
    }
    kept = Math.min(overlap, known.length);
    known.copy(chunk, 0, known.length - kept);
    at += BigInt(read);
  }
  return count;
}
