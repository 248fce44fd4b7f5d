package ksqlflink.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import ksqlflink.type.Column;
import ksqlflink.type.Type;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/**
 * Writes Confluent-framed Avro by a schema that somebody else has registered: fields match without
 * regard to case.
 */
final class AvroSchemaWriter implements Format.Writer {
  private final List<Column> columns;
  private final Schema schema;
  private final int schemaId;

  AvroSchemaWriter(List<Column> columns, String schema, int schemaId) {
    this.columns = columns;
    this.schema = new Schema.Parser().setValidateDefaults(false).parse(schema);
    this.schemaId = schemaId;
  }

  @Override
  public byte[] write(Object[] values) {
    Type[] types = Column.types(columns).toArray(new Type[0]);
    boolean record = branch(schema).getType() == Schema.Type.RECORD;
    if (!record && values[0] == null) {
      return null;
    }
    try {
      Type all = Type.struct(columns.stream().map(Column::name).toArray(String[]::new), types);
      return encoded(record ? generic(values, all, schema) : generic(values[0], types[0], schema));
    } catch (AvroRuntimeException | ClassCastException | NullPointerException refused) {
      throw new IllegalArgumentException(
          "the registered schema cannot hold it: " + refused.getMessage(), refused);
    }
  }

  private byte[] encoded(Object value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    bytes.writeBytes(ByteBuffer.allocate(1 + Integer.BYTES).put((byte) 0).putInt(schemaId).array());
    try {
      BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(bytes, null);
      new GenericDatumWriter<Object>(schema).write(value, encoder);
      encoder.flush();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return bytes.toByteArray();
  }

  /** The schema, or of a union the branch that is not null. */
  private static Schema branch(Schema schema) {
    if (schema.getType() != Schema.Type.UNION) {
      return schema;
    }
    return schema.getTypes().stream()
        .filter(type -> type.getType() != Schema.Type.NULL)
        .findFirst()
        .orElse(schema);
  }

  private static Object generic(Object value, Type type, Schema declared) {
    Schema schema = branch(declared);
    if (value == null) {
      return null;
    }
    return switch (type.kind) {
      case BYTES -> fixedOr(ByteBuffer.wrap((byte[]) value), schema);
      case DECIMAL ->
          fixedOr(ByteBuffer.wrap(((BigDecimal) value).unscaledValue().toByteArray()), schema);
      case STRING ->
          schema.getType() == Schema.Type.ENUM ? new GenericData.EnumSymbol(schema, value) : value;
      case DOUBLE ->
          schema.getType() == Schema.Type.FLOAT ? (Object) ((Double) value).floatValue() : value;
      case ARRAY -> array((List<?>) value, type, schema);
      case MAP -> map((Map<?, ?>) value, type, schema);
      case STRUCT -> record((Object[]) value, type, schema);
      default -> value;
    };
  }

  /** A FIXED is as long as its schema says; numbers are filled up with their sign. */
  private static Object fixedOr(ByteBuffer bytes, Schema schema) {
    if (schema.getType() != Schema.Type.FIXED) {
      return bytes;
    }
    byte[] filled = new byte[schema.getFixedSize()];
    int gap = filled.length - bytes.remaining();
    Arrays.fill(filled, 0, Math.max(gap, 0), (byte) (bytes.get(0) < 0 ? -1 : 0));
    bytes.get(filled, gap, bytes.remaining());
    return new GenericData.Fixed(schema, filled);
  }

  private static List<Object> array(List<?> items, Type type, Schema schema) {
    List<Object> result = new ArrayList<>(items.size());
    items.forEach(item -> result.add(generic(item, type.element, schema.getElementType())));
    return result;
  }

  /** Kafka Connect writes a map as an array of key and value records. */
  private static Object map(Map<?, ?> entries, Type type, Schema schema) {
    if (schema.getType() == Schema.Type.MAP) {
      Map<Object, Object> result = new LinkedHashMap<>();
      entries.forEach(
          (key, value) -> result.put(key, generic(value, type.element, schema.getValueType())));
      return result;
    }
    Schema entry = branch(schema.getElementType());
    List<Object> result = new ArrayList<>(entries.size());
    Type pair = Type.struct(new String[] {"key", "value"}, new Type[] {type.key, type.element});
    entries.forEach((key, value) -> result.add(record(new Object[] {key, value}, pair, entry)));
    return result;
  }

  private static GenericRecord record(Object[] members, Type type, Schema schema) {
    GenericRecord record = new GenericData.Record(schema);
    for (Schema.Field field : schema.getFields()) {
      int at = find(type.names, field.name());
      Object value = at < 0 ? null : generic(members[at], type.members[at], field.schema());
      boolean missing = value == null && field.hasDefaultValue();
      record.put(field.pos(), missing ? GenericData.get().getDefaultValue(field) : value);
    }
    return record;
  }

  private static int find(String[] names, String wanted) {
    List<String> listed = List.of(names);
    int exact = listed.indexOf(wanted);
    if (exact >= 0) {
      return exact;
    }
    return listed.stream()
        .map(name -> name.toUpperCase(Locale.ROOT))
        .toList()
        .indexOf(wanted.toUpperCase(Locale.ROOT));
  }
}
