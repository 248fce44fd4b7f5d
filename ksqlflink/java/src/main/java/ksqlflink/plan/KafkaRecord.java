package ksqlflink.plan;

/** A record of a topic; `ms` is its time in epoch milliseconds. */
public record KafkaRecord(byte[] key, byte[] value, long ms, int partition, long offset) {}
