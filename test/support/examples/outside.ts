import { fork } from 'node:child_process';
import { once } from 'node:events';
import { isWindows } from '../children/programs';
import { type Kdc, startKdc } from '../linux/kdc';
import type { Reply, Request, Servers } from './outside-program';

/** What is outside of an example's process, and the example can reach: on Linux with a KDC, under Wine with the test's authority. */
export interface Outside extends Servers {
  /** The environment of an example that authenticates its clients. */
  readonly env: NodeJS.ProcessEnv;
  /** The file with the key of an example, on Linux. */
  readonly keytab: string;
  /** Sends a request as a user. */
  browse(request: Request): Promise<Reply>;
  stop(): Promise<void>;
}

export async function startOutside(): Promise<Outside> {
  const kdc: Kdc | undefined = isWindows ? undefined : await startKdc();
  const env: NodeJS.ProcessEnv = { ...(kdc?.env ?? process.env), NODE_OPTIONS: '' };
  const execArgv = [
    '--disable-warning=IMPERSONATE_LOADED_LATE',
    '--disable-warning=IMPERSONATE_TOKEN_NOT_CLOSED',
  ];
  const tickets = { IMPERSONATE_TEST_TICKETS: kdc?.ticketsOf('USER') };
  const child = fork(require.resolve('./outside-program'), { env: { ...env, ...tickets }, execArgv });
  const [servers] = (await once(child, 'message')) as [Servers];
  let last: Promise<unknown> = Promise.resolve();
  return {
    ...servers,
    env,
    keytab: env.KRB5_KTNAME?.replace('FILE:', '') ?? '',
    browse(request) {
      const reply = last.then(async () => {
        child.send(request);
        const [answer] = (await once(child, 'message')) as [Reply];
        return answer;
      });
      last = reply.catch(() => {});
      return reply;
    },
    async stop() {
      child.kill('SIGKILL');
      await kdc?.stop();
    },
  };
}
