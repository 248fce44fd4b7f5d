package ksqlflink.operator;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import ksqlflink.plan.Arguments;
import ksqlflink.plan.Carried;
import ksqlflink.plan.Input;
import ksqlflink.plan.KafkaRecord;
import ksqlflink.plan.Plan;
import ksqlflink.type.Undecodable;

/** Reads the inputs of a stateful query and says which task a record belongs to. */
public final class RecordReader {
  /** Takes what has been read to the operator, within a task. */
  public interface Target {
    void take(int task, int side, long ms, byte[] key, byte[] payload);
  }

  private final Plan plan;
  private final Target target;
  private final Skips skips;
  private final Plan.Predicate where;
  private final List<Carried> carried = new ArrayList<>();
  private final Arguments arguments;

  public RecordReader(Plan plan, Target target, Skips skips) {
    this.plan = plan;
    this.target = target;
    this.skips = skips;
    boolean aggregates = plan.kind.equals("AGGREGATE");
    this.where = aggregates ? plan.where(plan.slots) : row -> true;
    this.arguments = aggregates ? new Arguments(plan) : null;
    Set<String> names = plan.referredTo();
    plan.inputs.forEach(input -> carried.add(new Carried(input, names)));
  }

  /** Takes a record of input `side`. */
  public void read(int side, KafkaRecord record) {
    Input input = plan.inputs.get(side);
    if (record.value() == null && !input.table) {
      return; // a stream's null value joins nothing and counts nowhere
    }
    try {
      readRow(side, input, record);
    } catch (Undecodable reason) {
      skips.note(record, reason);
    }
  }

  private void readRow(int side, Input input, KafkaRecord record) {
    Object[] row = input.row(record);
    byte[] key = input.key(row);
    if (key != null && where.test(row)) {
      byte[] payload = record.value() == null ? null : payload(side, row);
      target.take(input.task(row, record.partition()), side, input.time(row), key, payload);
    }
  }

  private byte[] payload(int side, Object[] row) {
    return arguments != null ? arguments.encode(row) : carried.get(side).encode(row);
  }
}
