import { isAuthenticating } from '../internal/flow-store';
import {
  type DeclarationProblem,
  DeclarationError,
  type ImpersonationOption,
  type OperationOptions,
  type Service,
  type ServiceOptions,
  frozen,
  problemsOf,
  requireNone,
  toOperationSettings,
  toService,
  undeclared,
} from './declaration';
import { declared, operationOf } from './operation';
import { loadTelemetry } from './telemetry';

// @ts-expect-error -- An error here, where nothing imports the module, and none in the emitted declarations.
declare module 'fastify' {
  interface FastifyContextConfig {
    /** Which identity the handler has: see `fastifyImpersonation`. */
    impersonation?: ImpersonationOption | OperationOptions;
  }
}

/**
 * A plugin as `fastify.register()` takes it.
 *
 * @example
 * const plugin: FastifyPlugin = fastifyImpersonation({ impersonateCallerForAllOperations: true });
 * await fastify.register(plugin);
 */
export type FastifyPlugin = (
  instance: { readonly addHook: (...args: never[]) => unknown },
  options: object,
  done: (error?: Error) => void,
) => void;

/** In the config of a route whose handler is performed as declared. */
const seen = Symbol('declared');

interface Route {
  readonly method: string | readonly string[];
  readonly url: string;
  readonly onRequest?: unknown;
  config?: { readonly impersonation?: unknown; readonly [seen]?: true };
  handler: unknown;
}

interface Request {
  readonly is404: boolean;
  readonly method: string;
  readonly routeOptions: { readonly url?: string; readonly config: object };
}

type AddHook = (name: string, hook: (this: object, ...args: never[]) => void) => void;
interface Instance {
  addHook: AddHook;
  printRoutes(options: object): string;
}

const remedy = "set config.impersonation to 'required', 'allowed' or 'notAllowed'";
const registerFirst =
  'it was added before the plugin: await the registration of the plugin before adding routes';

/** Returns whether a hook of the instance or the route authenticates requests; true if Fastify does not show it. */
function isAuthenticated(instance: object, { onRequest }: Route): boolean {
  const key = Object.getOwnPropertySymbols(instance).find(
    ({ description }) => description === 'fastify.hooks',
  );
  // An encapsulated instance inherits it.
  const prototype = Object.getPrototypeOf(instance) as object | null;
  if (key === undefined) return prototype === null || isAuthenticated(prototype, { onRequest } as Route);
  const hooks = (Reflect.get(instance, key) as { onRequest?: unknown }).onRequest;
  return [hooks, onRequest].flat().some((hook) => typeof hook === 'function' && isAuthenticating(hook));
}

/** Returns the routes that Fastify prints as a tree, such as `GET /files/:id`. */
function* printedRoutes(tree: string): Generator<string> {
  const parts: string[] = [];
  for (const line of tree.split('\n')) {
    const [, indent, part = '', methods] =
      /^((?:│ {3}| {4})*)[├└]── (.*?)(?: \(([A-Z, -]+)\).*)?$/.exec(line) ?? [];
    if (indent === undefined) continue;
    parts.splice(indent.length / 4, Infinity, part);
    for (const method of methods?.split(', ') ?? []) yield `${method} ${parts.join('')}`;
  }
}

const withoutSlash = (name: string): string => name.replace(/(?<=.)\/$/, '');

/** The routes of one application, and the mistakes in their declarations. */
class Routes {
  readonly #service: Service;
  readonly #names = new Set<string>();
  readonly #checks: (() => DeclarationProblem[])[] = [];

  constructor(service: Service) {
    this.#service = service;
  }

  /** Declares the handler of a route that is being added. */
  add(instance: object, route: Route): void {
    const methods = [route.method].flat();
    const name = `${methods.join(',')} ${route.url}`;
    for (const method of methods) this.#names.add(withoutSlash(`${method} ${route.url}`));
    const { impersonation } = route.config ?? {};
    route.config = { ...route.config, [seen]: true };
    if (impersonation === undefined) {
      this.#checks.push(() => [undeclared(name, remedy)]);
      return;
    }
    try {
      const settings = toOperationSettings(impersonation, 'config.impersonation');
      const handler = declared(route.handler, settings, name);
      operationOf(handler)?.adopt(instance, name, this.#service);
      route.handler = handler;
      // Hooks may be added after the route.
      this.#checks.push(() => problemsOf(name, settings, this.#serviceOf(instance, route)));
    } catch (error) {
      this.#checks.push(() => [{ operation: name, message: (error as Error).message }]);
    }
  }

  #serviceOf(instance: object, route: Route): Service {
    const { authentication, caller } = this.#service;
    const isKnown = authentication !== undefined || caller !== undefined;
    return isKnown || isAuthenticated(instance, route)
      ? this.#service
      : frozen({ ...this.#service, authentication: 'none' });
  }

  /** Throws a DeclarationError if there are mistakes. `tree` has all routes. */
  check(tree: string): void {
    const missed = [...printedRoutes(tree)].filter((name) => !this.#names.has(withoutSlash(name)));
    requireNone([
      ...missed.map((operation) => ({ operation, message: registerFirst })),
      ...this.#checks.flatMap((check) => check()),
    ]);
  }
}

/**
 * Returns a plugin for Fastify by which the handler of each route is an operation, declared by `config.impersonation`. Await its
 * registration before adding routes. A route without a declaration, and every other mistake, makes `ready()` and `listen()`
 * reject. The caller is the user of the request, by `fastifyAuthentication()` or `actAs()`. Hooks of a route run in the
 * flow of the request, whatever the route declares.
 *
 * @param options - What holds for all operations.
 * @returns The plugin, for one application.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws ImpersonationError `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for `spanAttributes` without OpenTelemetry's API.
 * @example
 * import type { FastifyRequest } from 'fastify';
 * const userOf = ({ headers }: FastifyRequest) => (headers.cookie === 'session=1' ? 'alice' : null);
 * fastify.addHook('onRequest', actAs(userOf).fastify);
 * await fastify.register(fastifyImpersonation());
 * fastify.get('/files', { config: { impersonation: 'required' } }, () => fs.promises.readdir('/srv/files'));
 */
export function fastifyImpersonation(options: ServiceOptions = {}): FastifyPlugin {
  const service = toService(options, 'options');
  if (service.spanAttributes) loadTelemetry();
  const plugin: FastifyPlugin = (instance, _options, done) => {
    const app = instance as unknown as Instance;
    const routes = new Routes(service);
    app.addHook('onRoute', function (route: Route) {
      routes.add(this, route);
    });
    app.addHook('onReady', (ready: (error?: unknown) => void) => {
      try {
        routes.check(app.printRoutes({ commonPrefix: false }));
        ready();
      } catch (error) {
        ready(error);
      }
    });
    app.addHook(
      'onRequest',
      ({ is404, method, routeOptions }: Request, _reply: unknown, next: (error?: Error) => void) => {
        if (is404 || seen in routeOptions.config) next();
        else
          next(
            new DeclarationError([
              { operation: `${method} ${routeOptions.url ?? ''}`, message: registerFirst },
            ]),
          );
      },
    );
    done();
  };
  // Its hooks are those of the application, and not only of the plugin.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'impersonate',
  });
}
