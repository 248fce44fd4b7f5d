package ksqlflink.runtime;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs skipped records: the first ones, then every thousandth, so that a bad topic does not fill the disk. */
final class Skipped {
  private static final Logger LOG = LoggerFactory.getLogger(Skipped.class);
  private static final long FIRST = 10;
  private static final long EVERY = 1000;

  private long count;

  void note(int partition, long offset, Undecodable reason) {
    count++;
    if (count <= FIRST || count % EVERY == 0) {
      LOG.warn("skipped record {} (partition {}, offset {}): {}", count, partition, offset, reason.getMessage());
    }
  }
}
