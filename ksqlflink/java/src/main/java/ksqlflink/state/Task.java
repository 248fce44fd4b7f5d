package ksqlflink.state;

import java.util.HashMap;
import java.util.Map;
import ksqlflink.codec.In;
import ksqlflink.codec.Out;

/**
 * One task with its store, and the numbers it remembers: read from the store once, written whenever
 * they change.
 */
public final class Task {
  /** Stands for a time that is not known yet. */
  public static final long NEVER = Long.MIN_VALUE;

  public final int number;
  public final Store store;
  private Task behind;
  private final Map<String, Long> numbers = new HashMap<>();
  private final Map<String, TimeList> lists = new HashMap<>();
  private final Map<String, SegmentLog> logs = new HashMap<>();

  public Task() {
    this(0);
  }

  public Task(int number) {
    this(number, new Store());
  }

  private Task(int number, Store store) {
    this.number = number;
    this.store = store;
  }

  /** The task that goes on with the rows of this one; it remembers numbers and lists of its own. */
  public Task behind() {
    if (behind == null) {
      behind = new Task(number, store.part("behind"));
    }
    return behind;
  }

  public long number(String name, long otherwise) {
    Long known = numbers.get(name);
    if (known == null) {
      byte[] stored = store.get("M|" + name);
      known = stored == null ? otherwise : new In(stored).readFixed();
      numbers.put(name, known);
    }
    return known;
  }

  public void set(String name, long value) {
    Long before = numbers.put(name, value);
    if (before == null || before != value) {
      store.put("M|" + name, new Out().writeFixed(value).toBytes());
    }
  }

  public void forget(String name) {
    numbers.remove(name);
    store.remove("M|" + name);
  }

  /** Raises a number to `value` if that is higher; returns what it is then. */
  public long raise(String name, long value) {
    long now = number(name, NEVER);
    if (value > now) {
      set(name, value);
      return value;
    }
    return now;
  }

  /** A list that is always in use; its index is kept in memory. */
  public TimeList list(String name) {
    return lists.computeIfAbsent(name, key -> new TimeList(store, key));
  }

  /** The log of a window store. */
  public SegmentLog log(String name) {
    return logs.computeIfAbsent(name, SegmentLog::new);
  }
}
