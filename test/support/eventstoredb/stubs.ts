import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServiceDefinition } from '@grpc/grpc-js';

/** The client's own stubs, which are CommonJS: messages, and the services to be served. */
export { features, gossip, shared, streams };
export const SERVICES = {
  streams: streamsGrpc.StreamsService as unknown as ServiceDefinition,
  features: featuresGrpc.ServerFeaturesService as unknown as ServiceDefinition,
  gossip: gossipGrpc.GossipService as unknown as ServiceDefinition,
};
