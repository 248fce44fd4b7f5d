package ksqlflink.format;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import ksqlflink.type.Column;
import ksqlflink.type.Type;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.AvroTypeException;
import org.apache.avro.Conversions;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
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
  private static final Conversions.DecimalConversion DECIMALS = new Conversions.DecimalConversion();

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
    } catch (AvroRuntimeException
        | ArithmeticException
        | ClassCastException
        | NullPointerException
        | NumberFormatException refused) {
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
      case INTEGER, BIGINT, DOUBLE, DECIMAL, DATE, TIME, TIMESTAMP -> number(value, schema);
      case BYTES -> bytes((byte[]) value, schema);
      case STRING ->
          schema.getType() == Schema.Type.ENUM ? new GenericData.EnumSymbol(schema, value) : value;
      case ARRAY -> array((List<?>) value, type, schema);
      case MAP -> map((Map<?, ?>) value, type, schema);
      case STRUCT -> record((Object[]) value, type, schema);
      default -> value;
    };
  }

  /** A number as the schema has it. Throws ArithmeticException where a digit would be lost. */
  private static Object number(Object value, Schema schema) {
    return switch (schema.getType()) {
      case INT -> decimal(value).intValueExact();
      case LONG -> decimal(value).longValueExact();
      case FLOAT -> ((Number) value).floatValue();
      case DOUBLE -> ((Number) value).doubleValue();
      case BYTES -> DECIMALS.toBytes(decimal(value), schema, scaleOf(schema));
      case FIXED -> DECIMALS.toFixed(decimal(value), schema, scaleOf(schema));
      default -> value;
    };
  }

  private static BigDecimal decimal(Object number) {
    return new BigDecimal(number.toString());
  }

  private static LogicalType scaleOf(Schema schema) {
    if (schema.getLogicalType() instanceof LogicalTypes.Decimal decimal) {
      return decimal;
    }
    throw new AvroTypeException("its " + schema.getType().getName() + " is no number");
  }

  private static Object bytes(byte[] bytes, Schema schema) {
    if (schema.getType() != Schema.Type.FIXED) {
      return ByteBuffer.wrap(bytes);
    }
    if (bytes.length != schema.getFixedSize()) {
      throw new AvroTypeException(
          bytes.length + " bytes instead of " + schema.getFixedSize() + " for " + schema.getName());
    }
    return new GenericData.Fixed(schema, bytes);
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
