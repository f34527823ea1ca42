export { claimText, eventText, markText, type Read, readMessage } from './cloud-events.js';
export { openKafkaConsumer } from './consumer.js';
export type { KafkaOptions } from './kafka-client.js';
export { KAFKA_LIMITS } from './limits.js';
export { openKafkaPublisher } from './publisher.js';
export { createTopics, type TopicOptions } from './topics.js';
