package ksqlflink.plan;

/** The hash by which Kafka's producers place keys. */
public final class Murmur2 {
  private static final int SEED = 0x9747b28c;
  private static final int M = 0x5bd1e995;

  private Murmur2() {}

  /** The partition of a key among `partitions`. */
  public static int partition(byte[] key, int partitions) {
    return (hash(key) & 0x7fffffff) % partitions;
  }

  private static int hash(byte[] data) {
    int h = SEED ^ data.length;
    int whole = data.length / 4;
    for (int i = 0; i < whole; i++) {
      h = (h * M) ^ mixed(word(data, i * 4));
    }
    int left = data.length % 4;
    for (int i = left; i > 0; i--) {
      h ^= (data[whole * 4 + i - 1] & 0xff) << (8 * (i - 1));
    }
    h = left > 0 ? h * M : h;
    h = (h ^ (h >>> 13)) * M;
    return h ^ (h >>> 15);
  }

  private static int word(byte[] data, int at) {
    return (data[at] & 0xff)
        | ((data[at + 1] & 0xff) << 8)
        | ((data[at + 2] & 0xff) << 16)
        | ((data[at + 3] & 0xff) << 24);
  }

  private static int mixed(int word) {
    int k = word * M;
    return (k ^ (k >>> 24)) * M;
  }
}
