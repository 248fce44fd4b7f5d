package ksqlflink.format;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import ksqlflink.type.Column;
import ksqlflink.type.Type;
import ksqlflink.type.Undecodable;

/**
 * Columns by position in a line of text; a field is quoted where it has to be, an empty one is
 * null.
 */
final class DelimitedFormat implements Format.Reader, Format.Writer {
  private final List<Column> columns;
  private final char delimiter;

  DelimitedFormat(List<Column> columns, char delimiter) {
    this.columns = columns;
    this.delimiter = delimiter;
  }

  @Override
  public Object[] read(byte[] bytes) {
    List<String> fields = split(new String(bytes, StandardCharsets.UTF_8));
    if (fields.size() != columns.size()) {
      throw new Undecodable("it has " + fields.size() + " fields instead of " + columns.size());
    }
    Object[] values = new Object[columns.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(fields.get(i), columns.get(i).type());
    }
    return values;
  }

  private static Object value(String field, Type type) {
    if (field.isEmpty()) {
      return null;
    }
    try {
      return switch (type.kind) {
        case BOOLEAN -> Boolean.parseBoolean(field.trim());
        case INTEGER, DATE, TIME -> (Object) Integer.parseInt(field.trim());
        case BIGINT, TIMESTAMP -> Long.parseLong(field.trim());
        case DOUBLE -> Double.parseDouble(field.trim());
        case DECIMAL -> JsonReader.decimal(new BigDecimal(field.trim()), type);
        case STRING -> field;
        case BYTES -> Base64.getDecoder().decode(field);
        default -> throw new IllegalArgumentException("the DELIMITED format cannot hold " + type);
      };
    } catch (NumberFormatException error) {
      throw new Undecodable("'" + field + "' is no " + type);
    }
  }

  private List<String> split(String line) {
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quoted && c == '"' && i + 1 < line.length() && line.charAt(i + 1) == '"') {
        field.append(line.charAt(++i));
      } else if (c == '"' && (quoted || field.isEmpty())) {
        quoted = !quoted;
      } else if (c == delimiter && !quoted) {
        fields.add(field.toString());
        field.setLength(0);
      } else if (quoted || (c != '\r' && c != '\n')) {
        field.append(c);
      }
    }
    fields.add(field.toString());
    return fields;
  }

  @Override
  public byte[] write(Object[] values) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < values.length; i++) {
      line.append(i == 0 ? "" : delimiter).append(values[i] == null ? "" : text(values[i]));
    }
    return line.toString().getBytes(StandardCharsets.UTF_8);
  }

  private String text(Object value) {
    if (value instanceof byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    }
    String text = value instanceof BigDecimal decimal ? decimal.toPlainString() : value.toString();
    boolean plain =
        text.indexOf(delimiter) < 0
            && text.indexOf('"') < 0
            && text.indexOf('\n') < 0
            && text.indexOf('\r') < 0;
    return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}
