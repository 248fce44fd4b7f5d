package ksqlflink.format;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import ksqlflink.type.Column;
import ksqlflink.type.Type;
import org.junit.jupiter.api.Test;

/** Rows as the REST API shows them. */
final class RowWriterTest {
  private static final String STRUCT = "{\"struct\": [[\"D\", \"DATE\"]]}";

  private static String shown(String types, Object... values) throws IOException {
    List<Column> columns = new ArrayList<>();
    new ObjectMapper()
        .readTree("[" + types + "]")
        .forEach(type -> columns.add(new Column("C" + columns.size(), Type.of(type))));
    return new String(new RowWriter(columns).write(values), StandardCharsets.UTF_8);
  }

  @Test
  void numbersAreWrittenAsJavaWritesThem() throws IOException {
    String types = "\"INTEGER\", \"BIGINT\", \"DOUBLE\", \"DOUBLE\", \"DOUBLE\"";
    Object[] values = {1, 2L, 1.0, 1.5e-5, Double.NaN};
    assertEquals("[1,2,1.0,1.5E-5,\"NaN\"]", shown(types, values));
    assertEquals(
        "[[1.50,null]]",
        shown(array("{\"decimal\": [9, 2]}"), Arrays.asList(new BigDecimal("1.50"), null)));
  }

  private static String array(String element) {
    return "{\"array\": " + element + "}";
  }

  @Test
  void timesAreTextAtAnyDepth() throws IOException {
    String types = "\"TIMESTAMP\", \"DATE\", \"TIME\", " + array(STRUCT);
    Object[] row = {
      1_709_287_200_001L, 19_783, 36_000_000, Arrays.<Object>asList(new Object[] {1}, null)
    };
    assertEquals(
        "[\"2024-03-01T10:00:00.001\",\"2024-03-01\",\"10:00\",[{\"D\":\"1970-01-02\"},null]]",
        shown(types, row));
  }

  @Test
  void halfASurrogatePairIsEscapedAndAWholeOneIsNot() throws IOException {
    assertEquals("[\"\\uD83D\"]", shown("\"STRING\"", "\ud83d"));
    assertEquals("[\"\ud83d\udc4d\u00e4\"]", shown("\"STRING\"", "\ud83d\udc4d\u00e4"));
  }

  @Test
  void bytesAreBase64AndMapsAreObjects() throws IOException {
    String map = "{\"map\": [\"STRING\", \"TIMESTAMP\"]}";
    assertEquals(
        "[\"AQ==\",{\"a\":\"1970-01-01T00:00:00.000\"}]",
        shown("\"BYTES\", " + map, new byte[] {1}, Map.of("a", 0L)));
  }
}
