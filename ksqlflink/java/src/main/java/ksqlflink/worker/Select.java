package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import ksqlflink.operator.Operator;
import ksqlflink.operator.Projection;
import ksqlflink.plan.Plan;

/**
 * select: a {"plan"} without state over {"records"}, forgotten at once. Answered by the values it
 * writes, as text: {"rows"}, and by how many records were {"taken"}: no more than fit into an
 * answer.
 */
final class Select implements Op {
  private static final int ENOUGH = 4 << 20;

  @Override
  public void answer(JsonNode request, ObjectNode answer) throws IOException {
    Rows rows = new Rows(answer.putArray("rows"));
    Projection projection =
        new Projection(Plan.of(request.get("plan")), rows, (record, reason) -> {});
    int taken = 0;
    for (JsonNode record : request.get("records")) {
      projection.process(Session.kafkaRecord(record));
      taken++;
      if (rows.characters > ENOUGH) {
        break;
      }
    }
    answer.put("taken", taken);
  }

  private static final class Rows implements Operator.Output {
    private final ArrayNode answer;
    private int characters;

    Rows(ArrayNode answer) {
      this.answer = answer;
    }

    @Override
    public void emit(byte[] key, byte[] value, long ms) {
      String row = new String(value, StandardCharsets.UTF_8);
      characters += row.length();
      answer.add(row);
    }
  }
}
