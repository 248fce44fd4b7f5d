package ksqlflink.operator;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import ksqlflink.codec.In;
import ksqlflink.codec.Out;
import ksqlflink.plan.Carried;
import ksqlflink.plan.Input;
import ksqlflink.plan.Plan;
import ksqlflink.state.Segments;
import ksqlflink.state.Store;
import ksqlflink.state.Task;
import ksqlflink.state.TimeList;

/**
 * Joins two streams within a window, as Kafka Streams does: each record meets what the other side
 * holds of its key.
 */
final class StreamJoin implements Operator {
  private final Rows rows;
  private final Carried[] carried;
  private final int[] first;
  private final int width;
  private final long[] before;
  private final long[] after;
  private final boolean[] outer;

  /** Null without GRACE PERIOD: then an unmatched row of an outer join is emitted at once. */
  private final Long grace;

  private final Segments segments;

  private static final long DEFAULT_GRACE_MS = 86_400_000;

  StreamJoin(Plan plan, Output output) {
    JsonNode operation = plan.operation;
    this.rows = Rows.of(plan, output);
    Input left = plan.inputs.get(0);
    Input right = plan.inputs.get(1);
    this.carried =
        new Carried[] {new Carried(left, plan.referredTo()), new Carried(right, plan.referredTo())};
    this.first = new int[] {0, left.width()};
    this.width = left.width() + right.width();
    long earlier = operation.get("before").longValue();
    long later = operation.get("after").longValue();
    // The window is relative to the left record; seen from the right one it is the other way round.
    this.before = new long[] {earlier, later};
    this.after = new long[] {later, earlier};
    String type = operation.path("type").asText("INNER");
    this.outer =
        new boolean[] {
          type.equals("LEFT") || type.equals("FULL"), type.equals("RIGHT") || type.equals("FULL")
        };
    this.grace = operation.hasNonNull("grace") ? operation.get("grace").longValue() : null;
    this.segments = new Segments(earlier + later + (grace == null ? DEFAULT_GRACE_MS : grace));
  }

  @Override
  public void process(Task task, int side, long ms, byte[] key, byte[] payload) {
    String name = Store.text(key);
    remember(task, side, ms, name, payload);
    long streamTime = task.raise("time", ms);
    if (waits() && ms == streamTime) {
      emitUnmatched(task, streamTime);
    }
    boolean matched = meet(task, side, ms, name, payload);
    if (!matched && outer[side]) {
      leaveUnmatched(task, side, ms, name, payload, streamTime);
    }
    sweep(task, 0);
    sweep(task, 1);
  }

  /** Whether unmatched rows wait until their window has closed. */
  private boolean waits() {
    return grace != null && (outer[0] || outer[1]);
  }

  // -- the window stores: rows by key, and a log of which keys have rows in which segment
  // -------------------------

  private static String rowsName(int side, String key) {
    return side + "|" + key;
  }

  private void remember(Task task, int side, long ms, String key, byte[] payload) {
    long oldest = segments.oldest(task.raise("observed" + side, ms));
    if (ms < oldest) {
      return; // Kafka Streams: "expired segment"; the record still meets what is there
    }
    new TimeList(task.store, rowsName(side, key)).add(ms, payload);
    task.log("rows" + side).note(task, segments.of(ms), key);
  }

  /** Forgets some rows of segments that have gone. */
  private void sweep(Task task, int side) {
    long oldest = segments.oldest(task.number("observed" + side, Task.NEVER));
    if (oldest != Task.NEVER) {
      task.log("rows" + side)
          .sweep(
              task,
              segments.of(oldest),
              key -> new TimeList(task.store, rowsName(side, key)).removeBefore(oldest));
    }
  }

  // -- matches
  // ---------------------------------------------------------------------------------------------------

  private boolean meet(Task task, int side, long ms, String key, byte[] payload) {
    int other = 1 - side;
    long oldest = segments.oldest(task.number("observed" + other, Task.NEVER));
    long from = Math.max(Math.max(0, ms - before[side]), oldest);
    List<TimeList.Entry> matches =
        new TimeList(task.store, rowsName(other, key)).range(from, ms + after[side]);
    if (matches.isEmpty()) {
      return false;
    }
    Object[] row = new Object[width];
    carried[side].decode(payload, row, first[side]);
    for (TimeList.Entry match : matches) {
      if (grace != null && outer[other]) {
        byte[] waiting = waiting(other, key, match.payload());
        task.list("unmatched").remove(match.time(), entry -> Arrays.equals(entry, waiting));
      }
      carried[other].decode(match.payload(), row, first[other]);
      rows.emit(task, row, Math.max(ms, match.time()));
    }
    return true;
  }

  // -- outer joins
  // -----------------------------------------------------------------------------------------------

  private static byte[] waiting(int side, String key, byte[] payload) {
    return new Out().write(side).writeBlock(Store.bytes(key)).writeBlock(payload).toBytes();
  }

  private void leaveUnmatched(
      Task task, int side, long ms, String key, byte[] payload, long streamTime) {
    if (grace == null || ms + after[side] < streamTime) {
      emitAlone(task, side, payload, ms);
    } else {
      task.list("unmatched").add(ms, waiting(side, key, payload));
    }
  }

  private void emitUnmatched(Task task, long streamTime) {
    TimeList unmatched = task.list("unmatched");
    long closed = streamTime - grace - Math.min(after[0], after[1]) - 1;
    for (TimeList.Entry entry : unmatched.head(closed, Integer.MAX_VALUE)) {
      In in = new In(entry.payload());
      int side = in.read();
      if (entry.time() + after[side] + grace < streamTime) {
        in.skipBlock();
        emitAlone(task, side, in.readBlock(), entry.time());
        unmatched.remove(entry.time(), other -> Arrays.equals(other, entry.payload()));
      }
    }
  }

  private void emitAlone(Task task, int side, byte[] payload, long ms) {
    Object[] row = new Object[width];
    carried[side].decode(payload, row, first[side]);
    rows.emit(task, row, ms);
  }
}
