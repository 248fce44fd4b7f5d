package ksqlflink.flink;

import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import ksqlflink.operator.Operator;
import ksqlflink.plan.Plan;
import ksqlflink.state.Task;
import org.apache.flink.table.annotation.ArgumentHint;
import org.apache.flink.table.annotation.ArgumentTrait;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.annotation.StateHint;
import org.apache.flink.table.api.dataview.MapView;
import org.apache.flink.table.functions.ProcessTableFunction;
import org.apache.flink.types.Row;

/**
 * KSQL_RUN: the stateful part of a query, partitioned by task: everything that one Kafka Streams
 * task would know.
 */
@FunctionHint(output = @DataTypeHint("ROW<k BYTES, v BYTES, t TIMESTAMP_LTZ(3)>"))
public final class Run extends ProcessTableFunction<Row> {
  private static final long serialVersionUID = 1L;

  private transient Operator operator;
  private transient Map<Integer, Task> tasks;

  /** Called by Flink for each row of KSQL_READ; `text` is the plan. */
  public void eval(
      @StateHint(name = "store") MapView<String, byte[]> store,
      @ArgumentHint(value = ArgumentTrait.SET_SEMANTIC_TABLE, name = "input") Row input,
      @ArgumentHint(name = "plan") String text) {
    if (operator == null) {
      tasks = new HashMap<>();
      operator =
          Operator.of(
              Plan.of(text),
              (key, value, ms) -> collect(Row.of(key, value, Instant.ofEpochMilli(ms))));
    }
    Task task = tasks.computeIfAbsent((Integer) input.getField(0), number -> new Task(number));
    task.store.use(new ViewBacking(store));
    operator.process(
        task,
        (Integer) input.getField(1),
        (Long) input.getField(2),
        (byte[]) input.getField(3),
        (byte[]) input.getField(4));
  }
}
