import { Metadata as GrpcMetadata, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { NewEvent, StoredEvent, Written } from './log.js';
import { features, gossip, shared, streams } from './stubs.js';

type ReadResp = InstanceType<typeof streams.ReadResp>;
type AppendResp = InstanceType<typeof streams.AppendResp>;
type ProposedMessage = InstanceType<typeof streams.AppendReq.ProposedMessage>;

export const streamName = (identifier: InstanceType<typeof shared.StreamIdentifier> | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');

export function proposedEvent(message: ProposedMessage): NewEvent {
  const attributes = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? '',
    type: attributes.get('type') ?? '',
    contentType: attributes.get('content-type') ?? '',
    data: Buffer.from(message.getData_asU8()),
    metadata: Buffer.from(message.getCustomMetadata_asU8()),
  };
}

export function eventMessage(event: StoredEvent): ReadResp {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
  recorded.setId(new shared.UUID().setString(event.id));
  recorded.setStreamIdentifier(
    new shared.StreamIdentifier().setStreamName(new Uint8Array(Buffer.from(event.stream))),
  );
  recorded.setStreamRevision(String(event.revision));
  recorded.setCommitPosition(String(event.position));
  recorded.setPreparePosition(String(event.position));
  const attributes = recorded.getMetadataMap();
  attributes.set('type', event.type);
  attributes.set('content-type', event.contentType);
  attributes.set('created', '16094592000000000');
  // The client reads data as bytes only when they are a plain Uint8Array.
  recorded.setData(new Uint8Array(event.data));
  recorded.setCustomMetadata(new Uint8Array(event.metadata));
  const read = new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(String(event.position));
  return new streams.ReadResp().setEvent(read);
}

export const checkpointMessage = (position: number): ReadResp =>
  new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint()
      .setCommitPosition(String(position))
      .setPreparePosition(String(position)),
  );

export const confirmationMessage = (): ReadResp =>
  new streams.ReadResp().setConfirmation(
    new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId('double'),
  );

export const caughtUpMessage = (): ReadResp =>
  new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());

export const notFoundMessage = (name: string): ReadResp =>
  new streams.ReadResp().setStreamNotFound(
    new streams.ReadResp.StreamNotFound().setStreamIdentifier(
      new shared.StreamIdentifier().setStreamName(new Uint8Array(Buffer.from(name))),
    ),
  );

/** The answer to an append; without a position for a server that does not tell it again. */
export function appendMessage(written: Written, tellPosition: boolean): AppendResp {
  if (written.kind === 'written') {
    const success = new streams.AppendResp.Success().setCurrentRevision(String(written.revision));
    if (tellPosition)
      success.setPosition(
        new streams.AppendResp.Position()
          .setCommitPosition(String(written.position))
          .setPreparePosition(String(written.position)),
      );
    else success.setNoPosition(new shared.Empty());
    return new streams.AppendResp().setSuccess(success);
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (written.current < 0) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(written.current));
  return new streams.AppendResp().setWrongExpectedVersion(wrong);
}

export function gossipMessage(port: number): InstanceType<typeof gossip.ClusterInfo> {
  const member = new gossip.MemberInfo()
    .setInstanceId(new shared.UUID().setString('00000000-0000-4000-8000-000000000001'))
    .setState(gossip.MemberInfo.VNodeState.LEADER)
    .setIsAlive(true)
    .setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(port));
  return new gossip.ClusterInfo().setMembersList([member]);
}

export function featuresMessage(): InstanceType<typeof features.SupportedMethods> {
  const batchAppend = new features.SupportedMethod()
    .setServiceName('event_store.client.streams.streams')
    .setMethodName('batchappend');
  return new features.SupportedMethods().setMethodsList([batchAppend]).setEventStoreServerVersion('24.10.6');
}

export const serviceError = (
  code: status,
  details: string,
  metadata: Metadata = new GrpcMetadata(),
): ServiceError => Object.assign(new Error(details), { code, details, metadata });

export function notLeaderError(leaderPort: number): ServiceError {
  const metadata = new GrpcMetadata();
  metadata.set('exception', 'not-leader');
  metadata.set('leader-endpoint-host', '127.0.0.1');
  metadata.set('leader-endpoint-port', String(leaderPort));
  return serviceError(status.NOT_FOUND, 'not leader', metadata);
}
