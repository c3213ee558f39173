/**
 * For child programs on Linux: `probe` and `threadStatus`; `text()`, everything that the kernel judges this thread by;
 * `attempt(enter)`, which says how that has ended.
 */
export const credentials = `const { probe } = require(${JSON.stringify(require.resolve('../linux/probe'))});
  const { threadStatus } = require(${JSON.stringify(require.resolve('../linux/thread-status'))});
  const text = () => { const { uids, gids, groups, capabilities } = threadStatus(); return [uids, gids, groups, ...Object.values(capabilities)].join(); };
  const attempt = (enter) => { try { enter(); say('entered'); } catch (error) { say([error.name, error.code, error.syscall].join(' ')); } };`;
