import process from 'node:process';

const numbers = {
  x64: { setgroups: 116, setresuid: 117, setresgid: 119 },
  arm64: { setgroups: 159, setresuid: 147, setresgid: 149 },
};

/** The numbers of Linux system calls on this machine. */
export const systemCalls = numbers[process.arch];

export const missingByHand =
  'a safe revert if something throws, is timed out or awaits in between; a check of what the kernel has set; nesting, and restoring what another addon had set';

/** Throws unless the call returned success. */
export function fail(call, result) {
  throw new Error(`${call} by hand failed: ${result}`);
}
