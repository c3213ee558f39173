// What is taken here is what it was when the package was loaded: these run where no code of the program may.
const { apply, defineProperty, deleteProperty, getOwnPropertyDescriptor, setPrototypeOf } = Reflect;
/** Asks without a look at the value, which for a stack would be made. */
export const { hasOwn } = Object;
const OwnError = Error;
const methodOfStrings: unknown = Reflect.get(String.prototype, 'startsWith');
const startsWith = (text: string, start: string): unknown =>
  apply(methodOfStrings as () => unknown, text, [start]);
export const captureStackTrace = Error.captureStackTrace.bind(Error);

type Below = (...args: never[]) => unknown;

/** What `Error.captureStackTrace` has been called with. */
interface Holder {
  stack?: unknown;
}

/** Without a prototype, from which it could have accessors. */
function ownDescriptor(object: object, name: string): PropertyDescriptor | undefined {
  const descriptor = getOwnPropertyDescriptor(object, name);
  if (descriptor) setPrototypeOf(descriptor, null);
  return descriptor;
}

/** Calls `fn` with a property of Error set; not at all if it cannot be set, or only by a setter of the program's. */
function withSetting(name: string, value: unknown, fn: () => void): void {
  const before = ownDescriptor(OwnError, name);
  const attributes = before?.configurable === false ? {} : { writable: true, configurable: true };
  const setting: PropertyDescriptor = { value, ...attributes };
  setPrototypeOf(setting, null);
  if (!defineProperty(OwnError, name, setting)) return;
  try {
    fn();
  } finally {
    if (before) defineProperty(OwnError, name, before);
    else deleteProperty(OwnError, name);
  }
}

/** The calls that `holder` keeps, nearest first; none if they cannot be had without code of the program. */
function sitesOf(holder: Holder): readonly NodeJS.CallSite[] {
  if (ownDescriptor(globalThis, 'Error')?.value !== OwnError) return [];
  let sites: readonly NodeJS.CallSite[] = [];
  const prepare = (_error: unknown, prepared: NodeJS.CallSite[]): string => {
    sites = prepared;
    return '';
  };
  withSetting('prepareStackTrace', prepare, () => holder.stack);
  return sites;
}

/** The calls on the stack that led to `below`, nearest first, without it and what it called. */
export function stackOf(below: Below): readonly NodeJS.CallSite[] {
  const holder: Holder = {};
  withSetting('stackTraceLimit', Infinity, () => {
    captureStackTrace(holder, below);
  });
  return sitesOf(holder);
}

/** The methods of call sites, as the engine made them. */
const methods = (() => {
  const holder: Holder = {};
  withSetting('stackTraceLimit', 1, () => {
    captureStackTrace(holder);
  });
  const [site] = sitesOf(holder);
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

function ask(site: NodeJS.CallSite, method: keyof typeof methods): unknown {
  const function_ = methods[method];
  return function_ && apply(function_, site, []);
}

/** The file of a call; empty for builtins and evaluated code. */
export const fileOf = (site: NodeJS.CallSite): string => (ask(site, 'getFileName') ?? '') as string;

/** Whether the call is a builtin's, or of a script whose name begins as those of node's own do, as any script's may. */
export function isNamedLikeNode(site: NodeJS.CallSite): boolean {
  const file = fileOf(site);
  return file === '' || startsWith(file, 'node:') === true;
}

/** The class of the receiver of a call. */
export const typeOf = (site: NodeJS.CallSite): unknown => ask(site, 'getTypeName');

export const isEvaluated = (site: NodeJS.CallSite): boolean => ask(site, 'isEval') === true;

/** Whether it is not on the stack, but waits for what is. */
export const isAsync = (site: NodeJS.CallSite): boolean => ask(site, 'isAsync') === true;

/** A hash of the source that a call is in: a script can be given any name, but not the source of another one. */
export const sourceHashOf = (site: NodeJS.CallSite): unknown => ask(site, 'getScriptHash');

/** The calls that `holder` keeps as lines of text; empty if they cannot be had. */
export function textOf(holder: Holder): string {
  const sites = sitesOf(holder);
  let text = '';
  // Not by an iterator, which the program may have replaced, nor past the end.
  // eslint-disable-next-line @typescript-eslint/prefer-for-of
  for (let i = 0; i < sites.length; i++) {
    const site = sites[i];
    if (site) text += `\n    at ${ask(site, 'toString') as string}`;
  }
  return text;
}

/** The stack up to the call of `below`, as lines of text. */
export function textAt(below: Below): string {
  const holder: Holder = {};
  captureStackTrace(holder, below);
  return textOf(holder);
}
