import { isWindows } from '../network/peers';
import { product } from '../paths';
import { writeSource } from './child';

const worldPath = JSON.stringify(require.resolve('../world/world'));
const quiet = '--disable-warning=IMPERSONATE_TOKEN_NOT_CLOSED';

/** Arguments of node for an example. Under Wine, what they load first replaces the missing parts of Windows. */
export const prepared = (source: string): string[] =>
  isWindows
    ? [
        quiet,
        '--require',
        writeSource(
          'bare',
          `require(${JSON.stringify(product)}); const { world } = require(${worldPath}); ${source}`,
        ),
      ]
    : [quiet];
