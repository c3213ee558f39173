declare module 'busboy' {
  import type { IncomingHttpHeaders } from 'node:http';
  import type { Readable, Writable } from 'node:stream';

  interface Busboy extends Writable {
    on(event: 'file', listener: (name: string, file: Readable) => void): this;
    on(event: 'close', listener: () => void): this;
  }
  export default function busboy(options: { headers: IncomingHttpHeaders }): Busboy;
}
