import { parentPort } from 'node:worker_threads';
import { world } from '../../support/world';

parentPort?.postMessage(world.whoAmI());
