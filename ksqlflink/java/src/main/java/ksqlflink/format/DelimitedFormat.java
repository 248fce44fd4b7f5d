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
  private static final char QUOTE = '"';
  private static final String DOUBLED = "\"\"";

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
        case BOOLEAN -> Boolean.parseBoolean(field);
        case INTEGER, DATE, TIME -> (Object) Integer.parseInt(field);
        case BIGINT, TIMESTAMP -> Long.parseLong(field);
        case DOUBLE -> Double.parseDouble(field);
        case DECIMAL -> JsonReader.decimal(new BigDecimal(field), type);
        case STRING -> field;
        case BYTES -> Base64.getDecoder().decode(field);
        default -> throw new IllegalArgumentException("the DELIMITED format cannot hold " + type);
      };
    } catch (IllegalArgumentException error) {
      throw new Undecodable("'" + field + "' is no " + type);
    }
  }

  private List<String> split(String line) {
    List<String> fields = new ArrayList<>();
    int start = 0;
    while (start < line.length() && isEnd(line.charAt(start))) {
      start++; // empty lines
    }
    if (start == line.length()) {
      throw new Undecodable("it has no fields");
    }
    for (int at = start; at >= 0; ) {
      at = field(line, at, fields);
    }
    return fields;
  }

  /** Adds the field at a position; returns where the next one begins, -1 behind the last. */
  private int field(String line, int start, List<String> fields) {
    if (start < line.length() && line.charAt(start) == QUOTE) {
      return quoted(line, start, fields);
    }
    int end = end(line, start);
    fields.add(line.substring(start, end));
    return next(line, end);
  }

  private int end(String line, int start) {
    int at = start;
    while (at < line.length() && line.charAt(at) != delimiter && !isEnd(line.charAt(at))) {
      at++;
    }
    return at;
  }

  private int next(String line, int end) {
    return end < line.length() && line.charAt(end) == delimiter ? end + 1 : -1;
  }

  private int quoted(String line, int start, List<String> fields) {
    StringBuilder field = new StringBuilder();
    int at = start + 1;
    while (at < line.length() && (line.charAt(at) != QUOTE || line.startsWith(DOUBLED, at))) {
      field.append(line.charAt(at));
      at += line.charAt(at) == QUOTE ? 2 : 1;
    }
    int end = end(line, Math.min(at + 1, line.length()));
    if (at >= line.length() || !line.substring(at + 1, end).isBlank()) {
      throw new Undecodable("a quoted field does not end with its second quote");
    }
    fields.add(field.toString());
    return next(line, end);
  }

  private static boolean isEnd(char c) {
    return c == '\n' || c == '\r';
  }

  @Override
  public byte[] write(Object[] values) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < values.length; i++) {
      line.append(i == 0 ? "" : delimiter);
      line.append(values[i] == null ? "" : field(text(values[i]), i == 0));
    }
    return line.toString().getBytes(StandardCharsets.UTF_8);
  }

  private String field(String text, boolean first) {
    return isPlain(text, first) ? text : QUOTE + text.replace("\"", DOUBLED) + QUOTE;
  }

  private static String text(Object value) {
    if (value instanceof byte[] bytes) {
      return Base64.getEncoder().encodeToString(bytes);
    }
    return value instanceof BigDecimal decimal ? decimal.toPlainString() : value.toString();
  }

  /** Whether a text stands without quotes, as Apache Commons CSV has it for its MINIMAL mode. */
  private boolean isPlain(String text, boolean first) {
    if (text.isEmpty()) {
      return !first;
    }
    char start = text.charAt(0);
    if (first && !isLetterOrDigit(start) || start <= '#' || text.charAt(text.length() - 1) <= ' ') {
      return false;
    }
    return text.chars().noneMatch(c -> c == delimiter || c == QUOTE || isEnd((char) c));
  }

  private static boolean isLetterOrDigit(char c) {
    return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z';
  }
}
