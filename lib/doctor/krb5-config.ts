import path from 'node:path';
import { native } from '../internal/binding';
import { originals } from '../fs/node-fs';
import { readFile } from './file';

/** What the doctor needs of krb5.conf. */
export interface Krb5Config {
  readonly defaultRealm: string | undefined;
  readonly keytab: string | undefined;
  /** Seconds. */
  readonly clockSkew: number;
  /** The KDCs of each realm, as `host` or `host:port`. */
  readonly kdcs: ReadonlyMap<string, readonly string[]>;
}

/** libkrb5 ignores the environment in a program with more rights than its user. */
export const krb5Variable = (name: string): string | undefined =>
  native.secureExecution ? undefined : process.env[name];

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** Returns the lines of a configuration file, with those of the files that it includes in their place, each once. */
function linesOf(file: string, seen: Set<string>): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const lines = attempt(() => readFile(file).toString('utf8'), '').split('\n');
  return lines.flatMap((line) => {
    const [, kind, target = ''] = /^\s*(include|includedir)\s+(\S+)/.exec(line) ?? [];
    if (kind === 'include') return linesOf(target, seen);
    if (kind !== 'includedir') return [line];
    const names = attempt(() => originals.readdirSync(target), []);
    const files = names.filter((name) => /^[\w-]+$|^[^.].*\.conf$/.test(name)).sort();
    return files.flatMap((name) => linesOf(path.join(target, name), seen));
  });
}

/** Reads krb5.conf, or the files that KRB5_CONFIG names, in which an earlier value holds. */
export function readKrb5Config(): Krb5Config {
  const files = (krb5Variable('KRB5_CONFIG') ?? '/etc/krb5.conf').split(':');
  const seen = new Set<string>();
  const values = new Map<string, string>();
  const kdcs = new Map<string, string[]>();
  let section = '';
  /** The names of the open braces. */
  let open: string[] = [];
  for (const line of files.flatMap((file) => linesOf(file, seen))) {
    const text = line.trim();
    if (text === '' || /^[#;]/.test(text)) continue;
    const header = /^\[([^\]]+)\]/.exec(text)?.[1];
    const [, name = '', value = ''] = /^([^=\s]+)\s*=\s*(.*)$/.exec(text) ?? [];
    if (header !== undefined) [section, open] = [header, []];
    else if (text.startsWith('}')) open.pop();
    else if (value === '{') open.push(name);
    else if (section === 'libdefaults' && !values.has(name)) values.set(name, value);
    else if (section === 'realms' && open.length === 1 && name === 'kdc') {
      const [realm = ''] = open;
      kdcs.set(realm, [...(kdcs.get(realm) ?? []), value]);
    }
  }
  return {
    defaultRealm: values.get('default_realm'),
    keytab: values.get('default_keytab_name'),
    clockSkew: Number.parseInt(values.get('clockskew') ?? '', 10) || 300,
    kdcs,
  };
}
