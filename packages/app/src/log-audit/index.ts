export { auditEvents, type LoggedEvent, logAsItIs } from './audit-events.js';
export {
  auditDeep,
  auditQuick,
  auditReceipts,
  auditSource,
  type LogAuditReport,
  type LogAuditRequest,
  type ReceiptsReport,
  type SourceReport,
} from './audit-log.js';
export type { LogTrust } from './check-checkpoint.js';
export { type CheckedEvent, checkEvent } from './check-event.js';
export type { EventSequence } from './compare-source.js';
export type { Finding, FindingClass, FindingKind } from './findings.js';
export { auditQuorum, type QuorumReport, type QuorumRequest } from './quorum.js';
