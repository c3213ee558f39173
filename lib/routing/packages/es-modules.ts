import type { Session as InspectorSession } from 'node:inspector';
import Module, { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { types } from 'node:util';
import { isThreadPinned } from '../../internal/flow-store';
import { nodeRequire, ownFolder } from '../../internal/own-folder';
import { warnOfPackagesBefore } from '../loaded-before';
import { knownFile, knownUrl } from './known';
import { mendNamespace, titleOf } from './packages';

type Hook = (url: string, namespace: object, specifier: string, format?: string) => void;

/** Mends ES modules that are imported later, by import-in-the-middle. */
function mendLaterImports(folder: string): void {
  const load = createRequire(folder);
  const { addHook } = load('import-in-the-middle') as { addHook: (hook: Hook) => void };
  addHook((url, namespace, _specifier, format) => {
    const file = knownUrl.test(url) && knownFile(fileURLToPath(url));
    // Hooks get CommonJS modules, too, which are mended when they are loaded.
    if (file && format !== 'commonjs') Object.assign(namespace, mendNamespace(namespace, file));
  });
  const options = { include: [knownUrl] };
  try {
    const sync = load('import-in-the-middle/register-hooks.mjs') as {
      supportsSyncHooks: () => boolean;
      register: (options: object) => void;
    };
    if (sync.supportsSyncHooks()) {
      sync.register(options);
      return;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_REQUIRE_ESM') throw error;
  }
  // On a thread of node's own.
  Module.register('import-in-the-middle/hook.mjs', pathToFileURL(folder), { data: options });
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
    mendLaterImports(ownFolder);
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
