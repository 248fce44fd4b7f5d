package ksqlflink.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Drives TimeList with random operations beside a plain sorted list. */
final class TimeListTest {
  private static final int ROUNDS = 200;
  private static final int OPERATIONS = 200;

  private Random random;
  private final Map<String, byte[]> state = new HashMap<>();
  private final Store store = new Store();
  private final List<Item> model = new ArrayList<>();
  private int spread;
  private TimeList list;
  private int added;

  /** What an entry is known by: its time and the number it was added with. */
  private record Item(long time, int number) {}

  static LongStream seeds() {
    return LongStream.range(0, ROUNDS);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whatIsDoneAtRandomGoesAsInAModel(long seed) {
    random = new Random(seed);
    // Few different times make long runs of equals, many make leaves that split in the middle.
    spread = 1 << random.nextInt(12);
    store.use(new MapBacking(state, more -> {}));
    list = new TimeList(store, "list");
    for (int i = 0; i < OPERATIONS; i++) {
      step();
      assertEquals(model.isEmpty(), list.isEmpty());
    }
    checkRange(Long.MIN_VALUE, Long.MAX_VALUE);
    list.removeBefore(Long.MAX_VALUE);
    assertEquals(Set.of(), state.keySet());
  }

  private void step() {
    switch (random.nextInt(14)) {
      case 0 -> restart();
      case 1 -> removeSome(time());
      case 2 -> removeBefore(time() - (long) spread * random.nextInt(2));
      case 3, 4 -> checkRange(time(), time());
      case 5 -> checkRange(Long.MIN_VALUE, Long.MAX_VALUE);
      case 6 -> checkHead(time(), 1 + random.nextInt(100));
      case 7 -> removeBefore(random.nextInt(4) == 0 ? Long.MAX_VALUE : time());
      default -> add(1 + random.nextInt(20));
    }
  }

  private long time() {
    return (long) random.nextInt(spread) - spread / 2;
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
    assertTrue(head.size() >= Math.min(limit, all.size()) && head.size() <= all.size());
    same("head to " + to, all.subList(0, head.size()), head);
  }

  private List<Item> range(long from, long to) {
    return model.stream().filter(item -> item.time >= from && item.time <= to).toList();
  }

  private static void same(String what, List<Item> expected, List<TimeList.Entry> entries) {
    List<Item> found =
        entries.stream().map(entry -> new Item(entry.time(), number(entry.payload()))).toList();
    assertEquals(expected, found, what);
  }

  private static int number(byte[] payload) {
    return ByteBuffer.wrap(payload).getInt();
  }
}
