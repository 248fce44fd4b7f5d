package ksqlflink.operator;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import ksqlflink.codec.In;
import ksqlflink.codec.Out;
import ksqlflink.plan.Backlog;
import ksqlflink.state.Task;

/**
 * Stands before a join of tables and takes what lay in the topics when the query began in the order
 * in which ksqlDB takes it: of the records at the heads of a task's partitions the oldest one,
 * while each partition with more to come has one. Then everything passes as it arrives. What waits
 * is part of the task's state.
 */
final class OldestFirst implements Operator {
  private static final String OVER = "backlog.over";
  private static final String ORIGINS = "backlog.origins";

  private final Backlog backlog;
  private final Operator operator;
  private final Map<Task, Heads> waiting = new HashMap<>();

  OldestFirst(Backlog backlog, Operator operator) {
    this.backlog = backlog;
    this.operator = operator;
  }

  /**
   * Takes a record of an origin; without a key, the news that the backlog of the origin is over.
   */
  @Override
  public void process(Task task, int origin, long ms, byte[] key, byte[] payload) {
    Heads heads = waiting.computeIfAbsent(task, Heads::new);
    if (key == null) {
      heads.end(origin);
    } else if (heads.isOver()) {
      operator.process(task, backlog.side(origin), ms, key, payload);
    } else {
      heads.add(origin, new Waiting(ms, key, payload));
    }
  }

  /** A record that waits. */
  private record Waiting(long ms, byte[] key, byte[] payload) {
    byte[] stored() {
      Out out = new Out().writeFixed(ms).writeBlock(key);
      return (payload == null ? out : out.writeBlock(payload)).toBytes();
    }

    static Waiting of(byte[] stored) {
      In in = new In(stored);
      return new Waiting(in.readFixed(), in.readBlock(), in.atEnd() ? null : in.readBlock());
    }
  }

  /** The first record that waits of each origin, and which origins have more to come. */
  private final class Heads {
    private final Task task;
    private final Set<Integer> awaited;
    private final Map<Integer, Waiting> heads = new HashMap<>();
    private final Comparator<Integer> byTime =
        Comparator.<Integer>comparingLong(origin -> heads.get(origin).ms())
            .thenComparing(Comparator.<Integer>comparingInt(backlog::side).reversed());

    Heads(Task task) {
      this.task = task;
      this.awaited = backlog.awaitedBy(task.number);
      if (task.number(OVER, 0) == 1) {
        awaited.clear();
        return;
      }
      awaited.removeIf(origin -> task.number(ended(origin), 0) == 1);
      for (int origin = 0; origin < task.number(ORIGINS, 0); origin++) {
        load(origin);
      }
    }

    boolean isOver() {
      return awaited.isEmpty();
    }

    void add(int origin, Waiting record) {
      if (heads.putIfAbsent(origin, record) == null && Objects.equals(oldest(), origin)) {
        heads.remove(origin);
        pass(origin, record);
      } else {
        long next = task.number(next(origin), 0);
        task.store.put(stored(origin, next), record.stored());
        task.set(next(origin), next + 1);
        task.raise(ORIGINS, origin + 1);
      }
      release();
    }

    void end(int origin) {
      if (!awaited.remove(origin)) {
        return;
      }
      task.set(ended(origin), 1);
      release();
      if (isOver()) {
        forget();
      }
    }

    private void release() {
      for (Integer origin = oldest(); origin != null; origin = oldest()) {
        long first = task.number(first(origin), 0);
        Waiting record = heads.remove(origin);
        task.store.remove(stored(origin, first));
        task.set(first(origin), first + 1);
        load(origin);
        pass(origin, record);
      }
    }

    private void pass(int origin, Waiting record) {
      operator.process(task, backlog.side(origin), record.ms(), record.key(), record.payload());
    }

    /**
     * The origin whose head is next, tables before streams; none while an older one may still come.
     */
    private Integer oldest() {
      if (!heads.keySet().containsAll(awaited)) {
        return null;
      }
      return heads.keySet().stream().min(byTime).orElse(null);
    }

    private void load(int origin) {
      long first = task.number(first(origin), 0);
      if (first < task.number(next(origin), 0)) {
        heads.put(origin, Waiting.of(task.store.get(stored(origin, first))));
      }
    }

    private void forget() {
      task.set(OVER, 1);
      for (int origin = 0; origin < task.number(ORIGINS, 0); origin++) {
        task.forget(first(origin));
        task.forget(next(origin));
      }
      backlog.awaitedBy(task.number).forEach(origin -> task.forget(ended(origin)));
      task.forget(ORIGINS);
    }
  }

  private static String ended(int origin) {
    return "backlog.ended." + origin;
  }

  private static String first(int origin) {
    return "backlog.first." + origin;
  }

  private static String next(int origin) {
    return "backlog.next." + origin;
  }

  private static String stored(int origin, long number) {
    return "W|" + origin + "|" + number;
  }
}
