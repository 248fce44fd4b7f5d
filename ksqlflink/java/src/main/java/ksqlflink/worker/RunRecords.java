package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/**
 * run.records: {"session", "records"} is answered by the {"records"} that they result in, and those
 * {"skipped"}: partition, offset, reason.
 */
record RunRecords(Sessions sessions) implements Op {
  @Override
  public void answer(JsonNode request, ObjectNode answer) throws IOException {
    sessions.of(request).process(request.get("records"), answer);
  }
}
