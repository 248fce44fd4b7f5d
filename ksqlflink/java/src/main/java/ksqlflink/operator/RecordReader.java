package ksqlflink.operator;

import java.util.ArrayList;
import java.util.HashSet;
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
  /**
   * Takes what has been read to the operator, within a task. With a backlog, `side` is an origin,
   * and a record without a key tells that the backlog of its origin is over.
   */
  public interface Target {
    void take(int task, int side, long ms, byte[] key, byte[] payload);
  }

  private final Plan plan;
  private final Target target;
  private final Skips skips;
  private final Plan.Predicate where;
  private final List<Carried> carried = new ArrayList<>();
  private final Arguments arguments;
  private final Set<Integer> ended = new HashSet<>();

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
    int origin = plan.backlog == null ? side : plan.backlog.origin(side, record.partition());
    try {
      readRow(origin, plan.inputs.get(side), side, record);
    } catch (Undecodable reason) {
      skips.note(record, reason);
    }
    if (plan.backlog != null && plan.backlog.endsWith(origin, record) && ended.add(origin)) {
      plan.backlog.tasksOf(origin).forEach(task -> target.take(task, origin, 0, null, null));
    }
  }

  private void readRow(int origin, Input input, int side, KafkaRecord record) {
    if (record.value() == null && !input.table) {
      return; // a stream's null value joins nothing and counts nowhere
    }
    Object[] row = input.row(record);
    byte[] key = input.key(row);
    if (key != null && where.test(row)) {
      byte[] payload = record.value() == null ? null : payload(side, row);
      target.take(input.task(row, record.partition()), origin, input.time(row), key, payload);
    }
  }

  private byte[] payload(int side, Object[] row) {
    return arguments != null ? arguments.encode(row) : carried.get(side).encode(row);
  }
}
