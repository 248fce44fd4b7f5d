package ksqlflink.operator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import ksqlflink.codec.In;
import ksqlflink.codec.Out;
import ksqlflink.codec.RowCodec;
import ksqlflink.expression.Compiler;
import ksqlflink.expression.Expression;
import ksqlflink.plan.Arguments;
import ksqlflink.plan.Carried;
import ksqlflink.plan.Input;
import ksqlflink.plan.Plan;
import ksqlflink.state.Store;
import ksqlflink.state.Task;
import ksqlflink.type.Column;

/**
 * GROUP BY of a table. A change of a row is first taken out of the group it was in, then put into
 * the one it is in now: two results, even if that is the same group. All rows are in one task,
 * because a row may go from any group to any other.
 */
final class TableAggregate implements Operator {
  private final Group group;
  private final Plan.Predicate where;
  private final Carried carried;
  private final RowCodec keys;
  private final Expression[] by;
  private final RowCodec byCodec;
  private final Arguments arguments;
  private final int width;

  TableAggregate(Plan plan, Output output) {
    this.group = new Group(plan, output);
    this.where = plan.where(plan.slots);
    Input input = plan.inputs.get(0);
    this.carried = new Carried(input, plan.referredTo());
    this.width = input.width();
    this.keys =
        new RowCodec(
            Column.types(Column.listOf(plan.json.get("inputs").get(0).get("key").get("columns"))));
    JsonNode grouping = plan.operation.get("by");
    Compiler compiler = new Compiler(plan.slots);
    List<Expression> compiled = new ArrayList<>();
    grouping.forEach(node -> compiled.add(Compiler.guarded(compiler.compile(node))));
    this.by = compiled.toArray(new Expression[0]);
    this.byCodec = new RowCodec(Input.typesOf(grouping));
    this.arguments = new Arguments(plan);
  }

  /** What a row of the table counts for: its group and its arguments. */
  private record Part(byte[] group, byte[] arguments) {
    static Part of(byte[] stored) {
      if (stored == null) {
        return null;
      }
      In in = new In(stored);
      return new Part(in.readBlock(), in.readBlock());
    }

    byte[] stored() {
      return new Out().writeBlock(group).writeBlock(arguments).toBytes();
    }
  }

  @Override
  public void process(Task task, int side, long ms, byte[] key, byte[] payload) {
    String name = "R|" + Store.text(key);
    Part before = Part.of(task.store.get(name));
    Part now = payload == null ? null : part(key, payload);
    if (before != null) {
      change(task, ms, before, true);
    }
    if (now != null) {
      change(task, ms, now, false);
      task.store.put(name, now.stored());
    } else {
      task.store.remove(name);
    }
  }

  /** Null for a row that WHERE does not hold for, or without a group. */
  private Part part(byte[] key, byte[] payload) {
    Object[] row = new Object[width];
    Object[] keyValues = keys.decode(key);
    System.arraycopy(keyValues, 0, row, 0, keyValues.length);
    carried.decode(payload, row, 0);
    if (!where.test(row)) {
      return null;
    }
    Object[] values = new Object[by.length];
    for (int i = 0; i < by.length; i++) {
      values[i] = by[i].evaluate(row);
    }
    return Arrays.asList(values).contains(null)
        ? null
        : new Part(byCodec.encode(values), arguments.encode(row));
  }

  private void change(Task task, long ms, Part part, boolean undo) {
    String name = "A|" + Store.text(part.group());
    Group.State state = group.decode(task.store.get(name));
    if (undo) {
      group.undo(state, ms, part.arguments());
    } else {
      group.add(state, ms, part.arguments());
    }
    group.emit(part.group(), state, 0, 0, state.time);
    task.store.put(name, group.encode(state));
  }
}
