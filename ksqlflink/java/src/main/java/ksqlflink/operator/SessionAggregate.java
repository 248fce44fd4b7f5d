package ksqlflink.operator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import ksqlflink.codec.In;
import ksqlflink.codec.Out;
import ksqlflink.state.Store;
import ksqlflink.state.Task;
import ksqlflink.state.TimeList;

/** GROUP BY in session windows: a record merges the sessions that it lies within the gap of. */
final class SessionAggregate implements Operator {
  private static final long DAY_MS = 86_400_000;

  private final Group group;
  private final long gap;
  private final long grace;
  private final boolean last;

  /** A session of one group: both times are of records. */
  private record Session(long start, long end, Group.State state) {}

  SessionAggregate(Group group, JsonNode window, boolean last) {
    this.group = group;
    this.gap = window.get("gap").longValue();
    this.grace =
        window.hasNonNull("grace") ? window.get("grace").longValue() : Math.max(DAY_MS - gap, 0);
    this.last = last;
  }

  @Override
  public void process(Task task, int side, long ms, byte[] key, byte[] payload) {
    long closed = task.raise("time", ms) - grace - gap;
    String name = "A|" + Store.text(key);
    List<Session> sessions = decode(task.store.get(name));
    List<Session> near = new ArrayList<>();
    sessions.stream()
        .filter(each -> each.end >= ms - gap && each.start <= ms + gap)
        .forEach(near::add);
    Session merged = merged(ms, near);
    if (merged.end >= closed) {
      replace(task, key, sessions, near, merged, ms, payload);
      sessions.removeIf(each -> !last && each.end < closed);
      save(task, name, sessions);
    }
    if (last) {
      tell(task, closed);
    }
  }

  private Session merged(long ms, List<Session> near) {
    Group.State state = group.empty();
    long start = ms;
    long end = ms;
    for (Session each : near) {
      group.merge(state, each.state);
      start = Math.min(start, each.start);
      end = Math.max(end, each.end);
    }
    return new Session(start, end, state);
  }

  private void replace(
      Task task,
      byte[] key,
      List<Session> sessions,
      List<Session> near,
      Session merged,
      long ms,
      byte[] payload) {
    for (Session old : near) {
      sessions.remove(old);
      if (last) {
        task.list("sessions")
            .remove(old.end, each -> java.util.Arrays.equals(each, entry(old.start, key)));
      } else if (merged.start != ms || merged.end != ms) {
        group.delete(key, old.state, old.start, old.end, old.end);
      }
    }
    group.add(merged.state, ms, payload);
    if (last) {
      task.list("sessions").add(merged.end, entry(merged.start, key));
    } else {
      group.emit(key, merged.state, merged.start, merged.end, merged.end);
    }
    sessions.add(merged);
    sessions.sort(java.util.Comparator.comparingLong(Session::start));
  }

  private static byte[] entry(long start, byte[] key) {
    return new Out().writeFixed(start).write(key).toBytes();
  }

  /** EMIT FINAL: tells of the sessions that have closed. */
  private void tell(Task task, long closed) {
    TimeList ends = task.list("sessions");
    for (TimeList.Entry each : ends.head(closed - 1, Integer.MAX_VALUE)) {
      long start = new In(each.payload()).readFixed();
      byte[] key = java.util.Arrays.copyOfRange(each.payload(), Long.BYTES, each.payload().length);
      String name = "A|" + Store.text(key);
      List<Session> sessions = decode(task.store.get(name));
      sessions.stream()
          .filter(session -> session.start == start && session.end == each.time())
          .forEach(session -> group.emit(key, session.state, start, session.end, session.end));
      sessions.removeIf(session -> session.start == start && session.end == each.time());
      save(task, name, sessions);
    }
    ends.removeBefore(closed);
  }

  private List<Session> decode(byte[] bytes) {
    List<Session> sessions = new ArrayList<>();
    if (bytes == null) {
      return sessions;
    }
    In in = new In(bytes);
    while (!in.atEnd()) {
      long start = in.readLong();
      long end = in.readLong();
      sessions.add(new Session(start, end, group.decode(in.readBlock())));
    }
    return sessions;
  }

  private void save(Task task, String name, List<Session> sessions) {
    if (sessions.isEmpty()) {
      task.store.remove(name);
      return;
    }
    Out out = new Out();
    sessions.forEach(
        each -> out.writeLong(each.start).writeLong(each.end).writeBlock(group.encode(each.state)));
    task.store.put(name, out.toBytes());
  }
}
