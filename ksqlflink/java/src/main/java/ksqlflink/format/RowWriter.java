package ksqlflink.format;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import ksqlflink.type.Column;

/** Writes all columns as one JSON array, as the REST API shows a row: times as text. */
public final class RowWriter implements Format.Writer {
  private static final JsonFactory FACTORY = new JsonFactory();
  private static final JsonFactory ASCII =
      JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  private final List<Column> columns;

  public RowWriter(List<Column> columns) {
    this.columns = columns;
  }

  @Override
  public byte[] write(Object[] values) {
    String text = text(FACTORY, values);
    // Half a surrogate pair has no UTF-8, but it has an escape.
    boolean whole = StandardCharsets.UTF_8.newEncoder().canEncode(text);
    return (whole ? text : text(ASCII, values)).getBytes(StandardCharsets.UTF_8);
  }

  private String text(JsonFactory factory, Object[] values) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = factory.createGenerator(text)) {
      json.writeStartArray();
      for (int i = 0; i < values.length; i++) {
        JsonWriter.write(json, columns.get(i).type(), values[i], true);
      }
      json.writeEndArray();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    return text.toString();
  }
}
