import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

const intervalMs = 50;

/** Passes the text of a growing file to `onText` piece by piece. `end()` reads the rest and resolves to all of it. */
export function followFile(file, onText = () => {}) {
  const decoder = new StringDecoder('utf8');
  const buffer = Buffer.alloc(64 * 1024);
  let ending = false;
  let wake = () => {};
  let text = '';

  const take = (piece) => {
    text += piece;
    if (piece) onText(piece);
  };
  const readAll = async (handle) => {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) return;
      take(decoder.write(buffer.subarray(0, bytesRead)));
    }
  };
  const follow = async () => {
    const handle = await open(file);
    try {
      while (!ending) {
        await readAll(handle);
        await new Promise((resolve) => {
          wake = resolve;
          setTimeout(resolve, intervalMs);
        });
      }
      await readAll(handle);
      take(decoder.end());
      return text;
    } finally {
      await handle.close();
    }
  };

  const followed = follow();
  return {
    end() {
      ending = true;
      wake();
      return followed;
    },
  };
}
