import type { IncomingHttpHeaders } from 'node:http';

/** True for an Accept header that needs no weighing (RFC 9110 section 12.5.1): none, or one that plainly takes JSON. */
export const acceptsAnyJson = ({ accept }: IncomingHttpHeaders): boolean =>
  accept === undefined || accept === '*/*' || accept === 'application/json';
