import type { promises } from 'node:fs';
import { devNull } from 'node:os';
import { asProcess } from '../../internal/as-process';
import { originals } from '../node-fs';
import { unknownForm } from '../stats';

export type FileHandle = promises.FileHandle;
type Hook = (this: FileHandle) => unknown;

/** Node's class of file handles, and what it keeps to itself. */
export interface HandleForm {
  readonly make: (fd: number) => FileHandle;
  /** Keeps the descriptor open until `letGo`, whatever is closed. */
  readonly hold: Hook;
  readonly letGo: Hook;
  /** The name of the method that gives the handle away to another thread. */
  readonly transfer: symbol;
  readonly prototype: FileHandle;
}

function symbolOf(object: object, description: string): symbol {
  const found = Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
  if (!found) throw unknownForm('FileHandle');
  return found;
}

function formOf(sample: FileHandle): HandleForm {
  const prototype = Object.getPrototypeOf(sample) as FileHandle;
  const hooks = prototype as unknown as Record<symbol, Hook>;
  const hook = (description: string): Hook => hooks[symbolOf(prototype, description)] as Hook;
  const inner = (sample as unknown as Record<symbol, object>)[symbolOf(sample, 'kHandle')] as { fd: number };
  if (inner.fd !== sample.fd) throw unknownForm('FileHandle');
  const Outer = sample.constructor as new (inner: object) => FileHandle;
  const Inner = inner.constructor as new (fd: number) => object;
  return {
    make: (fd) => new Outer(new Inner(fd)),
    hold: hook('kRef'),
    letGo: hook('kUnref'),
    transfer: symbolOf(prototype, 'messaging_transfer_symbol'),
    prototype,
  };
}

let form: Promise<HandleForm> | undefined;

/** Learned once, from a handle of the process's own on what anyone may open. */
export function handleForm(): Promise<HandleForm> {
  form ??= asProcess(() => originals.promises.open(devNull)).then((sample) => {
    const learned = formOf(sample);
    return sample.close().then(() => learned);
  });
  return form;
}
