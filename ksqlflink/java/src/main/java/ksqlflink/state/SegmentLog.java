package ksqlflink.state;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import ksqlflink.codec.In;
import ksqlflink.codec.Out;

/**
 * Which keys have rows in which segment of a window store, so that they can be removed once the
 * segment has gone.
 *
 * <p>Keys are gathered in memory and written in blocks: one write for many rows. After a crash the
 * last, unwritten block of a segment is forgotten, and its rows stay in the store until their key
 * is used again. Nobody sees them: reads are bounded by what a segment may still hold.
 */
public final class SegmentLog {
  private static final int BLOCK = 64;
  private static final int SWEPT = 4;

  private final String name;
  private final Map<Long, Block> open = new HashMap<>();

  /** Keys of one segment that have not been written yet. */
  private static final class Block {
    private final Out keys = new Out();
    private int size;
  }

  SegmentLog(String name) {
    this.name = name;
  }

  /** Notes that `key` has a row in a segment. */
  public void note(Task task, long segment, String key) {
    Block block = open.computeIfAbsent(segment, number -> new Block());
    block.keys.writeText(key);
    if (++block.size == BLOCK) {
      write(task, segment);
    }
  }

  private void write(Task task, long segment) {
    Block full = open.remove(segment);
    String count = count(segment);
    long number = task.number(count, 0);
    if (number == 0) {
      task.list(name).add(segment, new byte[0]);
    }
    task.store.put(block(segment, number), full.keys.toBytes());
    task.set(count, number + 1);
  }

  private String count(long segment) {
    return name + "|" + segment;
  }

  private String block(long segment, long number) {
    return "L" + name + "|" + segment + "|" + number;
  }

  /**
   * Hands some keys of segments before `oldest` to the remover, a few with each call so that
   * nothing has to wait long.
   */
  public void sweep(Task task, long oldest, Remover remover) {
    String done = name + "-swept";
    if (task.number(done, Task.NEVER) >= oldest) {
      return;
    }
    open.keySet().stream()
        .filter(segment -> segment < oldest)
        .toList()
        .forEach(segment -> write(task, segment));
    List<TimeList.Entry> gone = task.list(name).head(oldest - 1, 1);
    if (gone.isEmpty()) {
      task.set(done, oldest);
      return;
    }
    sweepSegment(task, gone.get(0).time(), remover);
  }

  private void sweepSegment(Task task, long segment, Remover remover) {
    String count = count(segment);
    long left = task.number(count, 0);
    byte[] stored = left == 0 ? null : task.store.get(block(segment, left - 1));
    if (stored != null) {
      In in = new In(stored);
      for (int i = 0; i < SWEPT && !in.atEnd(); i++) {
        remover.remove(in.readText());
      }
      if (!in.atEnd()) {
        task.store.put(
            block(segment, left - 1),
            java.util.Arrays.copyOfRange(stored, in.position(), stored.length));
        return;
      }
      task.store.remove(block(segment, left - 1));
    }
    finish(task, segment, count, left - 1);
  }

  private void finish(Task task, long segment, String count, long left) {
    if (left > 0) {
      task.set(count, left);
    } else {
      task.forget(count);
      task.list(name).remove(segment, nothing -> true);
    }
  }

  /** Removes what a key has in segments that have gone. */
  public interface Remover {
    void remove(String key);
  }
}
