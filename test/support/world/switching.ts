/**
 * Why this machine does not let a test take on another user; undefined where it does. The runner that makes
 * the users says which; with neither said, the tests run, and fail.
 */
export const cannotSwitch: string | undefined =
  process.platform === 'win32' || process.env.IMPERSONATE_TEST_USERS === '1'
    ? undefined
    : process.env.IMPERSONATE_TEST_SKIP;

/** Tests that take on another user: skipped, with the reason in the name, where that cannot be. */
export function describeSwitching(name: string, body: () => void): void {
  if (cannotSwitch === undefined) describe(name, body);
  else describe.skip(`${name} (skipped: ${cannotSwitch})`, body);
}
