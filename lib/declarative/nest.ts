import { DeclarationError } from './declaration';
import { type Operation, operationOf, serviceFor } from './operation';
import { type Actor, type Call, begin, chooseActor } from './perform';
import { followObservable } from './result';

/**
 * The part of NestJS's ExecutionContext that is used.
 *
 * @example
 * class Files {
 *   @operation({ impersonation: 'required' })
 *   list(): Promise<string[]> {
 *     return fs.promises.readdir('/srv/files');
 *   }
 * }
 * const context: NestContext = { getClass: () => Files, getHandler: () => Files.prototype.list };
 */
export interface NestContext {
  /** Returns the class of the controller or resolver. */
  getClass(): object;
  /** Returns the method that handles the request. */
  getHandler(): object;
}

/**
 * The part of an Observable that is used.
 *
 * @example
 * const finished: NestObservable = { subscribe: (observer: { complete(): void }) => observer.complete() };
 */
export interface NestObservable {
  /** Begins the work. */
  readonly subscribe: (...args: never[]) => unknown;
}

/**
 * NestJS's CallHandler.
 *
 * @example
 * const next: NestCallHandler<NestObservable> = { handle: () => ({ subscribe: () => undefined }) };
 */
export interface NestCallHandler<O extends NestObservable = NestObservable> {
  /** Returns the Observable of the rest of the pipeline. */
  handle(): O;
}

function operationIn(context: NestContext): { operation: Operation; call: Call } {
  const handler = context.getHandler() as { readonly name?: string };
  const controller = context.getClass() as { readonly name?: string; readonly prototype?: unknown };
  const operation = operationOf(handler);
  if (!operation) {
    const name = `${controller.name ?? ''}.${handler.name ?? ''}`;
    throw new DeclarationError([
      { operation: name, message: 'it has no declaration: decorate it with @operation()' },
    ]);
  }
  const service = serviceFor(operation, controller.prototype);
  return { operation, call: { operation, service, receiver: undefined, fn: () => undefined, args: [] } };
}

/**
 * A guard for NestJS that rejects a request before pipes and interceptors run: if its handler is not declared, or acts as
 * its caller and there is none. The caller must be the user of the flow, as by `actAs()`; if the service has a `caller`
 * function, which needs the arguments, the handler itself calls it later.
 *
 * @example
 * nest.use(actAs(() => 'alice').express);
 * nest.useGlobalGuards(new OperationGuard());
 */
export class OperationGuard {
  /**
   * Checks the request.
   *
   * @param context - NestJS's ExecutionContext.
   * @returns True.
   * @throws DeclarationError `ERR_INVALID_DECLARATION`.
   * @throws ImpersonationError `ERR_CALLER_REQUIRED`, with `status` 401; `ERR_TOKEN_LEVEL`, with 403.
   * @example
   * class Files {
   *   @operation({ impersonation: 'notAllowed' })
   *   version(): string {
   *     return '1.0';
   *   }
   * }
   * const context = { getClass: () => Files, getHandler: () => Files.prototype.version };
   * console.log(new OperationGuard().canActivate(context)); // Prints: true
   */
  canActivate(context: NestContext): boolean {
    const { call } = operationIn(context);
    if (!call.service.caller) void chooseActor(call);
    return true;
  }
}

/**
 * An interceptor for NestJS by which what runs after it, such as pipes and the handler, acts as the operation is declared.
 * Without it only the handler does.
 *
 * @example
 * nest.useGlobalInterceptors(new OperationInterceptor());
 */
export class OperationInterceptor {
  /**
   * Performs the rest of the pipeline.
   *
   * @param context - NestJS's ExecutionContext.
   * @param next - The rest of the pipeline.
   * @returns Its Observable.
   * @throws DeclarationError `ERR_INVALID_DECLARATION`.
   * @throws ImpersonationError `ERR_CALLER_REQUIRED`, with `status` 401; `ERR_TOKEN_LEVEL`, with 403.
   * @example
   * class Files {
   *   @operation({ impersonation: 'notAllowed' })
   *   version(): string {
   *     return '1.0';
   *   }
   * }
   * const context = { getClass: () => Files, getHandler: () => Files.prototype.version };
   * new OperationInterceptor().intercept(context, { handle: () => ({ subscribe: () => undefined }) });
   */
  intercept<O extends NestObservable>(context: NestContext, next: NestCallHandler<O>): O {
    const { call } = operationIn(context);
    // The handler itself finds its caller.
    if (call.service.caller) return next.handle();
    const { flow } = chooseActor(call) as Actor;
    // NestJS binds the rest of the pipeline to the flow in which handle() is called; older versions to that of subscribe().
    const observable = begin(flow, () => next.handle());
    return followObservable(observable, { flow, settle: () => {} });
  }
}
