package ksqlflink.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import ksqlflink.expression.Casts;
import ksqlflink.type.Column;
import ksqlflink.type.Type;

/** Writes JSON as ksqlDB does: every column, also those that are null. */
public final class JsonWriter implements Format.Writer {
  private static final JsonFactory FACTORY = new JsonFactory();

  private final List<Column> columns;
  private final boolean bare;

  public JsonWriter(List<Column> columns, boolean bare) {
    this.columns = columns;
    this.bare = bare;
  }

  @Override
  public byte[] write(Object[] values) {
    if ((bare && values[0] == null) || columns.isEmpty()) {
      return null;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      if (bare) {
        write(json, columns.get(0).type(), values[0]);
      } else {
        json.writeStartObject();
        for (int i = 0; i < values.length; i++) {
          json.writeFieldName(columns.get(i).name());
          write(json, columns.get(i).type(), values[i]);
        }
        json.writeEndObject();
      }
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return bytes.toByteArray();
  }

  /** Writes one value; decimals as plain numbers, bytes in base64, times as numbers. */
  public static void write(JsonGenerator json, Type type, Object value) throws IOException {
    write(json, type, value, false);
  }

  /** Writes one value; `shown` tells that times are text, as they are in results. */
  static void write(JsonGenerator json, Type type, Object value, boolean shown) throws IOException {
    if (value == null) {
      json.writeNull();
      return;
    }
    switch (type.kind) {
      case BOOLEAN -> json.writeBoolean((Boolean) value);
      case INTEGER -> json.writeNumber((Integer) value);
      case BIGINT -> json.writeNumber((Long) value);
      case DATE, TIME, TIMESTAMP -> writeTime(json, type, value, shown);
      case DOUBLE -> json.writeNumber((Double) value);
      case DECIMAL -> json.writeNumber(((BigDecimal) value).toPlainString());
      case STRING -> json.writeString((String) value);
      case BYTES -> json.writeBinary((byte[]) value);
      case ARRAY -> writeArray(json, type, (List<?>) value, shown);
      case MAP -> writeMap(json, type, (Map<?, ?>) value, shown);
      case STRUCT -> writeStruct(json, type, (Object[]) value, shown);
    }
  }

  private static void writeTime(JsonGenerator json, Type type, Object value, boolean shown)
      throws IOException {
    if (shown) {
      json.writeString(Casts.text(value, type));
    } else {
      json.writeNumber(((Number) value).longValue());
    }
  }

  private static void writeArray(JsonGenerator json, Type type, List<?> items, boolean shown)
      throws IOException {
    json.writeStartArray();
    for (Object item : items) {
      write(json, type.element, item, shown);
    }
    json.writeEndArray();
  }

  private static void writeMap(JsonGenerator json, Type type, Map<?, ?> entries, boolean shown)
      throws IOException {
    json.writeStartObject();
    for (Map.Entry<?, ?> entry : entries.entrySet()) {
      json.writeFieldName(String.valueOf(entry.getKey()));
      write(json, type.element, entry.getValue(), shown);
    }
    json.writeEndObject();
  }

  private static void writeStruct(JsonGenerator json, Type type, Object[] members, boolean shown)
      throws IOException {
    json.writeStartObject();
    for (int i = 0; i < members.length; i++) {
      json.writeFieldName(type.names[i]);
      write(json, type.members[i], members[i], shown);
    }
    json.writeEndObject();
  }
}
