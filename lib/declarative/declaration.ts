import { ImpersonationError } from '../internal/error';
import {
  validateArray,
  validateBoolean,
  validateFunction,
  validateOptions,
  validateString,
  withoutPrototype,
  wrongValue,
} from '../internal/validate';
import { type ImpersonationLevel, levelNumber } from '../token/open-token';
import type { Token } from '../token/token';

/**
 * Whether an operation acts as its caller: always (`required`), if the whole service does (`allowed`), or never
 * (`notAllowed`).
 *
 * @example
 * const impersonation: ImpersonationOption = 'required';
 * app.get('/files', operation(impersonation, (request, response) => response.sendFile('/srv/files/report.txt')));
 */
export type ImpersonationOption = 'required' | 'allowed' | 'notAllowed';

/**
 * How one operation is performed.
 *
 * @example
 * const options: OperationOptions = { impersonation: 'allowed', orAsService: true, name: 'Files.list' };
 * app.get('/files', operation(options, (request, response) => response.sendFile('/srv/files/report.txt')));
 */
export interface OperationOptions {
  /** Whether it acts as its caller; `notAllowed` by default. */
  impersonation?: ImpersonationOption;
  /** Whether an `allowed` operation without a caller acts as the service. Otherwise it throws, which is the default. */
  orAsService?: boolean;
  /**
   * Whether a stream that the operation returns is produced as the caller, which is the default. If false, it is produced
   * under the identity of the code that reads it, as WCF does by default.
   */
  impersonateOnSerializingReply?: boolean;
  /** The least level of the caller's token; `impersonation` by default. */
  level?: 'impersonation' | 'delegation';
  /** The name in messages and errors; by default that of the class and the method, of the route or of the function. */
  name?: string;
}

/**
 * Returns the caller of an operation: a token, which stays the application's; a name for `Token.forUser`; or null for none.
 * It gets the arguments of the operation, and runs as the process.
 *
 * @example
 * const caller: ResolveCaller = (request: http.IncomingMessage) => request.headers['x-user']?.toString();
 */
export type ResolveCaller = (
  ...args: never[]
) => Token | string | null | undefined | Promise<Token | string | null | undefined>;

/**
 * What holds for all operations of a service.
 *
 * @example
 * const options: ServiceOptions = { impersonateCallerForAllOperations: true, helpers: ['describe'] };
 */
export interface ServiceOptions {
  /** Whether `allowed` operations act as their caller. Then no operation may be `notAllowed`. False by default. */
  impersonateCallerForAllOperations?: boolean;
  /**
   * Returns the caller, and alone decides who that is. By default it is the user of the flow. If it returns a promise or a
   * name, operations return promises.
   */
  caller?: ResolveCaller;
  /**
   * What the authentication of the service gives: no callers (`none`), or tokens of this level at most. By default it is
   * not known, except of an application whose middleware can be seen.
   */
  authentication?: 'none' | ImpersonationLevel;
  /** The default of the same option of operations. */
  impersonateOnSerializingReply?: boolean;
  /** The public methods that are no operations. They run as the code that calls them. */
  helpers?: readonly string[];
  /** Whether the active span of OpenTelemetry gets the attribute `enduser.id`: the SID or uid of the caller. */
  spanAttributes?: boolean;
}

/**
 * A mistake in the declarations of a service.
 *
 * @example
 * const format = ({ operation, message }: DeclarationProblem) => `${operation}: ${message}`;
 */
export interface DeclarationProblem {
  /** The operation, such as `Files.read` or `GET /files`. */
  readonly operation: string;
  /** What is wrong, and the remedy. */
  readonly message: string;
}

/**
 * All mistakes in the declarations of a service. Its code is `ERR_INVALID_DECLARATION`.
 *
 * @example
 * app.get('/files', (request, response) => response.sendFile('/srv/files/report.txt'));
 * try {
 *   validate(app);
 * } catch (error) {
 *   if (!(error instanceof DeclarationError)) throw error;
 *   for (const { operation } of error.errors) console.log(operation); // Prints: GET /files
 * }
 */
export class DeclarationError extends ImpersonationError {
  /** The mistakes, in the order of the operations. */
  declare readonly errors: readonly DeclarationProblem[];

  /**
   * @param errors - The mistakes, at least one.
   */
  constructor(errors: readonly DeclarationProblem[]) {
    const list = errors.map(({ operation, message }) => `  ${operation}: ${message}`);
    super(`The declarations of operations are invalid:\n${list.join('\n')}`, 'ERR_INVALID_DECLARATION');
    Object.assign(this, { errors });
  }
}

/** Throws a DeclarationError if there are problems. */
export function requireNone(problems: readonly DeclarationProblem[]): void {
  if (problems.length > 0) throw new DeclarationError(problems);
}

/** The validated options of a service. */
export type Service = Readonly<ServiceOptions>;

