import { type AnyFunction, replaceMethod } from '../router';
import { refuseInFlows } from './bind';
import { keepMaker, keepMakerIn, keepingMakers, runAsMaker } from './makers';
import type { Mend } from './packages';

/**
 * Loggers that open files when they log. A log belongs to the code that made it, mostly to the service: a line that a
 * request logs must not make the next file the user's, nor be lost because the user may not open it.
 */

type Classes = Record<string, AnyFunction | undefined>;

const prototypeOf = (made: unknown): object => (made as { prototype?: object } | undefined)?.prototype ?? {};

/** winston 2 and 3: the transport File. */
export const winston: Mend = (exports, file) => {
  if (!file.endsWith('winston/transports/file.js')) return exports;
  const methods = ['log', 'open', 'close', 'flush', '_write', '_final'];
  if (typeof exports === 'function') {
    runAsMaker(prototypeOf(exports), methods);
    return keepingMakers(exports as AnyFunction);
  }
  const classes = exports as Classes;
  if (!classes.File) return exports;
  runAsMaker(prototypeOf(classes.File), methods);
  classes.File = keepingMakers(classes.File);
  return classes;
};

/** log4js: what passes a line to the appenders, which belong to the code that configures them. */
export const log4js: Mend = (exports, file) => {
  if (file === 'lib/clustering.js') runAsMaker(exports, ['send']);
  if (file === 'lib/log4js.js') refuseInFlows(exports, ['configure'], 'the files would be opened later');
};

/** rotating-file-stream. */
export const rotatingFileStream: Mend = (exports) => {
  const prototype = prototypeOf((exports as Classes).RotatingFileStream);
  runAsMaker(prototype, ['write', 'end', 'destroy', 'rotate', '_write', '_writev', '_final', '_destroy']);
  keepMakerIn(prototype, 'init');
};

/** file-stream-rotator, which winston-daily-rotate-file uses. */
export const fileStreamRotator: Mend = (exports) => {
  replaceMethod(exports, 'getStream', (original, receiver, args) => {
    const stream = Reflect.apply(original, receiver, args) as object;
    if (stream === process.stdout) return stream;
    keepMaker(stream);
    runAsMaker(stream, ['write', 'end']);
    return stream;
  });
};

/** sonic-boom, the files of pino. */
export const sonicBoom: Mend = (exports) => {
  if (typeof exports !== 'function') return exports;
  const made = keepingMakers(exports as AnyFunction, (stream) => {
    runAsMaker(stream, ['write', 'flush', 'flushSync', 'end', 'reopen', 'destroy']);
  });
  Object.assign(exports, { SonicBoom: made, default: made });
  return made;
};
