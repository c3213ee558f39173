import { readFileSync } from 'node:fs';

const numbers = { dac_override: 1n, setgid: 6n, setuid: 7n, sys_admin: 21n };

/** Returns whether all these capabilities of this process are effective. */
export function hasCapabilities(...names) {
  const [, mask] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return names.every((name) => (BigInt(`0x${mask}`) >> numbers[name]) & 1n);
}