/** The validated options of an operation. */
export type OperationSettings = Readonly<
  Omit<OperationOptions, 'impersonation'> & { impersonation: ImpersonationOption }
>;

const options: readonly unknown[] = ['required', 'allowed', 'notAllowed'];
const levels: readonly unknown[] = ['impersonation', 'delegation'];
const booleans = ['orAsService', 'impersonateOnSerializingReply'] as const;

function validateBooleans<K extends string>(
  given: Partial<Record<K, unknown>>,
  argument: string,
  keys: readonly K[],
): void {
  for (const key of keys) {
    if (given[key] !== undefined) validateBoolean(given[key], `${argument}.${key}`);
  }
}

/** Returns options that neither change nor inherit anything. */
export const frozen = <T extends object>(value: T): Readonly<T> => Object.freeze(withoutPrototype(value));

/** Returns a copy of given options, with what they inherit: what is validated is what holds. */
const copyOf = <K extends string>(given: Partial<Record<K, unknown>>, keys: readonly K[]) =>
  Object.fromEntries(keys.flatMap((key) => (given[key] === undefined ? [] : [[key, given[key]]]))) as Partial<
    Record<K, unknown>
  >;

/** Returns the validated options of an operation, which can be its impersonation alone. */
export function toOperationSettings(value: unknown, argument: string): OperationSettings {
  const own = typeof value === 'string' ? { impersonation: value } : value;
  const keys = ['impersonation', 'level', 'name', ...booleans] as const;
  validateOptions(own, argument, keys);
  const given = copyOf(own, keys);
  const { impersonation = 'notAllowed', level, name } = given;
  if (!options.includes(impersonation))
    throw wrongValue(`${argument}.impersonation`, `must be one of: ${options.join(', ')}`);
  if (level !== undefined && !levels.includes(level))
    throw wrongValue(`${argument}.level`, `must be one of: ${levels.join(', ')}`);
  if (name !== undefined) validateString(name, `${argument}.name`);
  validateBooleans(given, argument, booleans);
  return frozen({ ...given, impersonation } as OperationSettings);
}

/** Returns the validated options of a service. `more` are keys that the caller validates. */
export function toService(value: unknown, argument: string, more: readonly string[] = []): Service {
  const flags = [
    'impersonateCallerForAllOperations',
    'impersonateOnSerializingReply',
    'spanAttributes',
  ] as const;
  const keys = ['caller', 'authentication', 'helpers', ...flags] as const;
  validateOptions(value, argument, [...keys, ...more]);
  const given = copyOf(value, keys);
  const { caller, authentication, helpers } = given;
  if (caller !== undefined) validateFunction(caller, `${argument}.caller`);
  if (authentication !== undefined && authentication !== 'none')
    levelNumber(authentication, `${argument}.authentication`);
  if (helpers !== undefined) {
    validateArray(helpers, `${argument}.helpers`);
    helpers.forEach((name, index) => {
      validateString(name, `${argument}.helpers[${String(index)}]`);
    });
  }
  validateBooleans(given, argument, flags);
  return frozen({ ...given, ...(helpers !== undefined && { helpers: [...helpers] }) } as Service);
}

/** Returns whether an operation acts as its caller: the table of WCF. */
export function impersonates(
  { impersonation }: OperationSettings,
  { impersonateCallerForAllOperations = false }: Service,
): boolean {
  return impersonation === 'required' || (impersonation === 'allowed' && impersonateCallerForAllOperations);
}

/** Returns why a service cannot have the operation. */
export function problemsOf(
  operation: string,
  settings: OperationSettings,
  service: Service,
): DeclarationProblem[] {
  const { impersonation, level = 'impersonation' } = settings;
  const { authentication } = service;
  const messages: string[] = [];
  if (service.impersonateCallerForAllOperations && impersonation === 'notAllowed')
    messages.push(
      "it is 'notAllowed', and the service impersonates its callers for all operations: declare it 'allowed' or 'required', or move it to another service",
    );
  if (settings.orAsService && impersonation !== 'allowed')
    messages.push(`orAsService is for 'allowed', and the operation is '${impersonation}': remove it`);
  if (impersonates(settings, service) && authentication === 'none')
    messages.push(
      'it acts as its caller, and nothing authenticates callers: add authentication before it, give `caller`, or declare `authentication`',
    );
  else if (
    impersonates(settings, service) &&
    authentication !== undefined &&
    levelNumber(authentication, 'authentication') < levelNumber(level, 'level')
  )
    messages.push(
      `it needs callers of level ${level}, and the authentication gives ${authentication} at most: raise the level of the authentication, or declare the operation 'notAllowed'`,
    );
  return messages.map((message) => ({ operation, message }));
}

/** Returns the mistake of an operation without a declaration. */
export const undeclared = (operation: string, remedy: string): DeclarationProblem => ({
  operation,
  message: `it is public and has no declaration: ${remedy}`,
});
