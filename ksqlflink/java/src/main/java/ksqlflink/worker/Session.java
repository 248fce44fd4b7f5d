package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import ksqlflink.plan.KafkaRecord;
import ksqlflink.plan.Plan;
import ksqlflink.type.Undecodable;

/** A plan that is being run, and the answer that its results go to at the moment. */
final class Session {
  private final Execution execution;
  private ArrayNode results;
  private ArrayNode skipped;

  Session(Plan plan) {
    execution = Execution.of(plan, this::emit, this::skip);
  }

  /**
   * Takes [[input, partition, offset, ms, key, value], ..]; answers [[key, value, ms], ..], and
   * what was skipped.
   */
  synchronized void process(JsonNode records, ObjectNode answer) throws IOException {
    results = answer.putArray("records");
    skipped = answer.putArray("skipped");
    for (JsonNode record : records) {
      execution.process(record.get(0).intValue(), kafkaRecord(record));
    }
  }

  private static KafkaRecord kafkaRecord(JsonNode record) throws IOException {
    byte[] key = record.get(4).binaryValue();
    byte[] value = record.get(5).binaryValue();
    return new KafkaRecord(
        key, value, record.get(3).longValue(), record.get(1).intValue(), record.get(2).longValue());
  }

  private void emit(byte[] key, byte[] value, long ms) {
    results.addArray().add(key).add(value).add(ms);
  }

  private void skip(KafkaRecord record, Undecodable reason) {
    skipped.addArray().add(record.partition()).add(record.offset()).add(reason.getMessage());
  }
}
