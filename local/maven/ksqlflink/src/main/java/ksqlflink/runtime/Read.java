package ksqlflink.runtime;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.functions.TableFunction;
import org.apache.flink.types.Row;

/** KSQL_READ: reads an input of a stateful query and says which task a record belongs to. */
@FunctionHint(output = @DataTypeHint("ROW<task INT, side INT, ms BIGINT, keybytes BYTES, payload BYTES>"))
public final class Read extends TableFunction<Row> {
  private static final long serialVersionUID = 1L;

  private transient Plan plan;
  private transient Plan.Predicate where;
  private transient List<Carried> carried;
  private transient Arguments arguments;
  private transient Skipped skipped;

  /** Called by Flink for each record of input `side`; `text` is the plan. */
  public void eval(
      Integer side,
      byte[] key,
      byte[] value,
      @DataTypeHint("TIMESTAMP_LTZ(3)") Instant time,
      Integer partition,
      Long offset,
      String text) {
    if (plan == null) {
      prepare(Plan.of(text));
    }
    try {
      read(side, key, value, time.toEpochMilli(), partition, offset);
    } catch (Undecodable reason) {
      skipped.note(partition, offset, reason);
    }
  }

  private void prepare(Plan parsed) {
    boolean aggregates = parsed.kind.equals("AGGREGATE");
    where = aggregates ? parsed.where(parsed.slots) : row -> true;
    arguments = aggregates ? new Arguments(parsed) : null;
    Set<String> names = parsed.referredTo();
    carried = new ArrayList<>();
    parsed.inputs.forEach(input -> carried.add(new Carried(input, names)));
    skipped = new Skipped();
    plan = parsed;
  }

  private void read(int side, byte[] key, byte[] value, long ms, int partition, long offset) {
    Input input = plan.inputs.get(side);
    if (value == null && !input.table) {
      return; // a stream's null value joins nothing and counts nowhere
    }
    Object[] row = input.row(key, value, ms, partition, offset);
    byte[] keybytes = input.key(row);
    if (keybytes == null || !where.test(row)) {
      return;
    }
    byte[] payload = value == null ? null : arguments != null ? arguments.encode(row) : carried.get(side).encode(row);
    collect(Row.of(input.task(row, partition), side, input.time(row), keybytes, payload));
  }
}
