package ksqlflink.flink;

import java.time.Instant;
import ksqlflink.operator.Projection;
import ksqlflink.plan.KafkaRecord;
import ksqlflink.plan.Plan;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.functions.TableFunction;
import org.apache.flink.types.Row;

/** KSQL_PROJECT: a query without state, record by record. */
@FunctionHint(output = @DataTypeHint("ROW<k BYTES, v BYTES, t TIMESTAMP_LTZ(3)>"))
public final class Project extends TableFunction<Row> {
  private static final long serialVersionUID = 1L;

  private transient Projection projection;

  /** Called by Flink for each record; `text` is the plan. */
  public void eval(
      byte[] key,
      byte[] value,
      @DataTypeHint("TIMESTAMP_LTZ(3)") Instant time,
      Integer partition,
      Long offset,
      String text) {
    if (projection == null) {
      projection = new Projection(Plan.of(text), this::collect, new Skipped());
    }
    projection.process(new KafkaRecord(key, value, time.toEpochMilli(), partition, offset));
  }

  private void collect(byte[] key, byte[] value, long ms) {
    collect(Row.of(key, value, Instant.ofEpochMilli(ms)));
  }
}
