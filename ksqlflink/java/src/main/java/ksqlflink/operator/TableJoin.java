package ksqlflink.operator;

import ksqlflink.plan.Carried;
import ksqlflink.plan.Plan;
import ksqlflink.state.Store;
import ksqlflink.state.Task;

/**
 * Joins a stream with a table: each record of the stream meets the row that the table holds when it
 * arrives.
 */
final class TableJoin implements Operator {
  private static final int TABLE = 1;

  private final Rows rows;
  private final Carried stream;
  private final Carried table;
  private final int first;
  private final int width;
  private final boolean left;

  TableJoin(Plan plan, Output output) {
    this.rows = Rows.of(plan, output);
    this.stream = new Carried(plan.inputs.get(0), plan.referredTo());
    this.table = new Carried(plan.inputs.get(1), plan.referredTo());
    this.first = plan.inputs.get(0).width();
    this.width = first + plan.inputs.get(1).width();
    this.left = plan.operation.path("type").asText("INNER").equals("LEFT");
  }

  @Override
  public void process(Task task, int side, long ms, byte[] key, byte[] payload) {
    String name = "T|" + Store.text(key);
    if (side != TABLE) {
      meet(task, task.store.get(name), ms, payload);
    } else if (payload == null) {
      task.store.remove(name);
    } else {
      task.store.put(name, payload);
    }
  }

  private void meet(Task task, byte[] found, long ms, byte[] payload) {
    if (found == null && !left) {
      return;
    }
    Object[] row = new Object[width];
    stream.decode(payload, row, 0);
    if (found != null) {
      table.decode(found, row, first);
    }
    rows.emit(task, row, ms);
  }
}
