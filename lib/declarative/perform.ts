import { requireNoScope, startFlow } from '../flow/run';
import { ImpersonationError } from '../internal/error';
import { type Flow, asProcess, currentFlow, newFlow } from '../internal/flow-store';
import { quietToken } from '../internal/token-ref';
import { requireNoConflict } from '../scope/state';
import { Token } from '../token/token';
import { type OperationSettings, type ResolveCaller, type Service, impersonates } from './declaration';
import { OperationReport } from './report';
import { follow, thenOf } from './result';

/** A call of a declared operation. */
export interface Call {
  readonly operation: { readonly name: string; readonly settings: OperationSettings };
  readonly service: Service;
  readonly receiver: unknown;
  readonly fn: (this: unknown, ...args: unknown[]) => unknown;
  readonly args: readonly unknown[];
}

/** Who an operation acts as: its caller, or with null the service. */
export interface Actor {
  readonly flow: Flow | null;
  /** The token if it was made for this call. */
  readonly made?: Token | undefined;
}

const service: Actor = { flow: null };

/** Adds what web frameworks take for the status of the response. */
const withStatus = (error: ImpersonationError, status: number): ImpersonationError =>
  Object.assign(error, { status, statusCode: status });

function withoutCaller({ operation: { name, settings }, service: { caller } }: Call): Actor {
  if (settings.impersonation === 'allowed' && settings.orAsService) return service;
  const reason = caller ? '`caller` has returned none' : 'it was called outside of every flow';
  const remedy =
    settings.impersonation === 'allowed'
      ? ', or write orAsService: true beside it to let it act as the service'
      : '';
  throw withStatus(
    new ImpersonationError(
      `${name} acts as its caller, and there is none: ${reason}. Authenticate the request, or call it in token.run()${remedy}`,
      'ERR_CALLER_REQUIRED',
    ),
    401,
  );
}

/** Throws ERR_TOKEN_LEVEL for a token whose level is too low for the operation. */
function requireLevel(token: Token, { name, settings }: Call['operation']): void {
  const { level } = token;
  const needed = settings.level ?? 'impersonation';
  if (token.permitsWork && (needed !== 'delegation' || level === null || level === 'delegation')) return;
  throw withStatus(
    new ImpersonationError(
      `${name} needs a caller of level ${needed}, and the caller's token has level ${String(level)}: the client or its domain decides the level`,
      'ERR_TOKEN_LEVEL',
    ),
    403,
  );
}

function actorOf(call: Call, report: OperationReport | undefined, user: unknown): Actor {
  if (user === null || user === undefined) return withoutCaller(call);
  Token.validate(user, 'result of caller()');
  const ref = user.ref();
  report?.setUser(ref);
  requireLevel(user, call.operation);
  return { flow: newFlow(user, ref) };
}

/** Returns the actor for a token that was made for this call, and is closed when the call has ended. */
function actorOfMade(call: Call, report: OperationReport | undefined, made: Token): Actor {
  try {
    // A generator that is not read to its end leaves it open.
    quietToken(made.ref());
    return { ...actorOf(call, report, made), made };
  } catch (error) {
    made.close();
    throw error;
  }
}

function given(call: Call, report: OperationReport | undefined, user: unknown): Actor | Promise<Actor> {
  if (typeof user !== 'string') return actorOf(call, report, user);
  return Token.forUser(user).then((made) => actorOfMade(call, report, made));
}

function callerOfFlow(): Token | undefined {
  requireNoScope();
  requireNoConflict();
  const flow = currentFlow();
  return flow?.token.reopened(flow.tokenRef);
}

function resolve(call: Call, caller: ResolveCaller): unknown {
  return asProcess(() => Reflect.apply(caller, call.receiver, call.args) as unknown);
}

/** Returns who the operation acts as, by its declaration and its caller. Throws if it may not be performed. */
export function chooseActor(call: Call, report?: OperationReport): Actor | Promise<Actor> {
  if (!impersonates(call.operation.settings, call.service)) return service;
  const { caller } = call.service;
  if (!caller) return actorOf(call, report, callerOfFlow());
  const user = resolve(call, caller);
  if (!thenOf(user)) return given(call, report, user);
  return asProcess(() => Promise.resolve(user).then((found) => given(call, report, found)));
}

/** Begins the work of an operation in the flow, or as the process, and returns its result. */
export const begin = <R>(flow: Flow | null, fn: () => R): R => (flow ? startFlow(flow, fn) : asProcess(fn));

/** Performs the operation as the actor, and follows its result until that has settled. */
function performAs(call: Call, { flow, made }: Actor, report: OperationReport | undefined): unknown {
  const { operation, service, receiver, fn, args } = call;
  const settle = (failure?: { readonly error: unknown }): void => {
    made?.close();
    report?.end(failure);
  };
  const produced = operation.settings.impersonateOnSerializingReply ?? service.impersonateOnSerializingReply;
  const invoke = (): unknown => {
    report?.begin();
    return Reflect.apply(fn, receiver, args);
  };
  try {
    return follow(begin(flow, invoke), { flow, producesStreams: produced ?? true, settle });
  } catch (error) {
    settle({ error });
    throw error;
  }
}

/** Performs a declared operation, and returns its result. */
export function perform(call: Call): unknown {
  const report = OperationReport.of(call.operation.name, call.service);
  const refuse = (error: unknown): never => {
    report?.end({ error });
    throw error;
  };
  let actor: Actor | Promise<Actor>;
  try {
    actor = chooseActor(call, report);
  } catch (error) {
    return refuse(error);
  }
  if (!(actor instanceof Promise)) return performAs(call, actor, report);
  return actor.then((chosen) => performAs(call, chosen, report), refuse);
}
