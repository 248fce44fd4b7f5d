package ksqlflink.format;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
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

  /**
   * What is read or written: the columns, whether one alone is not wrapped, and what else the plan
   * says.
   */
  private record Spec(JsonNode json, List<Column> columns, boolean bare) {
    static Spec of(JsonNode json, List<Column> columns, boolean key) {
      boolean bare = columns.size() == 1 && (key || !json.path("wrap").asBoolean(true));
      return new Spec(json, columns, bare);
    }
  }

  private record Kind(BiFunction<Spec, Registry, Reader> reader, Function<Spec, Writer> writer) {}

  /** A further one is a class of its own and an entry here, and serde/formats.py declares it. */
  private static final Map<String, Kind> KINDS =
      Map.of(
          "NONE",
          new Kind(
              (spec, registry) -> bytes -> new Object[spec.columns.size()], spec -> values -> null),
          "KAFKA",
          new Kind(
              (spec, registry) -> new KafkaFormat(spec.columns),
              spec -> new KafkaFormat(spec.columns)),
          "JSON",
          new Kind(
              (spec, registry) -> new JsonReader(spec.columns, spec.bare),
              spec -> new JsonWriter(spec.columns, spec.bare)),
          "AVRO",
          new Kind(
              (spec, registry) -> new AvroReader(spec.columns, registry, spec.bare),
              Format::avroWriter),
          "DELIMITED",
          new Kind(
              (spec, registry) -> new DelimitedFormat(spec.columns, delimiter(spec.json)),
              spec -> new DelimitedFormat(spec.columns, delimiter(spec.json))));

  private Format() {}

  /** The names of the formats that topics may have. */
  public static Set<String> names() {
    return KINDS.keySet();
  }

  /** The reader of {"format", "columns", ..}; `key` tells that one column alone is not wrapped. */
  public static Reader reader(JsonNode json, boolean key, Registry registry) {
    Spec spec = Spec.of(json, Column.listOf(json.get("columns")), key);
    return kind(json).reader.apply(spec, registry);
  }

  /**
   * The writer of {"format", "schemaId", ..} for these columns; by the {"registered"} schema, where
   * given.
   */
  public static Writer writer(JsonNode json, List<Column> columns, boolean key) {
    if (json.get("format").textValue().equals(ROW)) {
      return new RowWriter(columns);
    }
    return kind(json).writer.apply(Spec.of(json, columns, key));
  }

  private static Kind kind(JsonNode json) {
    Kind kind = KINDS.get(json.get("format").textValue());
    if (kind == null) {
      throw new IllegalArgumentException("unknown format: " + json.get("format").textValue());
    }
    return kind;
  }

  private static Writer avroWriter(Spec spec) {
    int id = spec.json.get("schemaId").intValue();
    String schema = spec.json.path("registered").textValue();
    return schema == null
        ? new AvroWriter(spec.columns, id, spec.bare)
        : new AvroSchemaWriter(spec.columns, schema, id);
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
