/** Returns a quantile of numbers in ascending order, interpolated. */
export function quantile(sorted, q) {
  const place = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place - Math.floor(place));
}

export const ascending = (values) => Float64Array.from(values).sort();

/** Returns the median and the quartiles, which the report has for every ratio. */
export function spread(values) {
  const sorted = ascending(values);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}
