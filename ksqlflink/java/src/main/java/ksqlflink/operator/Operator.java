package ksqlflink.operator;

import ksqlflink.plan.Plan;
import ksqlflink.plan.Sink;
import ksqlflink.state.Task;

/** What a stateful query does with a record that Read has read. */
public interface Operator {
  /**
   * Takes a record of input `side`: its time (epoch ms), its encoded key, its carried columns
   * (null: a deletion).
   */
  void process(Task task, int side, long ms, byte[] key, byte[] payload);

  /** Where results go. A null value is a tombstone. */
  interface Output {
    void emit(byte[] key, byte[] value, long ms);

    /** A row of a sink, null for a tombstone; it is dropped where the sink finds no time for it. */
    default void emit(Sink sink, byte[] key, Object[] row, long ms) {
      Long time = sink.time(row, ms);
      if (time != null) {
        emit(key, row == null ? null : sink.value(row), time);
      }
    }
  }

  /** The operator of a plan. */
  static Operator of(Plan plan, Output output) {
    Operator operator = ofKind(plan, output);
    return plan.backlog == null ? operator : new OldestFirst(plan.backlog, operator);
  }

  private static Operator ofKind(Plan plan, Output output) {
    return switch (plan.kind) {
      case "JOIN" -> new StreamJoin(plan, output);
      case "TABLE_JOIN" -> new TableJoin(plan, output);
      case "TABLE_TABLE_JOIN" -> new TableTableJoin(plan, output);
      case "TABLE_PROJECT" -> new TableProject(plan, output);
      case "TABLE_AGGREGATE" -> new TableAggregate(plan, output);
      case "AGGREGATE" -> Aggregate.of(plan, output);
      default -> throw new IllegalArgumentException("unknown operation: " + plan.kind);
    };
  }
}
