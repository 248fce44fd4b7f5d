package ksqlflink.state;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.flink.table.api.dataview.MapView;

/**
 * Notes random keys in a SegmentLog and sweeps as time goes on: in the end every note in a segment
 * that has gone was handed over exactly once, no other, and nothing is left of it. Exit code 1, and
 * the seed, if not.
 */
final class SegmentLogCheck {
  private static final int ROUNDS = 200;
  private static final int STEPS = 500;
  private static final int WIDTH = 8;

  private final Random random;
  private final MapView<String, byte[]> state = new MapView<>();
  private final Task task = new Task();
  private final SegmentLog log = task.log("rows");

  /**
   * Noted and not handed over yet: how often, by key; a key begins with the number of its segment.
   */
  private final Map<String, Integer> pending = new HashMap<>();

  private final Map<Long, Integer> notes = new TreeMap<>();
  private long oldest;

  private SegmentLogCheck(long seed) {
    random = new Random(seed);
    task.store.use(state);
  }

  public static void main(String[] arguments) {
    for (long seed = 0; seed < ROUNDS; seed++) {
      try {
        new SegmentLogCheck(seed).round();
      } catch (RuntimeException difference) {
        System.err.println("seed " + seed + ": " + difference);
        System.exit(1);
      }
    }
  }

  private void round() {
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
    require(key + " has gone before " + oldest, segment < oldest);
    require(key + " is handed over as often as noted", pending.merge(key, -1, Integer::sum) >= 0);
    notes.merge(segment, -1, Integer::sum);
  }

  /** A sweep takes a few keys at a time, so it takes many until all is done. */
  private void finish() {
    sweepAll();
    notes.forEach(
        (segment, left) ->
            require(left + " notes of " + segment + " are left", segment >= oldest || left == 0));
    oldest += WIDTH;
    sweepAll();
    require(
        "nothing is pending: " + pending, pending.values().stream().allMatch(count -> count == 0));
    require("only a number is left: " + state.getMap().keySet(), state.getMap().size() == 1);
  }

  private void sweepAll() {
    for (int i = 0; i < STEPS * WIDTH; i++) {
      sweep();
    }
  }

  private static void require(String what, boolean holds) {
    if (!holds) {
      throw new IllegalStateException("it does not hold that " + what);
    }
  }
}
