import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NegotiateClient } from 'impersonate';
import { seam } from '../support/win32/seam';

// node windows-client.js
// The NegotiateClients of a Windows process, whose user has the tickets of KRB5CCNAME: `POST /step/NAME/ID/TARGET`
// takes the server's message. Its first line is its port. Ends when it is killed.

const clients = new Map([
  ['Kerberos', new NegotiateClient({ package: 'Kerberos' })],
  ['Negotiate', new NegotiateClient()],
  ['NTLM', new NegotiateClient({ allowNtlm: true })],
]);
const handshakes = new Map<string, ReturnType<NegotiateClient['handshake']>>();

// To count only.
const addon = 'impersonate.node';
for (const name of ['InitializeSecurityContextW', 'DeleteSecurityContext', 'FreeCredentialsHandle'])
  seam().failImport(addon, name, { error: 0, times: 0 });

async function step(
  [name = '', id = '', target = '']: readonly string[],
  challenge: Buffer,
): Promise<object> {
  const handshake =
    handshakes.get(id) ?? clients.get(name)?.handshake({ target: decodeURIComponent(target) });
  if (!handshake) throw new Error(`no client ${name}`);
  handshakes.set(id, handshake);
  try {
    const { message, done } = await handshake.step(challenge.length > 0 ? challenge : undefined);
    return { ...(message && { message: message.toString('base64') }), done };
  } catch (error) {
    const { code, syscall } = error as { code?: string; syscall?: string };
    return { ...(code !== undefined && { code }), ...(syscall !== undefined && { syscall }) };
  }
}

function calls(): object {
  const [initialize, remove, free] = [
    'InitializeSecurityContextW',
    'DeleteSecurityContext',
    'FreeCredentialsHandle',
  ].map((name) => seam().importCalls(addon, name));
  return { initialize, delete: remove, free };
}

async function handle(request: IncomingMessage): Promise<object> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const [what, ...rest] = (request.url ?? '').split('/').slice(1);
  return what === 'step' ? step(rest, Buffer.concat(parts)) : calls();
}

const server = createServer((request, response) => {
  handle(request).then(
    (result) => response.end(JSON.stringify(result)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}).listen(0, '127.0.0.1', () => {
  console.log(`port ${String((server.address() as AddressInfo).port)}.`);
});
