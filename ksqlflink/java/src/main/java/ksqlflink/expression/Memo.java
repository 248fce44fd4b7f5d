package ksqlflink.expression;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Remembers the results of a costly function, such as compiled patterns; bounded. One thread at a
 * time.
 */
final class Memo<K, V> {
  private static final int LIMIT = 1000;
  private final Map<K, V> known = new HashMap<>();
  private final Function<K, V> compute;

  Memo(Function<K, V> compute) {
    this.compute = compute;
  }

  /** The result for one key. Throws what the function throws. */
  V get(K key) {
    V value = known.get(key);
    if (value == null) {
      value = compute.apply(key);
      if (known.size() >= LIMIT) {
        known.clear();
      }
      known.put(key, value);
    }
    return value;
  }
}
