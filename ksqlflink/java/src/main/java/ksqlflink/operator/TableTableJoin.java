package ksqlflink.operator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import ksqlflink.codec.In;
import ksqlflink.codec.Out;
import ksqlflink.codec.RowCodec;
import ksqlflink.expression.Compiler;
import ksqlflink.plan.Carried;
import ksqlflink.plan.Input;
import ksqlflink.plan.Plan;
import ksqlflink.plan.Sink;
import ksqlflink.state.Store;
import ksqlflink.state.Task;
import ksqlflink.type.Column;

/**
 * Joins two tables by their primary keys: each change of a side makes the joined row of its key
 * anew, or deletes it.
 */
final class TableTableJoin implements Operator {
  private static final byte[] TOLD = {1};

  private final Output output;
  private final Sink sink;
  private final Plan.Predicate where;
  private final boolean filtered;
  private final Carried[] carried;
  private final int[] first;
  private final int width;
  private final RowCodec keys;

  /** By side: whether a row of it without one of the other side makes a joined row. */
  private final boolean[] outer;

  TableTableJoin(Plan plan, Output output) {
    this.output = output;
    this.sink = new Sink(plan.json, new Compiler(plan.slots));
    this.where = plan.where(plan.slots);
    this.filtered = plan.json.hasNonNull("where");
    Input left = plan.inputs.get(0);
    Input right = plan.inputs.get(1);
    this.carried =
        new Carried[] {new Carried(left, plan.referredTo()), new Carried(right, plan.referredTo())};
    this.first = new int[] {0, left.width()};
    this.width = left.width() + right.width();
    JsonNode key = plan.json.get("inputs").get(0).get("key");
    this.keys = new RowCodec(Column.types(Column.listOf(key.get("columns"))));
    String type = plan.operation.path("type").asText("INNER");
    this.outer =
        new boolean[] {
          type.equals("LEFT") || type.equals("FULL"), type.equals("RIGHT") || type.equals("FULL")
        };
  }

  /** A row of a table and its time. */
  private record Held(long ms, byte[] payload) {
    static Held of(byte[] stored) {
      return stored == null
          ? null
          : new Held(
              new In(stored).readFixed(), Arrays.copyOfRange(stored, Long.BYTES, stored.length));
    }

    byte[] stored() {
      return new Out().writeFixed(ms).write(payload).toBytes();
    }
  }

  @Override
  public void process(Task task, int side, long ms, byte[] key, byte[] payload) {
    String name = side + "|" + Store.text(key);
    boolean known = task.store.get(name) != null;
    if (payload == null) {
      task.store.remove(name);
    } else {
      task.store.put(name, new Held(ms, payload).stored());
    }
    Held other = Held.of(task.store.get(1 - side + "|" + Store.text(key)));
    boolean concerns = other != null || (outer[side] && (known || payload != null));
    if (concerns) {
      join(task, side, ms, key, payload, other);
    }
  }

  private void join(Task task, int side, long ms, byte[] key, byte[] payload, Held other) {
    long time = other == null ? ms : Math.max(ms, other.ms());
    if (payload == null && (other == null || !outer[1 - side])) {
      delete(task, key, time);
      return;
    }
    Object[] row = new Object[width];
    if (payload != null) {
      carried[side].decode(payload, row, first[side]);
    }
    if (other != null) {
      carried[1 - side].decode(other.payload(), row, first[1 - side]);
    }
    if (!where.test(row)) {
      delete(task, key, time);
      return;
    }
    output.emit(sink, sink.key(row), row, time);
    if (filtered) {
      task.store.put(told(key), TOLD);
    }
  }

  /** Deletes a joined row; with WHERE, only one that is out. */
  private void delete(Task task, byte[] key, long ms) {
    if (filtered && task.store.get(told(key)) == null) {
      return;
    }
    Object[] row = new Object[width];
    Object[] values = keys.decode(key);
    for (int start : first) {
      System.arraycopy(values, 0, row, start, values.length);
    }
    output.emit(sink, sink.key(row), null, ms);
    if (filtered) {
      task.store.remove(told(key));
    }
  }

  private static String told(byte[] key) {
    return "P|" + Store.text(key);
  }
}
