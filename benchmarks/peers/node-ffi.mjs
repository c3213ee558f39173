import process from 'node:process';
import { missingByHand, fail, systemCalls } from './system-calls.mjs';

export const name = 'node:ffi, by hand';
export const missing = missingByHand;

/** The switch through Node's own foreign functions: from Node 26.1 on, unless --no-experimental-ffi. */
export async function open(person) {
  const ffi = await import('node:ffi');
  return process.platform === 'win32' ? windows(ffi, person) : linux(ffi, person);
}

function windows(ffi, { handle }) {
  const { functions } = ffi.dlopen('advapi32.dll', {
    SetThreadToken: { arguments: ['pointer', 'pointer'], return: 'int32' },
    RevertToSelf: { arguments: [], return: 'int32' },
  });
  return () => {
    if (functions.SetThreadToken(0n, handle) === 0) fail('SetThreadToken', 0);
    if (functions.RevertToSelf() === 0) fail('RevertToSelf', 0);
  };
}

function linux(ffi, { ids: { uid, gid, groups } }) {
  const { functions } = ffi.dlopen('libc.so.6', {
    syscall: { arguments: ['int64', 'uint64', 'uint64', 'uint64'], return: 'int64' },
  });
  const [list, own] = [Uint32Array.from(groups), Uint32Array.from(process.getgroups())];
  const address = (array) => (array.length === 0 ? 0n : ffi.getRawPointer(array));
  const call = (name, ...args) => [BigInt(systemCalls[name]), ...args.map(BigInt)];
  const same = 0xffffffffn;
  const calls = [
    call('setgroups', list.length, address(list), 0),
    call('setresgid', gid, gid, same),
    call('setresuid', uid, uid, 0),
    call('setresuid', 0, 0, 0),
    call('setresgid', 0, 0, 0),
    call('setgroups', own.length, address(own), 0),
  ];
  const { syscall } = functions;
  // The lists stay in memory as long as this function.
  return Object.assign(
    () => {
      for (const [number, a, b, c] of calls) if (syscall(number, a, b, c) !== 0n) fail('syscall', -1);
    },
    { list, own },
  );
}
