// The program of the pinned threads of a walk: runs the steps that it receives and posts the outcome.
import { parentPort, workerData } from 'node:worker_threads';
import { Token } from 'impersonate';
import type { Name, SyncStep } from '../../support/walk/steps';
import { Walker, type Setting } from '../../support/walk/walker';

export interface ThreadStart extends Omit<Setting, 'tokens' | 'threads'> {
  readonly tickets: readonly (readonly [Name, string])[];
}

const { tickets, ...rest } = workerData as ThreadStart;
const tokens = new Map(tickets.map(([name, ticket]) => [name, Token.claim(ticket)]));

async function take(body: SyncStep[]): Promise<number> {
  const walker = new Walker({ ...rest, tokens });
  walker.sync(body, undefined);
  await walker.settle();
  return walker.steps;
}

parentPort?.on('message', (body: SyncStep[]) => {
  take(body).then(
    (steps) => parentPort?.postMessage({ steps }),
    (error: unknown) => parentPort?.postMessage({ failure: String((error as Error).stack) }),
  );
});
parentPort?.postMessage('ready');
