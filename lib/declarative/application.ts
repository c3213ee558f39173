// The routes of Express and Koa, which have no metadata: a handler is declared if operation() has made it.
import { isAuthenticating } from '../internal/flow-store';
import { type DeclarationProblem, type Service, frozen, problemsOf, undeclared } from './declaration';
import { type Operation, operationOf } from './operation';

/** Part of a router: middleware, a router in it, or a route with its handlers. */
interface Layer {
  readonly handle?: unknown;
  readonly route?: { readonly path?: unknown; readonly stack?: readonly (Layer & { method?: string })[] };
  /** The prefix of nested routers is not kept by Express 5. */
  readonly path?: unknown;
}

interface KoaLayer {
  readonly path?: unknown;
  readonly methods?: readonly string[];
  readonly stack?: readonly unknown[];
}

interface Express {
  readonly use: unknown;
  readonly handle: unknown;
  readonly stack?: readonly Layer[];
  readonly lazyrouter?: unknown;
  readonly _router?: { readonly stack: readonly Layer[] };
  readonly router?: { readonly stack: readonly Layer[] };
}

interface Koa {
  readonly use: unknown;
  readonly middleware: readonly unknown[];
}

const isExpress = (value: unknown): value is Express =>
  typeof value === 'function' && 'use' in value && 'handle' in value;
const isKoa = (value: unknown): value is Koa =>
  typeof value === 'object' &&
  value !== null &&
  'use' in value &&
  'middleware' in value &&
  Array.isArray(value.middleware);

/** Whether the value is an application or router of Express, or an application of Koa. */
export const isApplication = (value: unknown): value is Express | Koa => isExpress(value) || isKoa(value);

/** A handler or middleware of an application, in the order in which they run. */
interface Entry {
  /** The route; undefined for middleware. */
  readonly route?: string;
  readonly functions: readonly unknown[];
}

function* entriesOfExpress(stack: readonly Layer[]): Generator<Entry> {
  for (const { handle, route } of stack) {
    if (route) {
      const methods = new Set((route.stack ?? []).map(({ method }) => (method ?? 'all').toUpperCase()));
      for (const method of methods) {
        const own = (route.stack ?? []).filter((each) => (each.method ?? 'all').toUpperCase() === method);
        yield { route: `${method} ${String(route.path)}`, functions: own.map((each) => each.handle) };
      }
      continue;
    }
    yield { functions: [handle] };
    const { stack: inner } = (handle ?? {}) as { stack?: unknown };
    if (Array.isArray(inner)) yield* entriesOfExpress(inner as Layer[]);
  }
}

function* entriesOfKoa(middleware: readonly unknown[]): Generator<Entry> {
  for (const each of middleware) {
    yield { functions: [each] };
    const { router } = (each ?? {}) as { router?: { stack?: readonly KoaLayer[] } };
    for (const { path, methods = [], stack = [] } of router?.stack ?? []) {
      if (methods.length === 0) yield { functions: stack };
      else yield { route: `${methods.at(-1) ?? ''} ${String(path)}`, functions: stack };
    }
  }
}

function stackOf(app: Express): readonly Layer[] {
  if (app.stack) return app.stack;
  // In Express 4 `router` throws.
  return ('lazyrouter' in app ? app._router : app.router)?.stack ?? [];
}

const isCallable = (value: unknown): value is object => typeof value === 'function';
const remedy = "give it a handler of operation('required' | 'allowed' | 'notAllowed', handler)";

function adoptionProblems(
  operation: Operation,
  app: object,
  name: string,
  service: Service,
): DeclarationProblem[] {
  operation.adopt(app, name, service);
  if (operation.owner === app) return problemsOf(name, operation.settings, service);
  return [
    {
      operation: name,
      message: 'its handler belongs to another application: make one for each with operation()',
    },
  ];
}

/** Registers the options with the operations of an application, and returns the mistakes of its declarations. */
export function applicationProblems(app: Express | Koa, options: Service): DeclarationProblem[] {
  const entries = [...(isKoa(app) ? entriesOfKoa(app.middleware) : entriesOfExpress(stackOf(app)))];
  let authentication = options.authentication ?? (options.caller ? undefined : ('none' as const));
  return entries.flatMap(({ route, functions }) => {
    const before = authentication;
    const problems: DeclarationProblem[] = [];
    let found = 0;
    for (const fn of functions.filter(isCallable)) {
      if (isAuthenticating(fn) && options.authentication === undefined) authentication = undefined;
      const operation = operationOf(fn);
      if (!operation) continue;
      found += 1;
      const name = operation.settings.name ?? route ?? operation.name;
      const service = frozen({
        ...options,
        ...(authentication !== undefined && { authentication }),
      });
      problems.push(...adoptionProblems(operation, app, name, service));
    }
    // What authenticates one route does not authenticate the others.
    if (route !== undefined) authentication = before;
    return route !== undefined && found === 0 ? [undeclared(route, remedy)] : problems;
  });
}
