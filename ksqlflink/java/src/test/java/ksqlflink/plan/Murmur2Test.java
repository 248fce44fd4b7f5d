package ksqlflink.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class Murmur2Test {
  private static final int KEYS = 10_000;
  private static final int LONGEST = 40;

  /** The largest number of partitions tells hashes apart best. */
  @ParameterizedTest
  @ValueSource(ints = {1, 6, Integer.MAX_VALUE})
  void keysArePlacedAsKafkasProducersPlaceThem(int partitions) {
    Random random = new Random(0);
    for (int i = 0; i < KEYS; i++) {
      byte[] key = new byte[i % LONGEST];
      random.nextBytes(key);
      int expected = Utils.toPositive(Utils.murmur2(key)) % partitions;
      assertEquals(expected, Murmur2.partition(key, partitions), () -> "key " + key.length);
    }
  }

  /** Kafka's own test has these hashes, some of them negative. */
  @ParameterizedTest
  @CsvSource({"21, -973932308", "foobar, -790332482", "a-little-bit-long-string, -985981536"})
  void theHashesAreThoseOfKafka(String key, int hash) {
    byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
    assertEquals(hash & 0x7fffffff, Murmur2.partition(bytes, Integer.MAX_VALUE));
  }
}
