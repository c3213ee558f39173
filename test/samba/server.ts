import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NegotiateServer, runSync, Token } from 'impersonate';
import { authenticate } from 'impersonate/http';
import { seam } from '../support/win32/seam';
import type { Calls, Outcome } from './service';

// node server.js
// A service with a NegotiateServer of each package, for clients of the loopback; its first line is its port. Windows
// and Linux. Ends with standard input if that is no file.

const addon = 'impersonate.node';
const client = { name: 'client', domain: 'SEAM', password: '-', sid: 'S-1-5-21-1000-2000-3000-1001' };
const counted = ['AcceptSecurityContext', 'QuerySecurityContextToken', 'DeleteSecurityContext'] as const;
const win32 = process.platform === 'win32';

if (win32) {
  const patched = seam().answerContextTokens(addon, '');
  if (!patched.some((name) => name.endsWith('!QuerySecurityContextToken')))
    throw new Error('nothing is patched');
  for (const name of counted) seam().failImport(addon, name, { error: 0, times: 0 });
}

const packages = win32 ? (['Negotiate', 'NTLM', 'Kerberos'] as const) : (['Negotiate', 'Kerberos'] as const);
const negotiators = new Map(packages.map((name) => [name as string, new NegotiateServer({ package: name })]));
negotiators.set('elsewhere', new NegotiateServer(win32 ? {} : { principal: 'HTTP@elsewhere' }));
const handshakes = new Map<string, ReturnType<NegotiateServer['handshake']>>();
let lastError: unknown;

const codeOf = (error: unknown): { code?: string; syscall?: string } => {
  const { code, syscall } = error as { code?: string; syscall?: string };
  return { ...(code !== undefined && { code }), ...(syscall !== undefined && { syscall }) };
};

/** The effective identity of the thread by the kernel. */
const kernelUser = (): string => (win32 ? seam().effectiveIdentity().sid : String(process.geteuid?.()));

async function step(name: string, id: string, message: Buffer): Promise<Outcome> {
  const handshake = handshakes.get(id) ?? negotiators.get(name)?.handshake();
  if (!handshake) throw new Error(`no package ${name}`);
  handshakes.set(id, handshake);
  try {
    const { reply, token } = await handshake.step(message);
    const user = token?.runSync(kernelUser);
    token?.close();
    return {
      ...(reply && { reply: reply.toString('base64') }),
      ...(user !== undefined && { user }),
      closed: handshake.closed,
    };
  } catch (error) {
    return { ...codeOf(error), closed: handshake.closed };
  }
}

setFlagsFromString('--expose-gc');
/** Tokens of a flow are released when the flow is collected. */
const collect = runInNewContext('gc') as () => void;

function calls(): Calls {
  collect();
  const [accept, query, remove] = counted.map((name) => (win32 ? seam().importCalls(addon, name) : 0));
  const under = [...negotiators.values()].reduce((sum, { handshakes: some }) => sum + some, 0);
  return { accept, query, delete: remove, handshakes: under, tokens: Token.count } as Calls;
}

const listeners = new Map(
  [...negotiators].map(([name, negotiator]) => [
    name,
    authenticate(negotiator, (_request, response) => response.end(runSync(kernelUser)), {
      onError: (error) => (lastError = error),
    }),
  ]),
);

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Handles the requests of the tests to the server itself. */
async function handleRequest([what, ...rest]: readonly string[], body: Buffer): Promise<unknown> {
  if (what === 'step') return step(rest[0] ?? '', rest[1] ?? '', body);
  if (what === 'calls') return calls();
  if (what === 'error') return codeOf(lastError ?? {});
  if (what !== 'tokens' || !win32) throw new Error(`no ${String(what)} here`);
  seam().forgetUsers();
  if (rest[0] === 'on') seam().defineUser(client);
  return seam().answerContextTokens(addon, 'client@SEAM').length;
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const [first = '', ...rest] = (request.url ?? '').split('/').slice(1);
  const listener = first === 'http' ? listeners.get(rest[0] ?? '') : undefined;
  if (listener) {
    listener(request, response);
    return;
  }
  bodyOf(request)
    .then((body) => handleRequest([first, ...rest], body))
    .then(
      (result) => response.end(JSON.stringify(result)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
}

const server = createServer(serve).listen(0, '127.0.0.1', () => {
  console.log(`port ${String((server.address() as AddressInfo).port)}.`);
});
