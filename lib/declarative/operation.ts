import { types } from 'node:util';
import { promiseOf } from '../internal/error';
import { validateFunction, wrongValue } from '../internal/validate';
import {
  DeclarationError,
  type ImpersonationOption,
  type OperationOptions,
  type OperationSettings,
  type Service,
  frozen,
  toOperationSettings,
} from './declaration';
import { perform } from './perform';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** A function with a declaration. */
export class Operation {
  readonly settings: OperationSettings;
  /** The name in messages and errors. Whoever registers the operation can give a better one than the function has. */
  name: string;
  /** The service that has registered the operation, for calls that do not show their service. */
  service: Service | undefined;
  /** The object that has registered the operation: a class's prototype, an object or an application. */
  owner: object | undefined;

  /** Whether the operation is a function of its own, and not a method. */
  readonly isHandler: boolean;

  constructor(settings: OperationSettings, name: string, isHandler: boolean) {
    this.settings = settings;
    this.isHandler = isHandler;
    this.name = settings.name ?? (name === '' ? 'an operation' : name);
  }

  /** Registers the operation with its service, unless another one has it. */
  adopt(owner: object, name: string, service: Service): void {
    if (this.owner !== undefined && this.owner !== owner) return;
    this.owner = owner;
    this.service = service;
    this.name = this.settings.name ?? name;
  }
}

const operations = new WeakMap<object, Operation>();
/** The options of services, by a class's prototype or the object. */
const services = new WeakMap<object, Service>();
const undeclaredService: Service = frozen({});

/** Returns the declaration of a function; undefined if it has none. */
export const operationOf = (fn: unknown): Operation | undefined =>
  typeof fn === 'function' ? operations.get(fn) : undefined;

/** Registers the options of a service. */
export function setService(owner: object, service: Service): void {
  services.set(owner, service);
}

/** Returns the options of the service that an object belongs to; undefined if there are none. */
export function serviceOf(object: unknown): Service | undefined {
  let each: unknown = object;
  while ((typeof each === 'object' && each !== null) || typeof each === 'function') {
    const service = services.get(each);
    if (service) return service;
    each = Object.getPrototypeOf(each);
  }
  return undefined;
}

/** Returns the options that hold for a call. A handler is called before its application is validated only by mistake. */
export function serviceFor(operation: Operation, receiver: unknown): Service {
  const service = serviceOf(receiver) ?? operation.service;
  if (service) return service;
  if (operation.isHandler && operation.settings.impersonation === 'allowed') {
    const remedy =
      "it is 'allowed', and its application is not known: call validate(app) before the application listens";
    throw new DeclarationError([{ operation: operation.name, message: remedy }]);
  }
  return undeclaredService;
}

/** Copies what reflect-metadata knows about a function, such as its route in NestJS. */
function copyMetadata(from: object, to: object): void {
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = Reflect as unknown as Record<
    string,
    ((...args: unknown[]) => unknown) | undefined
  >;
  if (!getOwnMetadataKeys || !getOwnMetadata || !defineMetadata) return;
  for (const key of getOwnMetadataKeys(from) as unknown[]) {
    defineMetadata(key, getOwnMetadata(key, from), to);
  }
}

/** Returns a function that performs `fn` as declared. It has the name and the length of `fn`. */
export function declared<F>(fn: F, settings: OperationSettings, name: string, isHandler = false): F {
  const method = fn as Method;
  const operation = new Operation(settings, name, isHandler);
  // A handler throws at once also if it is async: Express 4 does not wait for promises.
  const rejects = types.isAsyncFunction(method) && !types.isGeneratorFunction(method) && !isHandler;
  const wrapper: Method = function (...args) {
    const call = (): unknown =>
      perform({ operation, service: serviceFor(operation, this), receiver: this, fn: method, args });
    return rejects ? promiseOf(call) : call();
  };
  Object.defineProperties(wrapper, {
    name: { value: method.name, configurable: true },
    length: { value: method.length, configurable: true },
  });
  copyMetadata(method, wrapper);
  operations.set(wrapper, operation);
  return wrapper as F;
}

