package ksqlflink.operator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ksqlflink.expression.Compiler;
import ksqlflink.expression.Expression;
import ksqlflink.plan.Input;
import ksqlflink.plan.KafkaRecord;
import ksqlflink.plan.Plan;
import ksqlflink.plan.Sink;
import ksqlflink.type.Undecodable;

/** A query without state, record by record: WHERE, EXPLODE, SELECT, PARTITION BY. */
public final class Projection {
  private final Operator.Output output;
  private final Skips skips;
  private final Input input;
  private final Plan.Predicate where;
  private final boolean filtered;
  private final Expression[] exploded;
  private final Sink sink;
  private boolean hasKey;

  public Projection(Plan plan, Operator.Output output, Skips skips) {
    this.output = output;
    this.skips = skips;
    this.input = plan.inputs.get(0);
    this.where = plan.where(plan.slots);
    this.filtered = plan.json.hasNonNull("where");
    Map<String, Integer> slots = new LinkedHashMap<>(plan.slots);
    List<Expression> arrays = new ArrayList<>();
    for (JsonNode array : plan.operation.path("explode")) {
      arrays.add(Compiler.guarded(new Compiler(plan.slots).compile(array)));
      slots.put("$explode" + (arrays.size() - 1), slots.size());
    }
    this.exploded = arrays.toArray(new Expression[0]);
    this.sink = new Sink(plan.json, new Compiler(slots));
  }

  public void process(KafkaRecord record) {
    try {
      Object[] row = input.row(record);
      hasKey = record.key() != null || !input.keeps();
      project(row, record.value() == null, input.time(row));
    } catch (Undecodable reason) {
      skips.note(record, reason);
    }
  }

  private void project(Object[] row, boolean noValue, long ms) {
    if (noValue) {
      // A null value has no columns: it goes through a plain projection as it is, and meets no
      // condition.
      if (exploded.length == 0 && !filtered) {
        output.emit(sink, key(row), null, ms);
      }
    } else if (where.test(row)) {
      explode(row, ms);
    }
  }

  /** A record without a key stays without one, a windowed one keeps its window. */
  private byte[] key(Object[] row) {
    return hasKey ? sink.key(row, input.windowStart(row), input.windowEnd(row)) : null;
  }

  /** Several arrays are zipped; the shorter ones are filled up with nulls. */
  private void explode(Object[] row, long ms) {
    if (exploded.length == 0) {
      output.emit(sink, key(row), row, ms);
      return;
    }
    List<?>[] arrays = new List<?>[exploded.length];
    int longest = 0;
    for (int i = 0; i < exploded.length; i++) {
      Object array = exploded[i].evaluate(row);
      arrays[i] = array == null ? List.of() : (List<?>) array;
      longest = Math.max(longest, arrays[i].size());
    }
    Object[] wide = Arrays.copyOf(row, row.length + exploded.length);
    for (int at = 0; at < longest; at++) {
      for (int i = 0; i < arrays.length; i++) {
        wide[row.length + i] = at < arrays[i].size() ? arrays[i].get(at) : null;
      }
      output.emit(sink, key(wide), wide, ms);
    }
  }
}
