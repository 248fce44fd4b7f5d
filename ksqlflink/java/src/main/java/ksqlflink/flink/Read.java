package ksqlflink.flink;

import java.time.Instant;
import ksqlflink.operator.RecordReader;
import ksqlflink.plan.KafkaRecord;
import ksqlflink.plan.Plan;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.functions.TableFunction;
import org.apache.flink.types.Row;

/** KSQL_READ: reads an input of a stateful query and says which task a record belongs to. */
@FunctionHint(
    output = @DataTypeHint("ROW<task INT, side INT, ms BIGINT, keybytes BYTES, payload BYTES>"))
public final class Read extends TableFunction<Row> {
  private static final long serialVersionUID = 1L;

  private transient RecordReader reader;

  /** Called by Flink for each record of input `side`; `text` is the plan. */
  public void eval(
      Integer side,
      byte[] key,
      byte[] value,
      @DataTypeHint("TIMESTAMP_LTZ(3)") Instant time,
      Integer partition,
      Long offset,
      String text) {
    if (reader == null) {
      reader = new RecordReader(Plan.of(text), this::collect, new Skipped());
    }
    reader.read(side, new KafkaRecord(key, value, time.toEpochMilli(), partition, offset));
  }

  private void collect(int task, int side, long ms, byte[] key, byte[] payload) {
    collect(Row.of(task, side, ms, key, payload));
  }
}
