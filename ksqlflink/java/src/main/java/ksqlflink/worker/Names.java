package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import java.util.TreeSet;
import ksqlflink.aggregate.Aggregators;
import ksqlflink.expression.Functions;
import ksqlflink.format.Format;

/** names: what a plan may name, sorted; answered by {"functions", "aggregates", "formats"}. */
final class Names implements Op {
  @Override
  public void answer(JsonNode request, ObjectNode answer) {
    put(answer.putArray("functions"), Functions.names());
    put(answer.putArray("aggregates"), Aggregators.names());
    put(answer.putArray("formats"), Format.names());
  }

  private static void put(ArrayNode listed, Set<String> names) {
    new TreeSet<>(names).forEach(listed::add);
  }
}
