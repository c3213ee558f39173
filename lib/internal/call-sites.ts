import { runInNewContext } from 'node:vm';

// Stack frames without running code of the program: what is used here is taken when the package is loaded.
const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, setPrototypeOf } = Reflect;
/** `Object.hasOwn` does not read the value; reading a `stack` would format it. */
export const { hasOwn } = Object;
const methodOfStrings: unknown = Reflect.get(String.prototype, 'startsWith');
const startsWith = (text: string, start: string): unknown =>
  apply(methodOfStrings as () => unknown, text, [start]);

type Below = (...args: never[]) => unknown;

/** An object that `Error.captureStackTrace` has been called with. */
interface Holder {
  stack?: unknown;
}

/** Returns the descriptor without a prototype, which could add accessors. */
function ownDescriptor(object: object, name: string): PropertyDescriptor | undefined {
  const descriptor = getOwnPropertyDescriptor(object, name);
  if (descriptor) setPrototypeOf(descriptor, null);
  return descriptor;
}

/** A global object with what captures stacks in it. */
interface Realm {
  readonly global: typeof globalThis;
  readonly Error: ErrorConstructor;
  readonly newHolder: () => Holder;
  readonly captureStackTrace: typeof Error.captureStackTrace;
}

const realmOf = (global: typeof globalThis): Realm => {
  const { Error, Object } = global;
  const capture = Error.captureStackTrace.bind(Error);
  return { global, Error, newHolder: () => new Object(), captureStackTrace: capture };
};

const ownRealm = realmOf(globalThis);
export const { captureStackTrace } = ownRealm;

let privateRealm: Realm | undefined;
/**
 * Returns a realm that the program cannot change, for a program that has frozen Error, as `node --frozen-intrinsics`
 * does, or replaced it. Its frames are the same.
 */
const makePrivateRealm = (): Realm =>
  (privateRealm ??= realmOf(runInNewContext('globalThis') as typeof globalThis));

/**
 * Calls `fn` with a property of the realm's Error set. Returns false, and does not call it, if that fails or would call
 * a setter of the program.
 */
function withSetting({ Error }: Realm, name: string, value: unknown, fn: () => void): boolean {
  const before = ownDescriptor(Error, name);
  const attributes = before?.configurable === false ? {} : { writable: true, configurable: true };
  const setting: PropertyDescriptor = { value, ...attributes };
  setPrototypeOf(setting, null);
  if (!defineProperty(Error, name, setting)) return false;
  try {
    fn();
  } finally {
    if (before) defineProperty(Error, name, before);
    else deleteProperty(Error, name);
  }
  return true;
}

/** Frames, innermost first. There is only their text if another stack is being formatted at this moment. */
interface Stack {
  readonly sites: readonly NodeJS.CallSite[];
  readonly text: string;
}

/** Returns the stack that `holder` has captured; undefined if reading it would run code of the program. */
function readStack(realm: Realm, holder: Holder): Stack | undefined {
  if (ownDescriptor(realm.global, 'Error')?.value !== realm.Error) return undefined;
  let [sites, text]: [readonly NodeJS.CallSite[], unknown] = [[], ''];
  const prepare = (_error: unknown, prepared: NodeJS.CallSite[]): string => {
    sites = prepared;
    return '';
  };
  const isRead = withSetting(realm, 'prepareStackTrace', prepare, () => (text = holder.stack));
  return isRead ? { sites, text: text as string } : undefined;
}

function captureIn(realm: Realm, below: Below, limit: number): Stack | undefined {
  const holder = realm.newHolder();
  const isCaptured = withSetting(realm, 'stackTraceLimit', limit, () => {
    realm.captureStackTrace(holder, below);
  });
  return isCaptured ? readStack(realm, holder) : undefined;
}

const capture = (below: Below, limit: number): Stack | undefined =>
  captureIn(ownRealm, below, limit) ?? captureIn(makePrivateRealm(), below, limit);

/** Returns the frames above the call of `below`, innermost first. */
export const stackOf = (below: Below): readonly NodeJS.CallSite[] => capture(below, Infinity)?.sites ?? [];

/** Returns the frame above the call of `below`; only the text of a stack if another one is being formatted. */
export function callerOf(below: Below): NodeJS.CallSite | string {
  const stack = capture(below, 1);
  return stack?.sites[0] ?? stack?.text ?? '';
}

/** The methods of call sites as V8 defines them. */
const methods = (() => {
  const [site] = (function load() {
    return stackOf(load);
  })();
  const method = (name: string): (() => unknown) | undefined =>
    site && (Reflect.get(site, name) as (() => unknown) | undefined);
  return {
    getFileName: method('getFileName'),
    getTypeName: method('getTypeName'),
    isAsync: method('isAsync'),
    isEval: method('isEval'),
    toString: method('toString'),
    getScriptHash: method('getScriptHash'),
  };
})();

function callMethod(site: NodeJS.CallSite, method: keyof typeof methods): unknown {
  const function_ = methods[method];
  return function_ && apply(function_, site, []);
}

/** Returns the file of a frame; empty for builtins and evaluated code. */
export const fileOf = (site: NodeJS.CallSite): string => (callMethod(site, 'getFileName') ?? '') as string;

/** Returns whether the frame is a builtin's or of a script named `node:...`, a name that any script can have. */
export function isNamedLikeNode(site: NodeJS.CallSite): boolean {
  const file = fileOf(site);
  return file === '' || startsWith(file, 'node:') === true;
}

/** Returns the class of the receiver. */
export const typeOf = (site: NodeJS.CallSite): unknown => callMethod(site, 'getTypeName');

export const isEvaluated = (site: NodeJS.CallSite): boolean => callMethod(site, 'isEval') === true;

/** Returns whether the frame is an async one: not on the stack, but awaiting a frame that is. */
export const isAsync = (site: NodeJS.CallSite): boolean => callMethod(site, 'isAsync') === true;

/** Returns a hash of the script's source: a script can have any name, but not the source of another. */
export const sourceHashOf = (site: NodeJS.CallSite): unknown => callMethod(site, 'getScriptHash');

function toText(sites: readonly NodeJS.CallSite[]): string {
  let text = '';
  // No iterator, which the program may have replaced, and no index past the end, which may have an accessor.
  // eslint-disable-next-line @typescript-eslint/prefer-for-of
  for (let i = 0; i < sites.length; i++) {
    const site = sites[i];
    if (site) text += `\n    at ${callMethod(site, 'toString') as string}`;
  }
  return text;
}

/** Returns the captured frames as lines of text; empty if they cannot be read. */
export const textOf = (holder: Holder): string => toText(readStack(ownRealm, holder)?.sites ?? []);

/** Returns the frames above the call of `below` as lines of text. A realm that does not exist is not made for it. */
export function textAt(below: Below): string {
  const holder: Holder = {};
  captureStackTrace(holder, below);
  return textOf(holder) || toText((privateRealm && captureIn(privateRealm, below, 10)?.sites) ?? []);
}
