package ksqlflink.operator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import ksqlflink.state.Segments;
import ksqlflink.state.Store;
import ksqlflink.state.Task;
import ksqlflink.state.TimeList;

/**
 * GROUP BY in tumbling or hopping windows, aligned to the epoch. A window takes records while
 * stream time is before its end and grace. EMIT FINAL tells of a window once, when it has closed,
 * unless its segment has gone by then.
 */
final class WindowAggregate implements Operator {
  private static final long DAY_MS = 86_400_000;
  private static final int SWEPT = 8;

  private final Group group;
  private final long size;
  private final long advance;
  private final long grace;
  private final Segments segments;
  private final boolean last;

  WindowAggregate(Group group, JsonNode window, boolean last) {
    this.group = group;
    this.size = window.get("size").longValue();
    this.advance = window.hasNonNull("advance") ? window.get("advance").longValue() : size;
    this.grace =
        window.hasNonNull("grace") ? window.get("grace").longValue() : Math.max(DAY_MS - size, 0);
    this.segments = new Segments(Math.max(size + grace, window.path("retention").asLong()));
    this.last = last;
  }

  @Override
  public void process(Task task, int side, long ms, byte[] key, byte[] payload) {
    long closed = task.raise("time", ms) - grace;
    for (long start = Math.max(0, ms - size + advance) / advance * advance;
        start <= ms;
        start += advance) {
      if (start + size > closed) {
        update(task, start, ms, key, payload);
      }
    }
    if (last) {
      tell(task, closed);
    } else {
      sweep(task, closed);
    }
  }

  private static String name(byte[] key, long start) {
    return "W|" + start + "|" + Store.text(key);
  }

  private void update(Task task, long start, long ms, byte[] key, byte[] payload) {
    String name = name(key, start);
    byte[] before = task.store.get(name);
    if (before == null) {
      task.list("windows").add(start, key);
      task.raise("observed", start);
    }
    Group.State state = group.decode(before);
    group.add(state, ms, payload);
    if (!last) {
      group.emit(key, state, start, start + size, state.time);
    }
    task.store.put(name, group.encode(state));
  }

  /** Tells of the windows that have closed since the last time. */
  private void tell(Task task, long closed) {
    if (closed - size < 0 || closed <= task.number("closed", Task.NEVER)) {
      return;
    }
    task.set("closed", closed);
    TimeList windows = task.list("windows");
    long oldest = segments.oldest(task.number("observed", Task.NEVER));
    for (TimeList.Entry window : windows.range(0, closed - size)) {
      String name = name(window.payload(), window.time());
      if (window.time() >= oldest) {
        Group.State state = group.decode(task.store.get(name));
        group.emit(window.payload(), state, window.time(), window.time() + size, state.time);
      }
      task.store.remove(name);
    }
    windows.removeBefore(closed - size + 1);
  }

  /**
   * Forgets some windows that take no more records, a few with each record so that none has to wait
   * long.
   */
  private void sweep(Task task, long closed) {
    if (task.number("swept", Task.NEVER) >= closed - size) {
      return;
    }
    TimeList windows = task.list("windows");
    List<TimeList.Entry> gone = windows.head(closed - size, SWEPT);
    if (gone.isEmpty()) {
      task.set("swept", closed - size);
      return;
    }
    for (TimeList.Entry window : gone) {
      task.store.remove(name(window.payload(), window.time()));
    }
    // All of one start at once would be many: those that go share a name with nothing that stays.
    gone.forEach(
        window ->
            windows.remove(window.time(), key -> java.util.Arrays.equals(key, window.payload())));
  }
}