/**
 * A decorator of methods: a standard one, or a legacy one (`experimentalDecorators`).
 *
 * @example
 * const asCaller = (): OperationDecorator => operation({ impersonation: 'required' });
 * class Files {
 *   @asCaller()
 *   list(): Promise<string[]> {
 *     return fs.promises.readdir('/srv/files');
 *   }
 * }
 */
export interface OperationDecorator {
  /** The standard form. */
  <This, Args extends unknown[], R>(
    method: (this: This, ...args: Args) => R,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => R>,
  ): (this: This, ...args: Args) => R;
  /** The legacy form, which NestJS uses. */
  <T>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<T>): void;
}

function requireMethod(isMethod: boolean): void {
  if (!isMethod) throw wrongValue('target', 'must be a public method: nothing else is an operation');
}

function decorator(settings: OperationSettings): OperationDecorator {
  const decorate = (target: unknown, context: unknown, descriptor?: PropertyDescriptor): unknown => {
    if (typeof context === 'object' && context !== null) {
      const { kind, name, private: isPrivate } = context as ClassMethodDecoratorContext;
      requireMethod((kind as string) === 'method' && !isPrivate);
      return declared(target, settings, String(name));
    }
    requireMethod(typeof descriptor?.value === 'function');
    const { name: owner } = (target as { constructor?: { name?: string } }).constructor ?? {};
    const name = `${owner ?? ''}.${String(context)}`;
    return { ...descriptor, value: declared(descriptor?.value as unknown, settings, name) };
  };
  return decorate as OperationDecorator;
}

/**
 * The type of `operation`.
 *
 * @example
 * const declareOperation: DeclareOperation = operation;
 * const list = declareOperation('required', () => fs.promises.readdir('/srv/files'));
 * const names = await token.run(() => list());
 */
export interface DeclareOperation {
  /** Returns a decorator; or for a function one that performs it as declared. */
  (options?: ImpersonationOption | OperationOptions): OperationDecorator;
  <F extends (...args: never[]) => unknown>(options: ImpersonationOption | OperationOptions, handler: F): F;
}

/**
 * Declares an operation: who it acts as while it runs, until its result settles. `required` acts as the caller, and without
 * one it throws before any of its code runs. `allowed` does so if the whole service does, and else acts as the service.
 * `notAllowed`, the default, acts as the service also in a flow of a user, as in `withoutToken()`.
 *
 * Use it as a decorator of a method, standard or legacy, or give it a function, such as a handler of Express or Koa.
 *
 * @param options - The impersonation alone, or all options.
 * @param handler - A function, for use without a decorator.
 * @returns A decorator; or a function that performs `handler` as declared.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`. A performed operation throws
 * `ERR_CALLER_REQUIRED` without a caller, `ERR_TOKEN_LEVEL`, and `ERR_SCOPE_ACTIVE` inside a synchronous scope; an
 * `allowed` handler of an application that was not validated throws `ERR_INVALID_DECLARATION`.
 * @example
 * class Files {
 *   @operation({ impersonation: 'required' })
 *   read(name: string): Promise<string> {
 *     return fs.promises.readFile(name, 'utf8');
 *   }
 * }
 * const text = await token.run(() => new Files().read('/srv/files/report.txt'));
 * app.get('/files', operation('required', (request, response) => response.sendFile('/srv/files/report.txt')));
 */
export const operation: DeclareOperation = (
  options: ImpersonationOption | OperationOptions = {},
  ...handlers: unknown[]
): never => {
  const settings = toOperationSettings(options, 'options');
  const [handler] = handlers;
  if (handlers.length === 0) return decorator(settings) as never;
  validateFunction(handler, 'handler');
  return declared(handler as Method, settings, (handler as Method).name, true) as never;
};
