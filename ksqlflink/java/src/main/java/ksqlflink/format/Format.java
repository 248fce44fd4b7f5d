package ksqlflink.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import ksqlflink.type.Column;

/** How keys and values lie in Kafka's bytes: KAFKA, JSON, AVRO, DELIMITED or NONE. */
public final class Format {
  /** Reads bytes, never null, into the columns' values. Throws Undecodable. */
  public interface Reader {
    Object[] read(byte[] bytes);
  }

  /** Writes the columns' values; null stands for no key or no value at all. */
  public interface Writer {
    byte[] write(Object[] values);
  }

  /** The format of rows on their way to a client. */
  public static final String ROW = "ROW";

  private Format() {}

  /** The reader of {"format", "columns", ..}; `key` tells that one column alone is not wrapped. */
  public static Reader reader(JsonNode spec, boolean key, Registry registry) {
    List<Column> columns = Column.listOf(spec.get("columns"));
    boolean bare = columns.size() == 1 && (key || !spec.path("wrap").asBoolean(true));
    return switch (name(spec)) {
      case "NONE" -> bytes -> new Object[columns.size()];
      case "KAFKA" -> new KafkaFormat(columns);
      case "JSON" -> new JsonReader(columns, bare);
      case "AVRO" -> new AvroReader(columns, registry, bare);
      case "DELIMITED" -> new DelimitedFormat(columns, delimiter(spec));
      default -> throw new IllegalArgumentException("unknown format: " + name(spec));
    };
  }

  /**
   * The writer of {"format", "schemaId", ..} for these columns; by the {"registered"} schema, where
   * given.
   */
  public static Writer writer(JsonNode spec, List<Column> columns, boolean key) {
    boolean bare = columns.size() == 1 && (key || !spec.path("wrap").asBoolean(true));
    return switch (name(spec)) {
      case "NONE" -> values -> null;
      case "KAFKA" -> new KafkaFormat(columns);
      case "JSON" -> new JsonWriter(columns, bare);
      case "AVRO" -> avroWriter(spec, columns, bare);
      case "DELIMITED" -> new DelimitedFormat(columns, delimiter(spec));
      case ROW -> new RowWriter(columns);
      default -> throw new IllegalArgumentException("unknown format: " + name(spec));
    };
  }

  private static Writer avroWriter(JsonNode spec, List<Column> columns, boolean bare) {
    int id = spec.get("schemaId").intValue();
    String schema = spec.path("registered").textValue();
    return schema == null
        ? new AvroWriter(columns, id, bare)
        : new AvroSchemaWriter(columns, schema, id);
  }

  private static String name(JsonNode spec) {
    return spec.get("format").textValue();
  }

  private static char delimiter(JsonNode spec) {
    String text = spec.path("delimiter").asText(",");
    return switch (text.toUpperCase(Locale.ROOT)) {
      case "TAB" -> '\t';
      case "SPACE" -> ' ';
      case "" -> ',';
      default -> text.charAt(0);
    };
  }
}
