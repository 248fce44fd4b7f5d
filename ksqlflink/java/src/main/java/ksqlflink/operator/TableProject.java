package ksqlflink.operator;

import ksqlflink.expression.Compiler;
import ksqlflink.plan.Carried;
import ksqlflink.plan.Input;
import ksqlflink.plan.Plan;
import ksqlflink.plan.Sink;
import ksqlflink.state.Store;
import ksqlflink.state.Task;

/**
 * SELECT over a table: with WHERE, a row that stops matching is deleted, and one that never matched
 * is never told of.
 */
final class TableProject implements Operator {
  private static final byte[] TOLD = {1};

  private final Output output;
  private final Sink sink;
  private final Plan.Predicate where;
  private final boolean filtered;
  private final Input input;
  private final Carried carried;

  TableProject(Plan plan, Output output) {
    this.output = output;
    this.sink = new Sink(plan.json, new Compiler(plan.slots));
    this.where = plan.where(plan.slots);
    this.filtered = plan.json.hasNonNull("where");
    this.input = plan.inputs.get(0);
    this.carried = new Carried(input, plan.referredTo());
  }

  @Override
  public void process(Task task, int side, long ms, byte[] key, byte[] payload) {
    Object[] row = new Object[input.width()];
    input.putKey(key, row);
    if (payload != null) {
      carried.decode(payload, row, 0);
    }
    boolean passes = payload != null && where.test(row);
    if (passes) {
      output.emit(sink, sink.key(row), row, ms);
    } else if (!filtered || task.store.get(name(key)) != null) {
      output.emit(sink, sink.key(row), null, ms);
    }
    if (filtered) {
      remember(task, key, passes);
    }
  }

  private static String name(byte[] key) {
    return "P|" + Store.text(key);
  }

  private static void remember(Task task, byte[] key, boolean passes) {
    if (passes) {
      task.store.put(name(key), TOLD);
    } else {
      task.store.remove(name(key));
    }
  }
}
