package ksqlflink.state;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.apache.flink.table.api.dataview.MapView;

/**
 * Drives TimeList with random operations beside a plain sorted list. Exit code 1, and the seed, on
 * a difference.
 */
final class TimeListCheck {
  private static final int ROUNDS = 200;
  private static final int OPERATIONS = 200;

  private final Random random;
  private final MapView<String, byte[]> state = new MapView<>();
  private final Store store = new Store();
  private final List<Item> model = new ArrayList<>();
  private final int spread;
  private TimeList list;
  private int added;

  /** What an entry is known by: its time and the number it was added with. */
  private record Item(long time, int number) {}

  private TimeListCheck(long seed) {
    random = new Random(seed);
    // Few different times make long runs of equals, many make leaves that split in the middle.
    spread = 1 << random.nextInt(12);
    store.use(state);
    list = new TimeList(store, "list");
  }

  public static void main(String[] arguments) {
    for (long seed = 0; seed < ROUNDS; seed++) {
      try {
        new TimeListCheck(seed).round();
      } catch (RuntimeException difference) {
        System.err.println("seed " + seed + ": " + difference);
        System.exit(1);
      }
    }
  }

  private void round() {
    for (int i = 0; i < OPERATIONS; i++) {
      step();
      require("isEmpty", model.isEmpty() == list.isEmpty());
    }
    checkRange(Long.MIN_VALUE, Long.MAX_VALUE);
    list.removeBefore(Long.MAX_VALUE);
    require("the store is empty in the end", state.getMap().isEmpty());
  }

  private void step() {
    switch (random.nextInt(14)) {
      case 0 -> restart();
      case 1 -> removeSome(time());
      case 2 -> removeBefore(time() - spread * random.nextInt(2));
      case 3, 4 -> checkRange(time(), time());
      case 5 -> checkRange(Long.MIN_VALUE, Long.MAX_VALUE);
      case 6 -> checkHead(time(), 1 + random.nextInt(100));
      case 7 -> removeBefore(random.nextInt(4) == 0 ? Long.MAX_VALUE : time());
      default -> add(1 + random.nextInt(20));
    }
  }

  private long time() {
    return random.nextInt(spread) - spread / 2;
  }

  /** What is in memory only is gone. */
  private void restart() {
    list = new TimeList(store, "list");
  }

  private void add(int count) {
    boolean inOrder = random.nextBoolean();
    for (int i = 0; i < count; i++) {
      long last = model.isEmpty() ? 0 : model.get(model.size() - 1).time;
      Item item = new Item(inOrder ? last + random.nextInt(2) : time(), added++);
      int place = model.size();
      while (place > 0 && model.get(place - 1).time > item.time) {
        place--;
      }
      model.add(place, item);
      list.add(item.time, ByteBuffer.allocate(Integer.BYTES).putInt(item.number).array());
    }
  }

  private void removeSome(long time) {
    int kept = random.nextInt(3);
    Predicate<Integer> condition = number -> number % 3 != kept;
    model.removeIf(item -> item.time == time && condition.test(item.number));
    list.remove(time, payload -> condition.test(number(payload)));
  }

  private void removeBefore(long time) {
    model.removeIf(item -> item.time < time);
    list.removeBefore(time);
  }

  private void checkRange(long from, long to) {
    same("range " + from + " to " + to, range(from, to), list.range(from, to));
  }

  /** A head is a prefix that is as long as asked for, if there are as many. */
  private void checkHead(long to, int limit) {
    List<Item> all = range(Long.MIN_VALUE, to);
    List<TimeList.Entry> head = list.head(to, limit);
    require(
        "head has enough entries",
        head.size() >= Math.min(limit, all.size()) && head.size() <= all.size());
    same("head to " + to, all.subList(0, head.size()), head);
  }

  private List<Item> range(long from, long to) {
    return model.stream().filter(item -> item.time >= from && item.time <= to).toList();
  }

  private static void same(String what, List<Item> expected, List<TimeList.Entry> entries) {
    List<Item> found =
        entries.stream().map(entry -> new Item(entry.time(), number(entry.payload()))).toList();
    if (!expected.equals(found)) {
      throw new IllegalStateException(what + " is " + found + ", not " + expected);
    }
  }

  private static void require(String what, boolean holds) {
    if (!holds) {
      throw new IllegalStateException("it does not hold that " + what);
    }
  }

  private static int number(byte[] payload) {
    return ByteBuffer.wrap(payload).getInt();
  }
}
