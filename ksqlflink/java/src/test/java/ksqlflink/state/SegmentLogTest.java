package ksqlflink.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Notes random keys in a SegmentLog and sweeps as time goes on: in the end every note in a segment
 * that has gone was handed over exactly once, no other, and nothing is left of it.
 */
final class SegmentLogTest {
  private static final int ROUNDS = 200;
  private static final int STEPS = 500;
  private static final int WIDTH = 8;

  private Random random;
  private final Map<String, byte[]> state = new HashMap<>();
  private final Task task = new Task();
  private final SegmentLog log = task.log("rows");

  /**
   * Noted and not handed over yet: how often, by key; a key begins with the number of its segment.
   */
  private final Map<String, Integer> pending = new HashMap<>();

  private final Map<Long, Integer> notes = new TreeMap<>();
  private long oldest;

  static LongStream seeds() {
    return LongStream.range(0, ROUNDS);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whatIsDoneAtRandomGoesAsInAModel(long seed) {
    random = new Random(seed);
    task.store.use(new MapBacking(state, more -> {}));
    int keys = 1 + random.nextInt(200);
    int notesPerStep = 1 + random.nextInt(4);
    for (int i = 0; i < STEPS; i++) {
      for (int j = random.nextInt(notesPerStep); j >= 0; j--) {
        note(oldest + random.nextInt(WIDTH), random.nextInt(keys));
      }
      oldest += random.nextInt(20) == 0 ? random.nextInt(WIDTH) : 0;
      sweep();
    }
    finish();
  }

  private void note(long segment, int key) {
    String name = segment + "|key\u00ff" + key;
    pending.merge(name, 1, Integer::sum);
    notes.merge(segment, 1, Integer::sum);
    log.note(task, segment, name);
  }

  private void sweep() {
    log.sweep(task, oldest, this::handed);
  }

  private void handed(String key) {
    long segment = Long.parseLong(key.substring(0, key.indexOf('|')));
    assertTrue(segment < oldest, () -> key + " has not gone before " + oldest);
    int left = pending.merge(key, -1, Integer::sum);
    assertTrue(left >= 0, () -> key + " is handed over more often than noted");
    notes.merge(segment, -1, Integer::sum);
  }

  /** A sweep takes a few keys at a time, so it takes many until all is done. */
  private void finish() {
    sweepAll();
    notes.forEach(
        (segment, left) ->
            assertTrue(
                segment >= oldest || left == 0, left + " notes of " + segment + " are left"));
    oldest += WIDTH;
    sweepAll();
    assertEquals(Set.of(0), Set.copyOf(pending.values()));
    assertEquals(Set.of("M|rows-swept"), state.keySet());
  }

  private void sweepAll() {
    for (int i = 0; i < STEPS * WIDTH; i++) {
      sweep();
    }
  }
}
