import { EventEmitter } from 'node:events';
import { validateOptions, wrongType, wrongValue } from '../internal/validate';
import { applicationProblems, isApplication } from './application';
import {
  type DeclarationProblem,
  type ImpersonationOption,
  type OperationOptions,
  type Service,
  type ServiceOptions,
  problemsOf,
  requireNone,
  toOperationSettings,
  toService,
  undeclared,
} from './declaration';
import { declared, operationOf, serviceOf, setService } from './operation';
import { loadTelemetry } from './telemetry';

/**
 * What `declare()` takes: the options of the service, and its operations.
 *
 * @example
 * const options: DeclareOptions = { helpers: ['describe'], operations: { read: 'required' } };
 */
export interface DeclareOptions extends ServiceOptions {
  /** The operations by the names of their methods: the impersonation alone, or all options. */
  operations: Readonly<Record<string | symbol, ImpersonationOption | OperationOptions>>;
}

/**
 * A decorator of classes: a standard one, or a legacy one (`experimentalDecorators`).
 *
 * @example
 * const asCaller = (): ServiceDecorator => service({ impersonateCallerForAllOperations: true });
 * @asCaller()
 * class Files {
 *   @operation({ impersonation: 'allowed' })
 *   list(): Promise<string[]> {
 *     return fs.promises.readdir('/srv/files');
 *   }
 * }
 */
export type ServiceDecorator = (
  target: abstract new (...args: never[]) => unknown,
  context?: ClassDecoratorContext,
) => void;

/** What has operations. */
interface Target {
  /** The prototype of a class, or the object itself. */
  readonly owner: object;
  /** The class; undefined for an object. */
  readonly statics?: object;
  readonly name: string;
}

type Methods = ReadonlyMap<string | symbol, unknown>;

function targetOf(value: unknown, argument: string): Target {
  if (typeof value === 'function' && typeof value.prototype === 'object' && value.prototype !== null)
    return { owner: value.prototype as object, statics: value, name: value.name };
  if (typeof value !== 'object' || value === null)
    throw wrongType(argument, 'a class, an object with methods, or an application', value);
  const { name } = (value as { constructor?: { name?: string } }).constructor ?? {};
  return { owner: value, name: name === 'Object' || name === undefined ? 'service' : name };
}

const foreign: readonly unknown[] = [Object.prototype, Function.prototype, EventEmitter.prototype, null];

/**
 * Returns the public methods, own and inherited. Accessors are not called: undefined is one that replaces an inherited
 * method.
 */
function methodsOf(owner: object): Map<string | symbol, unknown> {
  const methods = new Map<string | symbol, unknown>();
  const accessors = new Set<string | symbol>();
  for (let each = owner; !foreign.includes(each); each = Object.getPrototypeOf(each) as object) {
    for (const key of Reflect.ownKeys(each)) {
      const found = Object.getOwnPropertyDescriptor(each, key);
      const value: unknown = found?.value;
      const isMethod = key !== 'constructor' && typeof value === 'function';
      if (isMethod && !methods.has(key)) methods.set(key, accessors.has(key) ? undefined : value);
      else if (found?.get) accessors.add(key);
    }
  }
  return methods;
}

/** Returns the methods of a target, and the declared functions of a class. */
function allOf({ owner, statics }: Target): Map<string | symbol, unknown> {
  const own = [...methodsOf(statics ?? {})].filter(([, fn]) => operationOf(fn) !== undefined);
  return new Map([...own.map(([key, fn]) => [`static ${String(key)}`, fn] as const), ...methodsOf(owner)]);
}

const remedy =
  'decorate it with @operation(), list it in operations, or name it in helpers if it is no operation';

/** Returns the mistakes of a service with these methods. */
function serviceProblems({ name }: Target, methods: Methods, service: Service): DeclarationProblem[] {
  const { helpers = [] } = service;
  const missing = helpers.filter((helper) => !methods.has(helper));
  return [
    ...[...methods].flatMap(([key, method]) => {
      const operation = operationOf(method);
      const title = operation?.settings.name ?? `${name}.${String(key)}`;
      if (operation) return problemsOf(title, operation.settings, service);
      return typeof key === 'symbol' || helpers.includes(key) ? [] : [undeclared(title, remedy)];
    }),
    ...missing.map((key) => ({
      operation: `${name}.${key}`,
      message: 'helpers names it, and there is no such method',
    })),
  ];
}

/** Registers a service whose declarations have been checked. */
function register({ owner, statics, name }: Target, methods: Methods, service: Service): void {
  if (service.spanAttributes) loadTelemetry();
  setService(owner, service);
  if (statics) setService(statics, service);
  for (const [key, method] of methods) operationOf(method)?.adopt(owner, `${name}.${String(key)}`, service);
}

/**
 * Declares a class of operations, as a decorator, standard or legacy. The declarations are checked at once: a contradiction, or a public
 * method without `@operation()` that `helpers` does not name, is an error.
 *
 * @param options - What holds for all operations.
 * @returns A decorator of classes.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws DeclarationError The decorator throws `ERR_INVALID_DECLARATION` with all mistakes.
 * @throws ImpersonationError The decorator throws `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for `spanAttributes` without
 * OpenTelemetry's API.
 * @example
 * @service({ impersonateCallerForAllOperations: true })
 * class Files {
 *   @operation({ impersonation: 'required' })
 *   read(name: string): Promise<string> {
 *     return fs.promises.readFile(name, 'utf8');
 *   }
 * }
 * const text = await token.run(() => new Files().read('/srv/files/report.txt'));
 */
