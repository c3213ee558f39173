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
  // Not the library's and Node's own declarations, whose check takes most of the time.
  const ours = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder));
  expect(ours.length).toBeGreaterThan(1);
  return [
    ...program.getConfigFileParsingDiagnostics(),
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...ours.flatMap((source) => ts.getPreEmitDiagnostics(program, source)),
  ].map(
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

const declarations = `
  import { subscribe } from 'node:diagnostics_channel';
  import { Token, type OperationMessage } from 'impersonate';
  import { DeclarationError, declare, operation, service, validate } from 'impersonate/declarative';
  @service({ impersonateCallerForAllOperations: true, caller: (name: string) => Token.forUser(name), helpers: ['help'] })
  class Files {
    @operation({ impersonation: 'required', level: 'delegation' })
    async read(name: string): Promise<string> { return name; }
    @operation('allowed')
    list(): string[] { return []; }
    help(): void {}
  }
  const read: (name: string) => Promise<string> = new Files().read;
  const object: { run(a: number): string } = declare({ run: (a: number) => String(a) }, { operations: { run: 'required' } });
  const handler: (a: string) => number = operation('notAllowed', (a: string) => a.length);
  validate([Files, object]);
  validate(new Files(), { authentication: 'none' });
  try { validate(Files); } catch (error) { if (error instanceof DeclarationError) error.errors.map(({ operation, message }) => operation + message); }
  subscribe('impersonate:operation', (message) => {
    const { operation, outcome, user, duration } = message as OperationMessage;
    return [operation, outcome === 'denied', user?.id, duration];
  });
  // @ts-expect-error -- no such impersonation
  operation('always');
  // @ts-expect-error -- no such option
  operation({ orAsSerivce: true });
  // @ts-expect-error -- no level that a thread can act at
  operation({ level: 'identification' });
  // @ts-expect-error -- operations are needed
  declare(object, {});
  export { read, handler };
`;

const legacyDeclarations = `
  import { operation, service } from 'impersonate/declarative';
  @service()
  export class Files {
    @operation('required')
    async read(name: string): Promise<string> { return name; }
  }
`;

const withFrameworks = `
  import { NegotiateServer, type Token } from 'impersonate';
  import { expressAuthentication, fastifyAuthentication, koaAuthentication } from 'impersonate/http';
  import express = require('express');
  import { fastify, type RouteShorthandOptions } from 'fastify';
  import Koa = require('koa');
  import { fastifyImpersonation, operation, validate } from 'impersonate/declarative';
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
  toFastify.register(fastifyImpersonation({ impersonateCallerForAllOperations: true }));
  toFastify.get('/declared', { config: { impersonation: 'required' } }, () => 1);
  toFastify.get('/options', { config: { impersonation: { impersonation: 'allowed', orAsService: true } } }, () => 1);
  // @ts-expect-error -- no such impersonation
  const wrong: RouteShorthandOptions = { config: { impersonation: 'always' } };
  toFastify.get('/wrong', wrong, () => 1);
  toExpress.get('/declared', operation('required', (request: express.Request, response: express.Response) => response.send(use(request.token))));
  validate(toExpress, { caller: (request: express.Request) => request.token });
  const toKoa = new Koa();
  toKoa.use(operation('notAllowed', (context: Koa.Context) => { context.body = use(context.state.token); }));
  validate(toKoa);
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

  test.each(resolutions)('declare operations, with the module resolution %s', (_name, options) => {
    expect(problemsOf(declarations, [], options)).toEqual([]);
    expect(problemsOf(legacyDeclarations, [], { ...options, experimentalDecorators: true })).toEqual([]);
  });

  test('declare the token of a request of Express, Fastify and Koa', () => {
    const packages = ['@types/express', 'express', 'fastify', '@types/koa', 'koa'];
    const options = { module: ts.ModuleKind.NodeNext, skipLibCheck: true };
    expect(problemsOf(withFrameworks, packages, options)).toEqual([]);
  });
});
