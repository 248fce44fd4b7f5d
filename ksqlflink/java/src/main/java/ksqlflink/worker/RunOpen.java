package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import ksqlflink.plan.Plan;

/** run.open: takes a plan; {"plan"} is answered by the {"session"} that runs it. */
record RunOpen(Sessions sessions) implements Op {
  @Override
  public void answer(JsonNode request, ObjectNode answer) {
    answer.put("session", sessions.open(Plan.of(request.get("plan"))));
  }
}
