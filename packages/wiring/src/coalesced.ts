/**
 * Passes values on to `listener`: one after a pause at once, those of the next milliseconds together, as the last of them.
 * A message to another thread for every commit of a busy log costs more than what it says. The timer keeps no process alive.
 */
export function coalesced<Value>(
  milliseconds: number,
  listener: (value: Value) => void,
): (value: Value) => void {
  let held: { readonly value: Value } | undefined;
  let resting = false;
  const pass = (value: Value): void => {
    resting = true;
    listener(value);
    setTimeout(() => {
      resting = false;
      if (held === undefined) return;
      const { value: latest } = held;
      held = undefined;
      pass(latest);
    }, milliseconds).unref();
  };
  return (value) => {
    if (resting) held = { value };
    else pass(value);
  };
}