export function service(options: ServiceOptions = {}): ServiceDecorator {
  const given = toService(options, 'options');
  return (value) => {
    const target = targetOf(value, 'target');
    const methods = allOf(target);
    requireNone(serviceProblems(target, methods, given));
    register(target, methods, given);
  };
}

/** Returns why methods of the target cannot be declared. */
function listProblems(
  { owner, name }: Target,
  methods: Methods,
  keys: readonly (string | symbol)[],
): DeclarationProblem[] {
  return keys.flatMap((key) => {
    const method = methods.get(key);
    const isFixed =
      !Object.isExtensible(owner) || Object.getOwnPropertyDescriptor(owner, key)?.configurable === false;
    const message =
      method === undefined
        ? 'it is declared, and there is no such method'
        : operationOf(method)
          ? 'it is declared twice: remove one of the declarations'
          : isFixed
            ? 'it cannot be replaced, as the service is frozen: declare it before'
            : undefined;
    return message === undefined ? [] : [{ operation: `${name}.${String(key)}`, message }];
  });
}

/**
 * Declares the operations of a class or an object without decorators. Its methods are replaced in place, so that whoever has
 * the object calls them as declared. The declarations are checked first, as by `@service()`; if there is a mistake, nothing is replaced.
 *
 * @param target - A class, all of whose objects are meant, or an object.
 * @param options - The operations, and what holds for all of them.
 * @returns `target`.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws DeclarationError `ERR_INVALID_DECLARATION` with all mistakes.
 * @throws ImpersonationError `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for `spanAttributes` without OpenTelemetry's API.
 * @example
 * const files = declare(
 *   { read: (name: string) => fs.promises.readFile(name, 'utf8') },
 *   { operations: { read: 'required' } },
 * );
 * const text = await token.run(() => files.read('/srv/files/report.txt'));
 */
export function declare<S extends object>(target: S, options: DeclareOptions): S {
  const into = targetOf(target, 'target');
  const given = toService(options, 'options', ['operations']);
  const { operations } = options;
  validateOptions(operations, 'options.operations', Object.keys((operations as object | undefined) ?? {}));
  const keys = Reflect.ownKeys(operations);
  const settings = keys.map((key) => {
    const own: unknown = Reflect.get(operations, key);
    return [key, toOperationSettings(own, `options.operations.${String(key)}`)] as const;
  });
  const methods = allOf(into);
  const problems = listProblems(into, methods, keys);
  const replaced = new Map(
    settings
      .filter(([key]) => methods.get(key) !== undefined)
      .map(([key, own]) => [key, declared(methods.get(key), own, `${into.name}.${String(key)}`)]),
  );
  const all = new Map([...methods, ...replaced]);
  requireNone([...problems, ...serviceProblems(into, all, given)]);
  for (const [key, value] of replaced) {
    const { enumerable = false } = Object.getOwnPropertyDescriptor(into.owner, key) ?? {};
    Object.defineProperty(into.owner, key, { value, enumerable, configurable: true, writable: true });
  }
  register(into, all, given);
  return target;
}

/** The options that only checks need. The others decide how a service runs, and it has its own. */
const ofChecks = ['authentication', 'helpers'];

function requireChecksOnly(options: Service): void {
  const other = Object.keys(options).find((key) => !ofChecks.includes(key));
  if (other !== undefined)
    throw wrongValue(`options.${other}`, 'is for an application: give it to @service() or declare()');
}

function problemsOfTarget(
  value: unknown,
  argument: string,
  options: Service | undefined,
): DeclarationProblem[] {
  if (isApplication(value)) return applicationProblems(value, options ?? {});
  const target = targetOf(value, argument);
  if (options) requireChecksOnly(options);
  return serviceProblems(target, allOf(target), { ...serviceOf(target.owner), ...options });
}

/**
 * Checks declarations at start-up, before the server listens. Of an application of Express or Koa it checks each route, and
 * registers `options` with its handlers; routes of routers count, mounted applications are checked by a call of their own.
 * Of a service it checks the class or object, also a subclass that has no decorator.
 *
 * @param target - An application, a service, or an array of them.
 * @param options - What holds for all operations of an application. For a service, only `authentication` and `helpers`.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws DeclarationError `ERR_INVALID_DECLARATION` with all mistakes, each with its operation.
 * @throws ImpersonationError `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for `spanAttributes` without OpenTelemetry's API.
 * @example
 * app.use(actAs(() => 'alice').express);
 * app.get('/files', operation('required', (request, response) => response.sendFile('/srv/files/report.txt')));
 * validate(app);
 * app.listen(80);
 */
export function validate(target: object, options?: ServiceOptions): void {
  const given = options === undefined ? undefined : toService(options, 'options');
  if (given?.spanAttributes) loadTelemetry();
  const targets: unknown[] = Array.isArray(target) ? target : [target];
  requireNone(targets.flatMap((each) => problemsOfTarget(each, 'target', given)));
}
