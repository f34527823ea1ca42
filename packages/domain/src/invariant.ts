/**
 * A stored event that cannot follow what came before it: history itself is broken, so nobody may go on.
 *
 * @throws always an Error that names the event's type and what it met
 */
export function cannotFollow(eventType: string, met: string): never {
  throw new Error(`Broken invariant: ${eventType} cannot follow ${met}`);
}

/**
 * The end of an exhaustive switch. Compiles only while every case is handled.
 *
 * @throws always an Error: at run time the value came from outside the types
 */
export function impossible(value: never): never {
  throw new Error(`Broken invariant: unexpected ${JSON.stringify(value)}`);
}
