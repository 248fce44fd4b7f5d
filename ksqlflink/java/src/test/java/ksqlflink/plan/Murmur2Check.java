package ksqlflink.plan;

import java.util.Random;
import org.apache.kafka.common.utils.Utils;

/**
 * Compares Murmur2 with Kafka's own hash on random keys of all lengths. Exit code 1, and the key's
 * number, on a difference.
 */
final class Murmur2Check {
  private static final int KEYS = 10_000;
  private static final int LONGEST = 40;

  private Murmur2Check() {}

  public static void main(String[] arguments) {
    Random random = new Random(0);
    for (int i = 0; i < KEYS; i++) {
      byte[] key = new byte[i % LONGEST];
      random.nextBytes(key);
      // The largest number of partitions tells hashes apart best.
      for (int partitions : new int[] {1, 6, Integer.MAX_VALUE}) {
        int expected = Utils.toPositive(Utils.murmur2(key)) % partitions;
        int found = Murmur2.partition(key, partitions);
        if (found != expected) {
          System.err.printf(
              "key %d of %d partitions: %d, not %d%n", i, partitions, found, expected);
          System.exit(1);
        }
      }
    }
  }
}
