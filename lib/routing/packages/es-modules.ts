import type { Session as InspectorSession } from 'node:inspector';
import Module from 'node:module';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { isThreadPinned } from '../../internal/flow-store';
import { nodeRequire, ownFolder } from '../../internal/own-folder';
import { warnOfPackagesBefore } from '../loaded-before';
import { knownFile, knownUrl } from './known';
import { mendNamespace, titleOf } from './packages';

/** What a load hook of node returns. */
interface Loaded {
  readonly format?: string | null;
  readonly source?: string | ArrayBuffer | NodeJS.TypedArray | null;
}

/**
 * Makes an ES module report its namespace when it has been evaluated, and take what is returned in place of a function
 * that it exports by default: other exports cannot be replaced.
 */
function reporting(url: string, loaded: Loaded): Loaded {
  const { format, source } = loaded;
  if (format !== 'module' || source == null) return loaded;
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
  const name = /^export default (?:async )?function\s+([\w$]+)/m.exec(text)?.[1];
  const report = `globalThis[Symbol.for('impersonate.imported')]?.(${JSON.stringify(url)}, impersonate$)`;
  return {
    ...loaded,
    source: `${text}\n;import * as impersonate$ from ${JSON.stringify(url)};\n${name === undefined ? '' : `${name} = `}${report}${name === undefined ? '' : ` ?? ${name}`};`,
  };
}

const reported = Symbol.for('impersonate.imported');

/** Mends a module that has been imported. Returns what replaces its default export; undefined if nothing does. */
function mendImport(url: string, namespace: object): unknown {
  const file = knownFile(fileURLToPath(url));
  return file && mendNamespace(namespace, file).default;
}

/** Node has hooks on the thread itself from these versions on; those of earlier ones break imports of CommonJS. */
const hooksSince: Readonly<Record<number, readonly [minor: number, patch: number]>> = {
  22: [22, 3],
  24: [11, 1],
  25: [1, 0],
};

function hasHooks(): boolean {
  const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
  if (major >= 26) return true;
  const [sinceMinor, sincePatch] = hooksSince[major] ?? [Infinity, 0];
  return minor > sinceMinor || (minor === sinceMinor && patch >= sincePatch);
}

type NextLoad = (url: string, context: unknown) => Loaded;
interface Hooks {
  readonly load: (url: string, context: unknown, nextLoad: NextLoad) => Loaded;
}

/**
 * Mends ES modules that are imported later, where node can. Earlier versions have hooks on a thread of their own, which
 * reads modules as the process: also those that an ImpersonatedWorker imports, whose user may not read them.
 */
function mendLaterImports(): void {
  // Another copy of this package does the same.
  if (!hasHooks() || reported in globalThis) return;
  // Jest has a module of its own in place of node:module.
  const { registerHooks } = Module as unknown as { registerHooks?: (hooks: Hooks) => void };
  if (!registerHooks) return;
  Object.defineProperty(globalThis, reported, { value: mendImport });
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      return knownUrl.test(url) ? reporting(url, loaded) : loaded;
    },
  });
}

/** What node has loaded in order to load ES modules: some versions do so at first use. */
const loader = 'NativeModule internal/modules/esm/translators';

/** Returns the URLs of the known ES modules that are loaded: only the inspector lists them. */
function loadedUrls(): string[] {
  const { moduleLoadList } = process as { moduleLoadList?: readonly string[] };
  if (moduleLoadList?.includes(loader) === false) return [];
  const { Session } = nodeRequire('node:inspector') as { Session: new () => InspectorSession };
  const session = new Session();
  const urls = new Set<string>();
  session.connect();
  session.on('Debugger.scriptParsed', ({ params: { isModule, url } }) => {
    if (isModule && knownUrl.test(url)) urls.add(url);
  });
  session.post('Debugger.enable');
  session.disconnect();
  return [...urls];
}

/** Returns whether an ES module that is loaded is mended: not if it has functions that are to be replaced. */
function isMended(url: string): boolean {
  try {
    // Mended as every module that is required, which replaces a namespace with such functions by another object.
    return types.isModuleNamespaceObject(nodeRequire(fileURLToPath(url)));
  } catch {
    // This version of node does not load ES modules by require().
    return false;
  }
}

const warnOfAll = (error: unknown): void => {
  const { code } = error as NodeJS.ErrnoException;
  warnOfPackagesBefore([`all ES modules, which cannot be followed here (${String(code ?? error)})`]);
};

let following = false;

/** Mends the ES modules of packages that put off work when they are imported. Further calls do nothing. */
export function followImports(): void {
  // A bundle has no folder of packages. A pinned thread has one user.
  if (following || ownFolder === undefined || isThreadPinned()) return;
  following = true;
  try {
    mendLaterImports();
  } catch (error) {
    // The permission model of node may forbid it.
    warnOfAll(error);
  }
}

/** Mends the ES modules that are loaded already, too, and warns of those that it cannot. */
export function followAllImports(): void {
  const isLate = !following;
  followImports();
  if (!following) return;
  try {
    const files = loadedUrls().filter((url) => !isMended(url));
    warnOfPackagesBefore(
      files.flatMap((url) => {
        const file = knownFile(fileURLToPath(url));
        return file ? [titleOf(file)] : [];
      }),
    );
  } catch (error) {
    if (isLate) warnOfAll(error);
  }
}
