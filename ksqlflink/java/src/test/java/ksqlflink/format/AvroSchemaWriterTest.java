package ksqlflink.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.util.HexFormat;
import java.util.List;
import ksqlflink.type.Column;
import ksqlflink.type.Type;
import org.junit.jupiter.api.Test;

/** Values of a column by a schema that is not the column's own. */
final class AvroSchemaWriterTest {
  private static final String CENTS = "\"logicalType\":\"decimal\",\"precision\":6,\"scale\":2";

  private static byte[] write(Type type, Object value, String schema) {
    String record =
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"V\",\"type\":%s}]}"
            .formatted(schema);
    List<Column> columns = List.of(new Column("V", type));
    return new AvroSchemaWriter(columns, record, 7).write(new Object[] {value});
  }

  /** What is written behind the magic byte and the schema's id, in hexadecimal digits. */
  private static String written(Type type, Object value, String schema) {
    return HexFormat.of().formatHex(write(type, value, schema)).substring(10);
  }

  private static void refused(Type type, Object value, String schema) {
    var refused = assertThrows(IllegalArgumentException.class, () -> write(type, value, schema));
    assertTrue(refused.getMessage().startsWith("the registered schema cannot hold it: "));
  }

  private static Type decimalOf(int precision, int scale) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.putArray("decimal").add(precision).add(scale);
    return Type.of(node);
  }

  private static String optional(String type) {
    return "[\"null\",\"" + type + "\"]";
  }

  private static String fixed(int size, String rest) {
    return "{\"type\":\"fixed\",\"name\":\"F\",\"size\":" + size + rest + "}";
  }

  @Test
  void numbersAreWrittenAsTheSchemaHasThem() {
    assertEquals("020a", written(Type.INTEGER, 5, optional("long")));
    assertEquals("0a", written(Type.BIGINT, 5L, "\"int\""));
    assertEquals("02" + "0000000000001440", written(Type.BIGINT, 5L, optional("double")));
    assertEquals("02" + "0000b040", written(Type.DOUBLE, 5.5, optional("float")));
    assertEquals("04", written(Type.DOUBLE, 2.0, "\"int\""));
  }

  @Test
  void numbersThatLoseDigitsAreRefused() {
    refused(Type.BIGINT, 5_000_000_000L, "\"int\"");
    refused(Type.DOUBLE, 1.5, "\"long\"");
    refused(Type.DOUBLE, Double.NaN, "\"long\"");
    refused(Type.INTEGER, 5, "\"bytes\"");
  }

  @Test
  void aDecimalHasTheScaleOfTheSchema() {
    String cents = "{\"type\":\"bytes\"," + CENTS + "}";
    assertEquals("04" + "01c2", written(decimalOf(4, 1), new BigDecimal("4.5"), cents));
    assertEquals("04" + "01c2", written(decimalOf(9, 4), new BigDecimal("4.5000"), cents));
    assertEquals(
        "fffffe3e", written(decimalOf(4, 1), new BigDecimal("-4.5"), fixed(4, "," + CENTS)));
    refused(decimalOf(9, 4), new BigDecimal("4.5001"), cents);
    refused(decimalOf(9, 1), new BigDecimal("12345.0"), cents);
    refused(decimalOf(4, 1), new BigDecimal("4.5"), "\"bytes\"");
  }

  @Test
  void aFixedIsAsLongAsItsSchemaSays() {
    Type bytes = Type.of(TextNode.valueOf("BYTES"));
    assertEquals("4142", written(bytes, new byte[] {0x41, 0x42}, fixed(2, "")));
    refused(bytes, new byte[] {0x41}, fixed(2, ""));
    refused(bytes, new byte[3], fixed(2, ""));
    refused(bytes, new byte[0], fixed(2, ""));
  }
}
