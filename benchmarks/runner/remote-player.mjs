// Forked by remote.mjs: node remote-player.mjs PROGRAM [ARGUMENT...]
import process from 'node:process';
import { openWorld } from '../world/index.mjs';
import { round } from './round.mjs';

const [program, ...args] = process.argv.slice(2);
const reply = (promise) =>
  promise.then(
    (value) => process.send({ value }),
    (error) => process.send({ error: error.stack }),
  );

const { default: open } = await import(program);
let works;
await reply(
  (async () => {
    works = await open(await openWorld(), ...args);
  })(),
);
process.on('message', ({ key, batch, samples }) => void reply(round(works[key], batch, samples)));
process.on('disconnect', () => process.exit(0));
