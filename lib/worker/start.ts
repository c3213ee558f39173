/** How an ImpersonatedWorker's thread begins: the workerData of its bootstrap. */
export interface WorkerStart {
  /** For the token that the thread acts as. */
  readonly ticket: string;
  /** Whether node:fs is routed on the thread from the first line on. */
  readonly routed: boolean;
  /** What to run then: a file by its absolute path, or CommonJS code. */
  readonly entry: { readonly file: string } | { readonly code: string };
  /** What `process.argv` has in the place of a program's path. */
  readonly argv: readonly string[];
  /** The caller's. */
  readonly workerData: unknown;
}
