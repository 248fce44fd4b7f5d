package ksqlflink.operator;

import com.fasterxml.jackson.databind.JsonNode;
import ksqlflink.plan.Plan;
import ksqlflink.state.Store;
import ksqlflink.state.Task;

/** GROUP BY without a window: one state a group, told of with every change. */
final class Aggregate implements Operator {
  private final Group group;

  private Aggregate(Group group) {
    this.group = group;
  }

  static Operator of(Plan plan, Output output) {
    Group group = new Group(plan, output);
    JsonNode window = plan.operation.get("window");
    if (window == null || window.isNull()) {
      return new Aggregate(group);
    }
    boolean last = plan.operation.path("final").asBoolean();
    return window.get("type").textValue().equals("SESSION")
        ? new SessionAggregate(group, window, last)
        : new WindowAggregate(group, window, last);
  }

  @Override
  public void process(Task task, int side, long ms, byte[] key, byte[] payload) {
    String name = "A|" + Store.text(key);
    Group.State state = group.decode(task.store.get(name));
    group.add(state, ms, payload);
    group.emit(key, state, 0, 0, state.time);
    task.store.put(name, group.encode(state));
  }
}
