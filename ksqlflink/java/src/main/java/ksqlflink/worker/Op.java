package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** What the worker can be asked for. Called by several threads at a time. */
interface Op {
  /**
   * Puts the answer's members into `answer`. Throws IllegalArgumentException for a request that
   * makes no sense.
   */
  void answer(JsonNode request, ObjectNode answer) throws Exception;
}
