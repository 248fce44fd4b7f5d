package ksqlflink.flink;

import java.util.Arrays;
import ksqlflink.plan.Murmur2;
import org.apache.flink.connector.kafka.sink.KafkaPartitioner;
import org.apache.flink.table.data.RowData;

/** Places the rows of a windowed table as Kafka Streams does: by the key without its window. */
public abstract class WindowedPartitioner implements KafkaPartitioner<RowData> {
  private static final long serialVersionUID = 1L;

  private final int bounds;

  /** `bounds` is how many bytes of the key say the window. */
  WindowedPartitioner(int bounds) {
    this.bounds = bounds;
  }

  @Override
  public int partition(RowData row, byte[] key, byte[] value, String topic, int[] partitions) {
    if (key == null || key.length < bounds) {
      return partitions[0];
    }
    return partitions[
        Murmur2.partition(Arrays.copyOf(key, key.length - bounds), partitions.length)];
  }

  /** Of tumbling and hopping windows: the start. */
  public static final class Time extends WindowedPartitioner {
    private static final long serialVersionUID = 1L;

    /** Called by Flink. */
    public Time() {
      super(Long.BYTES);
    }
  }

  /** Of sessions: end and start. */
  public static final class Session extends WindowedPartitioner {
    private static final long serialVersionUID = 1L;

    /** Called by Flink. */
    public Session() {
      super(2 * Long.BYTES);
    }
  }
}
