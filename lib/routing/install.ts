import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { warnOfChildProcesses } from './guards/child-process';
import { bindGracefulQueue } from './graceful-fs';
import { routeWorkers } from '../worker/impersonated-worker';
import { warnOfModulesBefore } from './loaded-before';
import { routeModules } from './modules';
import type { AnyFunction, Router } from './router';
import { fsTable, promisesTable, routerForUnknown } from './table';
import { unrouted } from './router';

function routed(route: Router, name: string, value: unknown): unknown {
  return typeof value === 'function' ? route(name, value as AnyFunction) : value;
}

/** Routes the value of a getter when it is first read, because node loads some values on first use. */
function routeLazily(target: object, name: string, route: Router, descriptor: PropertyDescriptor): void {
  let known: { original: unknown; replacement: unknown } | undefined;
  Object.defineProperty(target, name, {
    ...descriptor,
    get(this: unknown) {
      const original: unknown = descriptor.get?.call(this);
      if (known?.original !== original) known = { original, replacement: routed(route, name, original) };
      return known?.replacement;
    },
  });
}

function routeAll(target: object, table: Readonly<Record<string, Router>>): void {
  const exported = target as Record<string, unknown>;
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(target))) {
    const route = Object.hasOwn(table, name) ? (table[name] as Router) : routerForUnknown(name);
    // Reading some of these prints a warning.
    if (route === unrouted) continue;
    if (descriptor.get && !(descriptor.set && Object.hasOwn(table, name))) {
      routeLazily(target, name, route, descriptor);
    } else {
      exported[name] = routed(route, name, exported[name]);
    }
  }
}

let installed = false;

/** Replaces the functions of node:fs with routed ones for all modules of this thread. Further calls do nothing. */
export function installRouting(): void {
  if (installed) return;
  installed = true;
  routeAll(fs, fsTable);
  routeAll(fs.promises, promisesTable);
  routeModules();
  routeWorkers();
  warnOfChildProcesses();
  bindGracefulQueue();
  syncBuiltinESMExports();
  warnOfModulesBefore();
}
