/**
 * `{ [key]: value }`, or nothing when the value is absent. Spread it into an object whose `key` is optional:
 * an absent field stays absent there, where `undefined` would be written into the stored event.
 */
export function given<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: Value });
}
