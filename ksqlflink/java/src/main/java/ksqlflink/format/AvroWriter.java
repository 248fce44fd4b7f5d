package ksqlflink.format;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import ksqlflink.codec.Out;
import ksqlflink.type.Column;
import ksqlflink.type.Type;

/**
 * Writes Confluent-framed Avro with the schema that ksqlDB registers: every field is ["null", T], a
 * MAP is an array of key-value records.
 */
final class AvroWriter implements Format.Writer {
  private final List<Column> columns;
  private final int schemaId;
  private final boolean bare;

  AvroWriter(List<Column> columns, int schemaId, boolean bare) {
    this.columns = columns;
    this.schemaId = schemaId;
    this.bare = bare;
  }

  @Override
  public byte[] write(Object[] values) {
    if (columns.isEmpty() || (bare && values[0] == null)) {
      return null;
    }
    Out out = new Out().write(0).writeFixedInt(schemaId);
    if (bare) {
      writeValue(out, columns.get(0).type(), values[0]);
      return out.toBytes();
    }
    for (int i = 0; i < values.length; i++) {
      writeNullable(out, columns.get(i).type(), values[i]);
    }
    return out.toBytes();
  }

  private static void writeNullable(Out out, Type type, Object value) {
    out.writeLong(value == null ? 0 : 1);
    if (value != null) {
      writeValue(out, type, value);
    }
  }

  private static void writeValue(Out out, Type type, Object value) {
    switch (type.kind) {
      case BOOLEAN -> out.write((Boolean) value ? 1 : 0);
      case INTEGER, DATE, TIME -> out.writeLong((Integer) value);
      case BIGINT, TIMESTAMP -> out.writeLong((Long) value);
      case DOUBLE -> out.writeDouble((Double) value);
      case DECIMAL ->
          out.writeBlock(((BigDecimal) value).setScale(type.scale).unscaledValue().toByteArray());
      case STRING -> out.writeText((String) value);
      case BYTES -> out.writeBlock((byte[]) value);
      case ARRAY -> writeArray(out, type, (List<?>) value);
      case MAP -> writeMap(out, type, (Map<?, ?>) value);
      case STRUCT -> writeStruct(out, type, (Object[]) value);
    }
  }

  private static void writeArray(Out out, Type type, List<?> items) {
    if (!items.isEmpty()) {
      out.writeLong(items.size());
      items.forEach(item -> writeNullable(out, type.element, item));
    }
    out.writeLong(0);
  }

  private static void writeMap(Out out, Type type, Map<?, ?> entries) {
    if (!entries.isEmpty()) {
      out.writeLong(entries.size());
      entries.forEach(
          (key, value) -> {
            writeNullable(out, type.key, key);
            writeNullable(out, type.element, value);
          });
    }
    out.writeLong(0);
  }

  private static void writeStruct(Out out, Type type, Object[] members) {
    for (int i = 0; i < members.length; i++) {
      writeNullable(out, type.members[i], members[i]);
    }
  }
}
