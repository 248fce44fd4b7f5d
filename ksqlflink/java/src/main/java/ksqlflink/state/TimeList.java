package ksqlflink.state;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import ksqlflink.codec.In;
import ksqlflink.codec.Out;

/**
 * Entries sorted by time, in order of arrival among equals, kept in a store: a leaf while there are
 * few, else leaves under an index. However long it gets, adding an entry rewrites one leaf.
 */
public final class TimeList {
  /** An entry; `time` in epoch milliseconds. */
  public record Entry(long time, byte[] payload) {}

  private static final int MOST = 32;

  private final Store store;
  private final String name;
  private Index index;

  /**
   * What is stored under the bare name while that is the only leaf: it has been read to find the
   * index.
   */
  private byte[] only;

  /**
   * The smallest time that a leaf may hold, and the number in its name; the leaf of a short list
   * has number 0.
   */
  private static final class Index {
    long[] from = {Long.MIN_VALUE};
    int[] leaf = {0};
    int next = 1;

    /** The last leaf that may hold entries of this time. */
    int last(long time) {
      int at = from.length - 1;
      while (at > 0 && from[at] > time) {
        at--;
      }
      return at;
    }

    /** The first leaf that may hold entries of this time. */
    int first(long time) {
      int at = last(time);
      while (at > 0 && from[at] == time) {
        at--;
      }
      return at;
    }

    void insert(int at, long time) {
      from = Arrays.copyOf(from, from.length + 1);
      leaf = Arrays.copyOf(leaf, leaf.length + 1);
      System.arraycopy(from, at, from, at + 1, from.length - at - 1);
      System.arraycopy(leaf, at, leaf, at + 1, leaf.length - at - 1);
      from[at] = time;
      leaf[at] = next++;
    }

    void remove(int at) {
      long lowest = from[0];
      System.arraycopy(from, at + 1, from, at, from.length - at - 1);
      System.arraycopy(leaf, at + 1, leaf, at, leaf.length - at - 1);
      from = Arrays.copyOf(from, from.length - 1);
      leaf = Arrays.copyOf(leaf, leaf.length - 1);
      from[0] = lowest;
    }
  }

  public TimeList(Store store, String name) {
    this.store = store;
    this.name = name;
  }

  /** Adds an entry behind those of the same time. */
  public void add(long time, byte[] payload) {
    Index where = index();
    int at = where.last(time);
    List<Entry> entries = read(where.leaf[at]);
    int place = entries.size();
    while (place > 0 && entries.get(place - 1).time > time) {
      place--;
    }
    entries.add(place, new Entry(time, payload));
    if (entries.size() <= MOST) {
      write(where.leaf[at], entries);
    } else {
      split(where, at, entries);
    }
  }

  private void split(Index where, int at, List<Entry> entries) {
    // Entries mostly come in order: then the older leaf stays full.
    int middle = at == where.from.length - 1 ? MOST - 1 : entries.size() / 2;
    if (where.leaf[at] == 0) {
      where.leaf[at] = where.next++;
      only = null;
    }
    where.insert(at + 1, entries.get(middle).time);
    write(where.leaf[at], entries.subList(0, middle));
    write(where.leaf[at + 1], entries.subList(middle, entries.size()));
    writeIndex();
  }

  /** The entries of from <= time <= to, in order. */
  public List<Entry> range(long from, long to) {
    Index where = index();
    List<Entry> found = new ArrayList<>();
    for (int at = where.first(from);
        at < where.from.length && (at == 0 || where.from[at] <= to);
        at++) {
      for (Entry entry : read(where.leaf[at])) {
        if (entry.time >= from && entry.time <= to) {
          found.add(entry);
        }
      }
    }
    return found;
  }

  /** The first entries up to that time, at most about `limit` of them. */
  public List<Entry> head(long to, int limit) {
    Index where = index();
    List<Entry> found = new ArrayList<>();
    for (int at = 0; at < where.from.length && found.size() < limit; at++) {
      List<Entry> entries = read(where.leaf[at]);
      for (Entry entry : entries) {
        if (entry.time > to) {
          return found;
        }
        found.add(entry);
      }
    }
    return found;
  }

  /** Removes the entries of exactly that time that the condition holds for. */
  public void remove(long time, Predicate<byte[]> condition) {
    Index where = index();
    for (int at = where.last(time); at >= where.first(time) && at >= 0; at--) {
      List<Entry> entries = read(where.leaf[at]);
      if (entries.removeIf(entry -> entry.time == time && condition.test(entry.payload))) {
        replace(where, at, entries);
      }
    }
  }

  /** Removes everything before that time. */
  public void removeBefore(long time) {
    Index where = index();
    while (where.from.length > 1 && where.from[1] <= time && noneSince(where, time)) {
      replace(where, 0, List.of());
    }
    List<Entry> entries = read(where.leaf[0]);
    if (entries.removeIf(entry -> entry.time < time)) {
      replace(where, 0, entries);
    }
  }

  private boolean noneSince(Index where, long time) {
    return read(where.leaf[0]).stream().allMatch(entry -> entry.time < time);
  }

  boolean isEmpty() {
    Index where = index();
    return where.from.length == 1 && read(where.leaf[0]).isEmpty();
  }

  private void replace(Index where, int at, List<Entry> entries) {
    write(where.leaf[at], entries);
    if (!entries.isEmpty() || where.leaf[at] == 0) {
      return;
    }
    if (where.from.length == 1) {
      index = new Index();
      store.remove(name);
    } else {
      where.remove(at);
      writeIndex();
    }
  }

  // -- in the store: an index exists only while there is more than the leaf 0
  // ----------------------------------

  private String leafName(int number) {
    return number == 0 ? name : name + "#" + number;
  }

  private Index index() {
    if (index == null) {
      index = readIndex();
    }
    return index;
  }

  private Index readIndex() {
    Index read = new Index();
    byte[] stored = store.get(name);
    if (stored == null || stored[0] == 0) {
      only = stored;
      return read;
    }
    In in = new In(stored, 1);
    int size = in.readInt();
    read.next = in.readInt();
    read.from = new long[size];
    read.leaf = new int[size];
    for (int i = 0; i < size; i++) {
      read.from[i] = in.readLong();
      read.leaf[i] = in.readInt();
    }
    return read;
  }

  private void writeIndex() {
    Out out = new Out().write(1).writeLong(index.from.length).writeLong(index.next);
    for (int i = 0; i < index.from.length; i++) {
      out.writeLong(index.from[i]).writeLong(index.leaf[i]);
    }
    store.put(name, out.toBytes());
  }

  private List<Entry> read(int leaf) {
    List<Entry> entries = new ArrayList<>();
    byte[] stored = leaf == 0 ? only : store.get(leafName(leaf));
    if (stored == null) {
      return entries;
    }
    In in = new In(stored, 1);
    while (!in.atEnd()) {
      long time = in.readLong();
      entries.add(new Entry(time, in.readBlock()));
    }
    return entries;
  }

  private void write(int leaf, List<Entry> entries) {
    byte[] bytes = entries.isEmpty() ? null : encoded(entries);
    if (leaf == 0) {
      only = bytes;
    }
    if (bytes == null) {
      store.remove(leafName(leaf));
    } else {
      store.put(leafName(leaf), bytes);
    }
  }

  private static byte[] encoded(List<Entry> entries) {
    Out out = new Out().write(0);
    entries.forEach(entry -> out.writeLong(entry.time).writeBlock(entry.payload));
    return out.toBytes();
  }
}
