import { constants } from 'node:os';
import { findingError } from './system-error';

type Kind = readonly [key: string, says: string, code: keyof typeof constants.errno];

const directory: Kind = ['ERR_FS_EISDIR', 'Path is a directory', 'EISDIR'];
const exists: Kind = ['ERR_FS_CP_EEXIST', 'Target already exists', 'EEXIST'];
const fifo: Kind = ['ERR_FS_CP_FIFO_PIPE', 'Cannot copy a FIFO pipe', 'EINVAL'];
const invalidPair: Kind = ['ERR_FS_CP_EINVAL', 'Invalid src or dest', 'EINVAL'];
const intoFile: Kind = [
  'ERR_FS_CP_DIR_TO_NON_DIR',
  'Cannot overwrite non-directory with directory',
  'EISDIR',
];
const ontoFolder: Kind = [
  'ERR_FS_CP_NON_DIR_TO_DIR',
  'Cannot overwrite directory with non-directory',
  'ENOTDIR',
];
const intoItself: Kind = [
  'ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY',
  'Cannot overwrite symlink in subdirectory of self',
  'EINVAL',
];
const socket: Kind = ['ERR_FS_CP_SOCKET', 'Cannot copy a socket file', 'EINVAL'];
const unknown: Kind = ['ERR_FS_CP_UNKNOWN', 'Cannot copy an unknown file type', 'EINVAL'];

const kinds = {
  ...{ directory, exists, fifo, invalidPair, intoFile },
  ...{ ontoFolder, intoItself, socket, unknown },
};

/** What node's cp() finds wrong with what it is asked to copy. */
export function copyError(kind: keyof typeof kinds, path: string, message: string): Error {
  const [key, says, code] = kinds[kind];
  return findingError(key, says, { message, path, syscall: 'cp', errno: constants.errno[code], code });
}
