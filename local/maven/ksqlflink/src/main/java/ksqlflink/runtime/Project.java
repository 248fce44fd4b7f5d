package ksqlflink.runtime;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.functions.TableFunction;
import org.apache.flink.types.Row;

/** KSQL_PROJECT: a query without state, record by record: WHERE, EXPLODE, SELECT, PARTITION BY. */
@FunctionHint(output = @DataTypeHint("ROW<k BYTES, v BYTES, t TIMESTAMP_LTZ(3)>"))
public final class Project extends TableFunction<Row> {
  private static final long serialVersionUID = 1L;

  private transient Plan plan;
  private transient Plan.Predicate where;
  private transient Expression[] exploded;
  private transient Sink sink;
  private transient Skipped skipped;

  /** Called by Flink for each record; `text` is the plan. */
  public void eval(
      byte[] key,
      byte[] value,
      @DataTypeHint("TIMESTAMP_LTZ(3)") Instant time,
      Integer partition,
      Long offset,
      String text) {
    if (plan == null) {
      prepare(Plan.of(text));
    }
    Input input = plan.inputs.get(0);
    try {
      Object[] row = input.row(key, value, time.toEpochMilli(), partition, offset);
      project(row, value == null, Instant.ofEpochMilli(input.time(row)));
    } catch (Undecodable reason) {
      skipped.note(partition, offset, reason);
    }
  }

  private void prepare(Plan parsed) {
    Map<String, Integer> slots = new LinkedHashMap<>(parsed.slots);
    List<Expression> arrays = new ArrayList<>();
    for (JsonNode array : parsed.operation.path("explode")) {
      arrays.add(Compiler.guarded(new Compiler(parsed.slots).compile(array)));
      slots.put("$explode" + (arrays.size() - 1), slots.size());
    }
    exploded = arrays.toArray(new Expression[0]);
    where = parsed.where(parsed.slots);
    sink = new Sink(parsed.json, new Compiler(slots));
    skipped = new Skipped();
    plan = parsed;
  }

  private void project(Object[] row, boolean noValue, Instant time) {
    if (noValue) {
      // A null value has no columns: it goes through a plain projection as it is, and meets no condition.
      if (exploded.length == 0 && !plan.json.hasNonNull("where")) {
        collect(Row.of(sink.key(row), null, time));
      }
    } else if (where.test(row)) {
      explode(row, time);
    }
  }

  /** Several arrays are zipped; the shorter ones are filled up with nulls. */
  private void explode(Object[] row, Instant time) {
    if (exploded.length == 0) {
      collect(Row.of(sink.key(row), sink.value(row), time));
      return;
    }
    List<?>[] arrays = new List<?>[exploded.length];
    int longest = 0;
    for (int i = 0; i < exploded.length; i++) {
      Object array = exploded[i].evaluate(row);
      arrays[i] = array == null ? List.of() : (List<?>) array;
      longest = Math.max(longest, arrays[i].size());
    }
    Object[] wide = java.util.Arrays.copyOf(row, row.length + exploded.length);
    for (int at = 0; at < longest; at++) {
      for (int i = 0; i < arrays.length; i++) {
        wide[row.length + i] = at < arrays[i].size() ? arrays[i].get(at) : null;
      }
      collect(Row.of(sink.key(wide), sink.value(wide), time));
    }
  }
}
