import { world } from '../world/world';

/** The account of the test's Alice; under Wine the test's authority has it, in a domain of its own. */
export const accountName = process.platform === 'win32' ? `${world.alice.name}@SEAM` : world.alice.name;
