// Packages that start programs.
import fs from 'node:fs';

const programs = (versions, did, run) => ({
  versions,
  did,
  async work(target, { load, version }) {
    return run(await load(), target, version);
  },
});

export const scenarios = {
  execa: programs(
    ['8', '9'],
    'runs `cat`',
    async ({ execa }, { file }) => (await execa('cat', [file])).stdout,
  ),
  'simple-git': programs(['2', '3'], 'runs `git diff --no-index`', async (module, { folder, file }) =>
    (module.simpleGit ?? module)(folder).raw('diff', '--no-index', '/dev/null', file),
  ),
  'node:child_process': {
    versions: ['node'],
    did: 'runs `cat` by `execFile`',
    async work({ file }, { load }) {
      const { execFileSync } = await load();
      return execFileSync('cat', [file], { encoding: 'utf8' });
    },
  },
  'node:cluster': {
    versions: ['node'],
    did: 'forks a worker',
    advice: 'fork before flows begin, or in `withoutToken()`',
    async work(_target, { load }) {
      return (await load()).fork().id;
    },
  },
  'node:test': {
    versions: ['node'],
    did: 'runs a test in a flow, which reads',
    async work({ file }, { load }) {
      const { test } = await load();
      let text;
      await test('reads', () => {
        try {
          text = fs.readFileSync(file, 'utf8');
        } catch (error) {
          text = error.code;
        }
      });
      return text;
    },
  },
};
