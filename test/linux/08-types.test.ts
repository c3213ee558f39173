// On Linux only, as the declarations are the same on Windows.
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';

const resolutions: readonly [string, ts.CompilerOptions][] = [
  ['node10', { module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Node10 }],
  ['nodenext', { module: ts.ModuleKind.NodeNext }],
];

/** Returns what TypeScript reports for a program of a project that has only these packages beside impersonate. */
function problemsOf(source: string, packages: readonly string[], options: ts.CompilerOptions): string[] {
  const folder = tempFolder('types');
  const installed = join(folder, 'node_modules', 'impersonate');
  for (const part of ['package.json', 'dist', 'types']) {
    const filter = (path: string): boolean => !/\.(?:m?js|map)$/.test(path);
    cpSync(join(root, part), join(installed, part), { recursive: true, filter });
  }
  for (const name of ['@types/node', ...packages]) {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
  const file = join(folder, 'program.ts');
  writeFileSync(file, source);
  const host = ts.createCompilerHost({});
  host.getCurrentDirectory = () => folder;
  const target = ts.ScriptTarget.ES2022;
  const given = { strict: true, noEmit: true, target, types: ['node'], ...options };
  const program = ts.createProgram([file], given, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ messageText, file }) =>
        `${file?.fileName ?? ''} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
}

const withoutFrameworks = `
  import { createServer } from 'node:http';
  import { NegotiateServer, type Token } from 'impersonate';
  import { readFile } from 'impersonate/fs';
  import { authenticate, expressAuthentication, fastifyAuthentication, koaAuthentication } from 'impersonate/http';
  import { Token as Unrouted } from 'impersonate/unrouted';
  import 'impersonate/register';
  export const all = [readFile, expressAuthentication, fastifyAuthentication, koaAuthentication, Unrouted];
  const listener = authenticate(new NegotiateServer(), (request) => {
    const token: Token = request.token;
    return token.user.id;
  });
  createServer(listener);
  createServer((request) => {
    const token: Token | undefined = request.token;
    // @ts-expect-error -- a request may be unauthenticated
    request.token.close();
    return token;
  });
`;

const sealing = `
  import { subscribe } from 'node:diagnostics_channel';
  import { seal, type SealOptions, type UnsealedMessage } from 'impersonate';
  const options: SealOptions = { mode: 'report', allow: ['/var/log/service'] as const };
  const nothing: void = seal(options);
  seal();
  seal({});
  seal({ mode: 'throw' });
  // @ts-expect-error -- no such mode
  seal({ mode: 'off' });
  // @ts-expect-error -- a list of paths
  seal({ allow: '/var/log/service' });
  // @ts-expect-error -- paths are strings
  seal({ allow: [new URL('file:///var/log/service')] });
  // @ts-expect-error -- no such option
  seal({ alow: [] });
  subscribe('impersonate:unsealed', (message) => {
    const { operation, path, dest, stack, user }: UnsealedMessage = message as UnsealedMessage;
    const texts: (string | undefined)[] = [operation, path, dest, stack, user.id];
    return texts;
  });
  export { nothing };
`;

const withFrameworks = `
  import { NegotiateServer, type Token } from 'impersonate';
  import { expressAuthentication, fastifyAuthentication, koaAuthentication } from 'impersonate/http';
  import express = require('express');
  import { fastify } from 'fastify';
  import Koa = require('koa');
  const negotiator = new NegotiateServer();
  const use = (token: Token | undefined) => token?.user.id;
  const toExpress = express();
  toExpress.use(expressAuthentication(negotiator));
  toExpress.get('/', (request) => {
    use(request.token);
    // @ts-expect-error -- it is a Token
    request.token = 1;
  });
  const toFastify = fastify();
  toFastify.addHook('onRequest', fastifyAuthentication(negotiator));
  toFastify.get('/', (request) => {
    // @ts-expect-error -- it is a Token
    request.token = 1;
    return [use(request.token), use(request.raw.token)];
  });
  const toKoa = new Koa();
  toKoa.use(koaAuthentication(negotiator));
  toKoa.use((context) => {
    // @ts-expect-error -- it is a Token
    context.state.token = 1;
    context.body = [use(context.state.token), use(context.req.token)];
  });
`;

describe('the declarations', () => {
  test.each(resolutions)('need no web framework, with the module resolution %s', (_name, options) => {
    expect(problemsOf(withoutFrameworks, [], options)).toEqual([]);
  });

  test.each(resolutions)(
    'declare seal() and its messages, with the module resolution %s',
    (_name, options) => {
      expect(problemsOf(sealing, [], options)).toEqual([]);
    },
  );

  test('declare the token of a request of Express, Fastify and Koa', () => {
    const packages = ['@types/express', 'express', 'fastify', '@types/koa', 'koa'];
    const options = { module: ts.ModuleKind.NodeNext, skipLibCheck: true };
    expect(problemsOf(withFrameworks, packages, options)).toEqual([]);
  });
});
