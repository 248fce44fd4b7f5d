package ksqlflink.state;

/**
 * How Kafka Streams forgets: a window store keeps whole segments of time, and drops one when the
 * store's own highest time has left it behind by the retention.
 */
public final class Segments {
  private static final long SHORTEST_MS = 60_000;

  private final long retention;
  private final long length;

  public Segments(long retention) {
    this.retention = retention;
    this.length = Math.max(retention / 2, SHORTEST_MS);
  }

  /** The number of the segment that holds this time. */
  public long of(long ms) {
    return Math.floorDiv(ms, length);
  }

  /**
   * The oldest time that is still kept by a store that has seen `observed`; everything while it has
   * seen nothing.
   */
  public long oldest(long observed) {
    return observed == Task.NEVER ? Task.NEVER : of(observed - retention) * length;
  }
}
