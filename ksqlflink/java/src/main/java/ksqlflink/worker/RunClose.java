package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** run.close: forgets a {"session"}. */
record RunClose(Sessions sessions) implements Op {
  @Override
  public void answer(JsonNode request, ObjectNode answer) {
    sessions.close(request);
  }
}
