/** An error of a failed call, with the fields of the product's errors. */
export interface Caught {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly errno?: number;
  readonly syscall?: string;
}

/** Returns the error that `fn` throws; fails if it throws nothing. */
export function caught(fn: () => unknown): Caught {
  try {
    fn();
  } catch (error) {
    return error as Caught;
  }
  throw new Error('nothing was thrown');
}

/** Returns the error that the promise rejects with; fails if it is fulfilled. */
export async function rejected(promise: PromiseLike<unknown>): Promise<Caught> {
  try {
    await promise;
  } catch (error) {
    return error as Caught;
  }
  throw new Error('nothing was rejected');
}
