package ksqlflink.plan;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What lay in the topics when a query began: the offset of the last record of each partition that
 * has one. An origin is a partition of one of the inputs, as one number.
 */
public final class Backlog {
  private final List<Input> inputs;
  private final int tasks;
  private final Map<Integer, Long> last = new HashMap<>();

  private Backlog(JsonNode plan, List<Input> inputs) {
    this.inputs = inputs;
    this.tasks = plan.path("tasks").asInt(1);
    for (int side = 0; side < inputs.size(); side++) {
      for (Map.Entry<String, JsonNode> entry : plan.at("/inputs/" + side + "/last").properties()) {
        last.put(origin(side, Integer.parseInt(entry.getKey())), entry.getValue().longValue());
      }
    }
  }

  /** Null where all topics were empty, or where their order does not matter. */
  static Backlog of(JsonNode plan, List<Input> inputs) {
    Backlog backlog = new Backlog(plan, inputs);
    return backlog.last.isEmpty() ? null : backlog;
  }

  public int origin(int side, int partition) {
    return partition * inputs.size() + side;
  }

  public int side(int origin) {
    return origin % inputs.size();
  }

  /** Whether nothing of the backlog comes after this record from its partition. */
  public boolean endsWith(int origin, KafkaRecord record) {
    Long offset = last.get(origin);
    return offset != null && record.offset() >= offset;
  }

  /** The tasks that the records of an origin may belong to. */
  public IntStream tasksOf(int origin) {
    if (inputs.get(side(origin)).isRepartitioned()) {
      return IntStream.range(0, tasks);
    }
    return IntStream.of(origin / inputs.size() % tasks);
  }

  /** The origins whose records a task has to see before it takes those that come later. */
  public Set<Integer> awaitedBy(int task) {
    Set<Integer> awaited = new HashSet<>(last.keySet());
    awaited.removeIf(origin -> tasksOf(origin).noneMatch(each -> each == task));
    return awaited;
  }
}
