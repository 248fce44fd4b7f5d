package ksqlflink.flink;

import ksqlflink.operator.Skips;
import ksqlflink.plan.KafkaRecord;
import ksqlflink.type.Undecodable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs skipped records: the first ones, then every thousandth, so that a bad topic does not fill
 * the disk.
 */
final class Skipped implements Skips {
  private static final Logger LOG = LoggerFactory.getLogger(Skipped.class);
  private static final long FIRST = 10;
  private static final long EVERY = 1000;

  private long count;

  @Override
  public void note(KafkaRecord record, Undecodable reason) {
    count++;
    if (count <= FIRST || count % EVERY == 0) {
      LOG.warn(
          "skipped record {} (partition {}, offset {}): {}",
          count,
          record.partition(),
          record.offset(),
          reason.getMessage());
    }
  }
}
