package ksqlflink.format;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import ksqlflink.type.Column;
import ksqlflink.type.Type;
import ksqlflink.type.Undecodable;

/** Kafka's own serializers: one column, big-endian numbers, UTF-8 text. */
public final class KafkaFormat implements Format.Reader, Format.Writer {
  private final Type type;

  public KafkaFormat(List<Column> columns) {
    this.type = columns.isEmpty() ? null : columns.get(0).type();
  }

  @Override
  public Object[] read(byte[] bytes) {
    return type == null ? new Object[0] : new Object[] {value(bytes)};
  }

  private Object value(byte[] bytes) {
    return switch (type.kind) {
      case STRING -> new String(bytes, StandardCharsets.UTF_8);
      case INTEGER -> sized(bytes, Integer.BYTES).getInt();
      case BIGINT -> sized(bytes, Long.BYTES).getLong();
      case DOUBLE -> sized(bytes, Double.BYTES).getDouble();
      case BYTES -> bytes;
      default -> throw new IllegalArgumentException("the KAFKA format cannot hold " + type);
    };
  }

  private static ByteBuffer sized(byte[] bytes, int size) {
    if (bytes.length != size) {
      throw new Undecodable("it is " + bytes.length + " bytes long instead of " + size);
    }
    return ByteBuffer.wrap(bytes);
  }

  @Override
  public byte[] write(Object[] values) {
    if (type == null || values[0] == null) {
      return null;
    }
    return switch (type.kind) {
      case STRING -> ((String) values[0]).getBytes(StandardCharsets.UTF_8);
      case INTEGER -> ByteBuffer.allocate(Integer.BYTES).putInt((Integer) values[0]).array();
      case BIGINT -> ByteBuffer.allocate(Long.BYTES).putLong((Long) values[0]).array();
      case DOUBLE -> ByteBuffer.allocate(Double.BYTES).putDouble((Double) values[0]).array();
      case BYTES -> (byte[]) values[0];
      default -> throw new IllegalArgumentException("the KAFKA format cannot hold " + type);
    };
  }
}
