import { parentPort } from 'node:worker_threads';
import { world } from '../../support/world/world';

parentPort?.postMessage(world.whoAmI());
