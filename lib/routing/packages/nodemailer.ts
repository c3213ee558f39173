import type { AsyncResource } from 'node:async_hooks';
import { replaceMethod } from '../router';
import { boundToCaller, callerOf } from './bind';
import type { Mend } from './packages';

/** The code that handed in a mail, which reads its attachments and calls back. */
const senders = new WeakMap<object, AsyncResource>();

/** nodemailer 6 and later: mails wait for a connection of the pool (`pool: true`), and their files are read then. */
export const nodemailer: Mend = (exports, file) => {
  const { prototype } = exports as { prototype?: object };
  if (!prototype || !('send' in prototype)) return;
  if (file.endsWith('/smtp-pool/index.js')) {
    replaceMethod(prototype, 'send', (original, receiver, [mail, callback]) => {
      senders.set(mail as object, callerOf(original));
      return Reflect.apply(original, receiver, [mail, boundToCaller(callback)]);
    });
  } else if (file.endsWith('/smtp-pool/pool-resource.js')) {
    replaceMethod(prototype, 'send', (original, receiver, [mail, callback]) => {
      // The callback is the pool's, which goes on with the mails of others.
      const args = [mail, boundToCaller(callback)];
      const sender = senders.get(mail as object);
      return sender
        ? sender.runInAsyncScope(original, receiver, ...args)
        : Reflect.apply(original, receiver, args);
    });
  }
};
