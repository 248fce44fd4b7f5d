package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import ksqlflink.operator.Projection;
import ksqlflink.plan.Plan;

/**
 * select: a {"plan"} without state over {"records"}, forgotten at once; answered by the values it
 * writes, as text: {"rows"}.
 */
final class Select implements Op {
  @Override
  public void answer(JsonNode request, ObjectNode answer) throws IOException {
    ArrayNode rows = answer.putArray("rows");
    Plan plan = Plan.of(request.get("plan"));
    Projection projection =
        new Projection(
            plan,
            (key, value, ms) -> rows.add(new String(value, StandardCharsets.UTF_8)),
            (record, reason) -> {});
    for (JsonNode record : request.get("records")) {
      projection.process(Session.kafkaRecord(record));
    }
  }
}
