/** So that what hangs is reported together with what brought it about. */
export function inTime<T>(promise: Promise<T>, milliseconds = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('It hangs')), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
