package ksqlflink.plan;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import ksqlflink.expression.Compiler;
import ksqlflink.expression.Expression;
import ksqlflink.format.Format;
import ksqlflink.type.Column;
import ksqlflink.type.Type;
import ksqlflink.type.Undecodable;

/**
 * Evaluates SELECT over a row and writes key and value. A row that is shown is all in the value;
 * its key is what a tombstone shows.
 */
public final class Sink {
  private static final Set<String> WINDOW = Set.of("WINDOWSTART", "WINDOWEND");

  private final Expression[] keyExpressions;
  private final Expression[] valueExpressions;
  private final Format.Writer keyWriter;
  private final Format.Writer valueWriter;
  private final String window;
  private Expression timeExpression;
  private EventTime eventTime;

  public Sink(JsonNode plan, Compiler compiler) {
    JsonNode sink = plan.get("sink");
    boolean shown = Format.ROW.equals(sink.get("value").get("format").textValue());
    List<Column> keyColumns = new ArrayList<>();
    List<Column> valueColumns = new ArrayList<>();
    List<Expression> keys = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    for (JsonNode item : plan.get("select")) {
      boolean key = item.path("key").asBoolean();
      Column column = new Column(item.get("name").textValue(), Type.of(item.get("type")));
      Expression expression = Compiler.guarded(compiler.compile(item.get("expr")));
      if (column.name().equals(sink.path("timestamp").path("column").textValue())) {
        timeExpression = expression;
        eventTime = new EventTime(sink.get("timestamp"), column.type());
      }
      if (key || shown) {
        keyColumns.add(column);
        keys.add(key || WINDOW.contains(column.name()) ? expression : row -> null);
      }
      if (!key || shown) {
        valueColumns.add(column);
        values.add(expression);
      }
    }
    this.keyExpressions = keys.toArray(new Expression[0]);
    this.valueExpressions = values.toArray(new Expression[0]);
    this.keyWriter =
        keyColumns.isEmpty() ? nothing -> null : Format.writer(sink.get("key"), keyColumns, true);
    this.valueWriter = Format.writer(sink.get("value"), valueColumns, false);
    this.window = sink.get("key").path("window").textValue();
  }

  public byte[] key(Object[] row) {
    return keyWriter.write(evaluated(keyExpressions, row));
  }

  /**
   * The key of a windowed row: the key, then the window's start (of a session: its end, then its
   * start).
   */
  public byte[] key(Object[] row, long start, long end) {
    byte[] key = key(row);
    if (window == null || key == null) {
      return key;
    }
    if ("SESSION".equals(window)) {
      return ByteBuffer.allocate(key.length + 2 * Long.BYTES)
          .put(key)
          .putLong(end)
          .putLong(start)
          .array();
    }
    return ByteBuffer.allocate(key.length + Long.BYTES).put(key).putLong(start).array();
  }

  /**
   * The record time of a row: one of its columns, if the sink names one. Null where that is no
   * time; a tombstone has no columns.
   */
  public Long time(Object[] row, long ms) {
    if (eventTime == null) {
      return ms;
    }
    try {
      return row == null ? null : (Long) eventTime.of(timeExpression.evaluate(row));
    } catch (Undecodable noTime) {
      return null;
    }
  }

  public byte[] value(Object[] row) {
    return valueWriter.write(evaluated(valueExpressions, row));
  }

  private static Object[] evaluated(Expression[] expressions, Object[] row) {
    Object[] values = new Object[expressions.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = expressions[i].evaluate(row);
    }
    return values;
  }
}
