/** What a failed call threw, with the fields that the product's errors have. */
export interface Caught {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly errno?: number;
  readonly syscall?: string;
}

/** What `fn` throws; a failure when it throws nothing. */
export function caught(fn: () => unknown): Caught {
  try {
    fn();
  } catch (error) {
    return error as Caught;
  }
  throw new Error('nothing was thrown');
}

/** What the promise is rejected with; a failure when it is not. */
export async function rejected(promise: PromiseLike<unknown>): Promise<Caught> {
  try {
    await promise;
  } catch (error) {
    return error as Caught;
  }
  throw new Error('nothing was rejected');
}
