package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/**
 * run.records: {"session", "records"} is answered by the {"records"} that they result in, and those
 * {"skipped"}: partition, offset, reason. With {"most"} no more records are taken once the results
 * have so many bytes; {"taken"} says how many were.
 */
record RunRecords(Sessions sessions) implements Op {
  @Override
  public void answer(JsonNode request, ObjectNode answer) throws IOException {
    sessions.of(request).process(request, answer);
  }
}
