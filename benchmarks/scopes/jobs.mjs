/** Runs `work` as `count` jobs of the event loop. Each ends, with its ticks and microtasks, before the next. */
export function inJobs(count, work) {
  return new Promise((resolve, reject) => {
    let left = count;
    const job = () => {
      try {
        work();
      } catch (error) {
        reject(error);
      }
      if (--left === 0) resolve();
    };
    for (let i = 0; i < count; i++) setImmediate(job);
  });
}
