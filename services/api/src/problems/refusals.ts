import type { RefusalCode } from '@stamp-ledger/domain';
import type { ProblemName } from './table.js';

/** Each refusal of the domain is a problem of its own, by the same name: the compiler sees to it that none is forgotten. */
export const refusalProblem: (code: RefusalCode) => ProblemName = (code) => code satisfies ProblemName;
