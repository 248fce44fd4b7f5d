package ksqlflink.worker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import ksqlflink.expression.Coercion;
import ksqlflink.expression.Compiler;
import ksqlflink.expression.Expression;
import ksqlflink.format.Format;
import ksqlflink.type.Column;
import ksqlflink.type.Type;

/**
 * write: a record of a source. {"columns", "key", "value"}, the last two being formats, is answered
 * by the bytes of {"key"} and {"value"}. A column is {"name", "type", "key"} and either its
 * {"expr"} or its {"json"}; ROWTIME is answered as {"rowtime"}.
 */
final class Write implements Op {
  private static final String ROWTIME = "ROWTIME";

  @Override
  public void answer(JsonNode request, ObjectNode answer) {
    Side key = new Side();
    Side value = new Side();
    for (JsonNode node : request.get("columns")) {
      Column column = new Column(node.get("name").textValue(), Type.of(node.get("type")));
      Object given = given(node, column);
      if (column.name().equals(ROWTIME)) {
        answer.put("rowtime", (Long) given);
      } else {
        (node.path("key").asBoolean() ? key : value).add(column, given);
      }
    }
    answer.put("key", key.isNull() ? null : key.bytes(request.get("key"), true));
    answer.put("value", value.bytes(request.get("value"), false));
  }

  private static Object given(JsonNode node, Column column) {
    if (node.has("json")) {
      return RowJson.value(node.get("json"), column.type());
    }
    JsonNode expression = node.path("expr");
    if (!expression.hasNonNull("type")) {
      return null;
    }
    return Coercion.coerce(
        evaluated(expression), Type.of(expression.get("type")), column.type(), column.name());
  }

  private static Object evaluated(JsonNode expression) {
    Expression compiled = new Compiler(Map.of()).compile(expression);
    try {
      return compiled.evaluate(new Object[0]);
    } catch (RuntimeException failed) {
      throw new IllegalArgumentException(failed.getMessage(), failed);
    }
  }

  /** The columns of the key or of the value. */
  private static final class Side {
    private final List<Column> columns = new ArrayList<>();
    private final List<Object> values = new ArrayList<>();

    void add(Column column, Object value) {
      columns.add(column);
      values.add(value);
    }

    boolean isNull() {
      return values.stream().allMatch(Objects::isNull);
    }

    byte[] bytes(JsonNode format, boolean key) {
      return columns.isEmpty() ? null : Format.writer(format, columns, key).write(values.toArray());
    }
  }
}
